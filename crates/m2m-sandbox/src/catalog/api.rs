//! The table of faults of the API.

use hyper::header::RETRY_AFTER;
use hyper::{StatusCode, Uri};
use url::form_urlencoded;

use super::broken;
use crate::accounts::LOOKUP_SCOPE;
use crate::api::ApiEffect::{self, After, Instead};
use crate::api::{gateway, orders, participants};
use crate::fault::Fault;
use crate::wire::answer::Answer;

type ApiFault = Fault<ApiEffect>;

/// Ordered by what they break: the gateway, the connection to it, the service behind it.
#[rustfmt::skip] // a table: one line per fault
pub(super) static FAULTS: &[ApiFault] = &[
    ApiFault::new("401-key", "the subscription key is refused", Instead(|_| gateway::wrong_subscription_key())),
    ApiFault::new("401-token", "the token is refused", Instead(|_| gateway::invalid_token())),
    ApiFault::new("403-scope", "the token lacks a scope", Instead(|_| gateway::insufficient_scope(LOOKUP_SCOPE))),
    ApiFault::new("403-quota", "out of call volume quota, with Retry-After", Instead(|_| quota())),
    ApiFault::new("404-gateway", "the gateway has no such route", Instead(|_| gateway::not_found())),
    ApiFault::new("429", "rate limit, Retry-After: 1", Instead(|_| rate_limit())),
    ApiFault::new("500", "internal server error", Instead(|_| unavailable(StatusCode::INTERNAL_SERVER_ERROR))),
    ApiFault::new("502", "bad gateway", Instead(|_| unavailable(StatusCode::BAD_GATEWAY))),
    ApiFault::new("503", "service unavailable", Instead(|_| unavailable(StatusCode::SERVICE_UNAVAILABLE))),

    ApiFault::new("html-403", "an intermediary's page: blocked", Instead(|_| broken::html(StatusCode::FORBIDDEN))),
    ApiFault::new("html-404", "an intermediary's page: not found", Instead(|_| broken::html(StatusCode::NOT_FOUND))),
    ApiFault::new("redirect", "302 to another host", Instead(|_| broken::redirect())),
    ApiFault::new("close", "the connection closes before any answer", Instead(|_| broken::close())),
    ApiFault::new("reset", "the connection is reset before any answer", Instead(|_| broken::reset())),
    ApiFault::new("reset-body", "the connection is reset in the middle of the body", Instead(|_| broken::reset_body())),
    ApiFault::new("silent", "no answer, ever", Instead(|_| broken::silent())),
    ApiFault::new("slow-drip", "a byte of body every 100 ms, forever", Instead(|_| broken::slow_drip())),
    ApiFault::new("garbage", "bytes that are not HTTP", Instead(|_| broken::garbage())),

    ApiFault::new("not-json", "labeled as JSON, but invalid", Instead(|_| broken::not_json())),
    ApiFault::new("object", "an object instead of an array", Instead(|_| Answer::json_text(StatusCode::OK, r#"{"id":28631365,"status":"ACTIVE"}"#))),
    ApiFault::new("big-body", "10 MiB", Instead(|_| broken::big_body())),
    ApiFault::new("errors-100", "400 with code 100: temporarily unavailable", Instead(|_| temporarily_unavailable())),
    ApiFault::new("errors-103", "401 with code 103: wrong kind of token", Instead(|_| participants::wrong_kind_of_token())),
    ApiFault::new("errors-113", "400 with code 113: participant not found", Instead(|_| participants::participant_not_found())),
    ApiFault::new("errors-120", "400 with code 120: the system is unavailable", Instead(|_| participants::error(StatusCode::BAD_REQUEST, "120", "Sistema indisponível no momento. Tente novamente em instantes."))),
    ApiFault::new("errors-325", "422 with code 325: denied by risk analysis", Instead(|_| participants::advised_error("325", "Não foi possível concluir sua compra.", "Entre em contato com a Central para que possamos confirmar algumas informações."))),
    ApiFault::new("errors-332", "422 with code 332: not enough points", Instead(|_| orders::not_enough_points())),
    ApiFault::new("lost-answer", "a write is done, and the connection closes before any answer", After(|_| broken::close())),
    ApiFault::new("escape", "control characters, line breaks and `::error` in the message", Instead(|_| business_error(broken::HOSTILE))),
    ApiFault::new("echo", "the query's value in the message", Instead(echo)),
];

fn quota() -> Answer {
    gateway::error(StatusCode::FORBIDDEN, "Out of call volume quota. Quota will be replenished in 01:23:45.")
        .header(RETRY_AFTER, "5025")
}

fn rate_limit() -> Answer {
    gateway::error(StatusCode::TOO_MANY_REQUESTS, "Rate limit is exceeded. Try again in 1 seconds.")
        .header(RETRY_AFTER, "1")
}

fn unavailable(status: StatusCode) -> Answer {
    gateway::error(status, status.canonical_reason().unwrap_or_default())
}

fn temporarily_unavailable() -> Answer {
    participants::error(
        StatusCode::BAD_REQUEST,
        "100",
        "Encontramos dificuldades para realizar a operação. Tente novamente em instantes. - Consulta de Saldo indisponível, tente novamente.",
    )
}

fn business_error(message: &str) -> Answer {
    participants::error(StatusCode::UNPROCESSABLE_ENTITY, "422", message)
}

fn echo(uri: &Uri) -> Answer {
    let value = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    business_error(&format!("Valor inválido: {value}"))
}
