//! CloudLoyalty's orders: a debit in two steps, and refunds. LTM's pages describe the flow (purchase/external.md) and the refund
//! (reversal/request.md); the paths and members of the debit are on a portal behind a login, so those here are stand-ins.

use std::sync::Mutex;
use std::sync::PoisonError;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::gateway;
use super::participants::{self, Service};
use crate::wire::answer::Answer;

/// All orders of this run.
#[derive(Default)]
pub(crate) struct Orders(Mutex<Vec<Order>>);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: u64,
    participant_id: u64,
    points: u64,
    status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Authorized,
    Confirmed,
    Canceled,
    Reversed,
}

#[derive(Deserialize)]
struct Authorize {
    payment: Payment,
}

#[derive(Deserialize)]
struct Payment {
    points: u64,
}

impl Orders {
    /// `GET /v1/orders`, `POST /v1/orders/authorize`, and `POST /v1/orders/{id}/confirm` or `/cancel`.
    pub(crate) fn answer(
        &self,
        method: &Method,
        path: &[&str],
        service: &Service,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Answer, Answer> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (method, path) {
            (&Method::GET, []) => Ok(Answer::json(StatusCode::OK, &*orders)),
            (&Method::POST, ["authorize"]) => {
                let participant = service.impersonated(headers)?;
                let asked: Authorize = serde_json::from_slice(body).map_err(|_| missing_parameters())?;
                let points = asked.payment.points;
                if points > participant.balance() {
                    return Err(not_enough_points());
                }
                let id = 1001 + orders.len() as u64;
                let order = Order { id, participant_id: participant.id, points, status: Status::Authorized };
                orders.push(order.clone());
                Ok(Answer::json(StatusCode::OK, &order))
            }
            (&Method::POST, [id, step @ ("confirm" | "cancel")]) => {
                service.impersonated(headers)?;
                let order = find(&mut orders, id)?;
                let status = if *step == "confirm" { Status::Confirmed } else { Status::Canceled };
                if order.status != Status::Authorized && order.status != status {
                    return Err(not_completed());
                }
                order.status = status;
                Ok(Answer::json(StatusCode::OK, order))
            }
            _ => Err(gateway::not_found()),
        }
    }

    /// `POST /order-api/v3/orders/{id}/reversal/external`. The real one takes a token of another identity server (Entra).
    pub(crate) fn reverse(&self, id: &str, body: &Bytes) -> Result<Answer, Answer> {
        let whole =
            serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|body| body.get("refundMotiveId").is_some());
        if !whole {
            return Err(missing_parameters());
        }
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let order = find(&mut orders, id)?;
        if order.status != Status::Confirmed {
            return Err(not_completed());
        }
        order.status = Status::Reversed;
        Ok(Answer::json(StatusCode::OK, &json!({ "orderId": order.id, "status": order.status })))
    }
}

fn find<'o>(orders: &'o mut [Order], id: &str) -> Result<&'o mut Order, Answer> {
    let id = id.parse::<u64>().ok();
    orders.iter_mut().find(|order| Some(order.id) == id).ok_or_else(gateway::not_found)
}

pub(crate) fn not_enough_points() -> Answer {
    participants::advised_error(
        "332",
        "Você não tem pontos suficientes para fazer esse resgate.",
        "Verifique o seu saldo de pontos e ajuste o valor desejado.",
    )
}

fn not_completed() -> Answer {
    participants::error(
        StatusCode::UNPROCESSABLE_ENTITY,
        "97",
        "Não foi possível finalizar seu pedido. Tente novamente.",
    )
}

fn missing_parameters() -> Answer {
    participants::error(StatusCode::BAD_REQUEST, "312", "Uma tentativa de resgate com parametros nulos foi efetuada.")
}
