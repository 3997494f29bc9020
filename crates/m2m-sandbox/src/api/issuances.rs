//! AIR MILES' issuances: miles for a collector, with a key by which a repetition is recognized (developer.airmiles.ca,
//! apis/am-issuance/api-library). The members of the body are a stand-in.

use std::sync::{Mutex, PoisonError};

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::gateway;
use super::offers::{collector, error};
use crate::wire::answer::Answer;

/// All issuances of this run.
#[derive(Default)]
pub(crate) struct Issuances(Mutex<Vec<Issuance>>);

struct Issuance {
    key: Option<String>,
    body: Bytes,
    shown: Value,
}

impl Issuances {
    /// `POST /issuances`, and `GET /issuances` for those who count.
    pub(crate) fn answer(&self, method: &Method, headers: &HeaderMap, body: &Bytes) -> Result<Answer, Answer> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *method {
            Method::GET => {
                let shown: Vec<&Value> = all.iter().map(|issuance| &issuance.shown).collect();
                Ok(Answer::json(StatusCode::OK, &shown))
            }
            Method::POST => {
                collector(headers)?;
                let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
                if let Some(known) = all.iter().find(|issuance| key.is_some() && issuance.key == key) {
                    if known.body != *body {
                        let message = "the idempotency key belongs to another request";
                        return Err(error(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED", message));
                    }
                    return Ok(Answer::json(StatusCode::CREATED, &known.shown));
                }
                let asked = serde_json::from_slice::<Value>(body).ok();
                let miles = asked.as_ref().and_then(|body| body["miles"].as_u64()).filter(|miles| *miles > 0);
                let Some(miles) = miles else {
                    return Err(error(StatusCode::BAD_REQUEST, "MILES_INVALID", "miles is a number above zero"));
                };
                let shown = json!({ "id": format!("issuance-{}", all.len() + 1), "miles": miles, "status": "ISSUED" });
                all.push(Issuance { key, body: body.clone(), shown: shown.clone() });
                Ok(Answer::json(StatusCode::CREATED, &shown))
            }
            _ => Err(gateway::not_found()),
        }
    }
}
