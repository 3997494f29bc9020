//! AIR MILES' offers. With a machine-to-machine token the collector is named in `Collector-Number`, and the client in
//! `x-origin-client` (developer.airmiles.ca, apis/offer-service/examples/m2m); the offers themselves are made up.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::gateway;
use crate::wire::answer::Answer;

/// The offers, each with its region.
const OFFERS: [(&str, &str, &str); 3] = [
    ("offer-1", "ON", "10 Bonus Miles on coffee"),
    ("offer-2", "ON", "25 Bonus Miles on fuel"),
    ("offer-3", "BC", "5 Bonus Miles on bread"),
];

/// The state of each offer for each collector.
#[derive(Default)]
pub(crate) struct Offers(Mutex<BTreeMap<(String, String), String>>);

impl Offers {
    /// `GET /offers`, `GET /offers/{id}`, `PUT /offers/{id}/state`.
    pub(crate) fn answer(
        &self,
        method: &Method,
        path: &[&str],
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Answer, Answer> {
        if headers.get("x-origin-client").is_none() {
            return Err(error(StatusCode::BAD_REQUEST, "ORIGIN_CLIENT_MISSING", "x-origin-client is missing"));
        }
        match (method, path) {
            (&Method::GET, []) => {
                let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
                let region = query.into_iter().find(|(name, _)| name == "region").map(|(_, value)| value.into_owned());
                let wanted = OFFERS.iter().filter(|(_, of, _)| region.as_deref().is_none_or(|region| region == *of));
                let collector = collector(headers).ok();
                let all: Vec<Value> = wanted.map(|offer| self.shown(offer, collector.as_deref())).collect();
                Ok(Answer::json(StatusCode::OK, &json!({ "offers": all })))
            }
            (&Method::GET, [id]) => {
                let collector = collector(headers).ok();
                Ok(Answer::json(StatusCode::OK, &self.shown(find(id)?, collector.as_deref())))
            }
            (&Method::PUT, [id, "state"]) => {
                let (collector, (id, ..)) = (collector(headers)?, find(id)?);
                let state = serde_json::from_slice::<Value>(body).ok();
                let state =
                    state.as_ref().and_then(|body| body["state"].as_str()).filter(|s| ["ADDED", "REMOVED"].contains(s));
                let state = state
                    .ok_or_else(|| error(StatusCode::BAD_REQUEST, "STATE_INVALID", "state is ADDED or REMOVED"))?;
                let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                states.insert((collector, (*id).to_owned()), state.to_owned());
                Ok(Answer::json(StatusCode::OK, &json!({ "id": id, "state": state })))
            }
            _ => Err(gateway::not_found()),
        }
    }

    fn shown(&self, (id, region, title): &(&str, &str, &str), collector: Option<&str>) -> Value {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = collector.and_then(|number| states.get(&(number.to_owned(), (*id).to_owned())));
        json!({ "id": id, "region": region, "title": title, "state": state.map_or("AVAILABLE", String::as_str) })
    }
}

fn find(id: &str) -> Result<&'static (&'static str, &'static str, &'static str), Answer> {
    OFFERS.iter().find(|(known, ..)| *known == id).ok_or_else(gateway::not_found)
}

/// The collector's number: eleven digits.
pub(super) fn collector(headers: &HeaderMap) -> Result<String, Answer> {
    let number = headers.get("collector-number").and_then(|value| value.to_str().ok());
    let number = number.filter(|number| number.len() == 11 && number.bytes().all(|byte| byte.is_ascii_digit()));
    number.map(str::to_owned).ok_or_else(|| {
        error(StatusCode::BAD_REQUEST, "COLLECTOR_NUMBER_MISSING", "Collector-Number is missing or not a number")
    })
}

/// An error of the service.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "code": code, "message": message }))
}
