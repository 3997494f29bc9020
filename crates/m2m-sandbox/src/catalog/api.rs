//! The table of faults of the API.

use hyper::header::RETRY_AFTER;
use hyper::{StatusCode, Uri};
use url::form_urlencoded;

use super::broken;
use crate::accounts::LOOKUP_SCOPE;
use crate::api::{ApiEffect, gateway, participants};
use crate::fault::Fault;
use crate::wire::answer::Answer;

type ApiFault = Fault<ApiEffect>;

/// Ordered by what they break: the gateway, the connection to it, the service behind it.
#[rustfmt::skip] // a table: one line per fault
pub(super) static FAULTS: &[ApiFault] = &[
    ApiFault::new("401-key", "the subscription key is refused", |_| gateway::wrong_subscription_key()),
    ApiFault::new("401-token", "the token is refused", |_| gateway::invalid_token()),
    ApiFault::new("403-scope", "the token lacks a scope", |_| gateway::insufficient_scope(LOOKUP_SCOPE)),
    ApiFault::new("403-quota", "out of call volume quota, with Retry-After", |_| quota()),
    ApiFault::new("404-gateway", "the gateway has no such route", |_| gateway::not_found()),
    ApiFault::new("429", "rate limit, Retry-After: 1", |_| rate_limit()),
    ApiFault::new("500", "internal server error", |_| unavailable(StatusCode::INTERNAL_SERVER_ERROR)),
    ApiFault::new("502", "bad gateway", |_| unavailable(StatusCode::BAD_GATEWAY)),
    ApiFault::new("503", "service unavailable", |_| unavailable(StatusCode::SERVICE_UNAVAILABLE)),

    ApiFault::new("html-403", "an intermediary's page: blocked", |_| broken::html(StatusCode::FORBIDDEN)),
    ApiFault::new("html-404", "an intermediary's page: not found", |_| broken::html(StatusCode::NOT_FOUND)),
    ApiFault::new("redirect", "302 to another host", |_| broken::redirect()),
    ApiFault::new("close", "the connection closes before any answer", |_| broken::close()),
    ApiFault::new("reset", "the connection is reset before any answer", |_| broken::reset()),
    ApiFault::new("reset-body", "the connection is reset in the middle of the body", |_| broken::reset_body()),
    ApiFault::new("silent", "no answer, ever", |_| broken::silent()),
    ApiFault::new("slow-drip", "a byte of body every 100 ms, forever", |_| broken::slow_drip()),
    ApiFault::new("garbage", "bytes that are not HTTP", |_| broken::garbage()),

    ApiFault::new("not-json", "labeled as JSON, but invalid", |_| broken::not_json()),
    ApiFault::new("object", "an object instead of an array", |_| Answer::json_text(StatusCode::OK, r#"{"id":28631365,"status":"ACTIVE"}"#)),
    ApiFault::new("big-body", "10 MiB", |_| broken::big_body()),
    ApiFault::new("errors-100", "400 with code 100: temporarily unavailable", |_| temporarily_unavailable()),
    ApiFault::new("errors-103", "401 with code 103: wrong kind of token", |_| participants::wrong_kind_of_token()),
    ApiFault::new("errors-113", "400 with code 113: participant not found", |_| participants::participant_not_found()),
    ApiFault::new("escape", "control characters, line breaks and `::error` in the message", |_| business_error(broken::HOSTILE)),
    ApiFault::new("echo", "the query's value in the message", echo),
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
    participants::error(StatusCode::BAD_REQUEST, "100", "Saldo indisponível no momento. Tente novamente em instantes.")
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
