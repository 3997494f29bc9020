//! What a refusal by the API means: the gateway's key, the token, its scope, a quota, an intermediary, or the API
//! itself (RFC 6750 section 3.1, and the habits of Azure API Management and CloudLoyalty).

use std::time::SystemTime;

use crate::oauth::error_body::{ErrorBody, THROTTLE_WORDS};
use crate::oauth::token_error;
use crate::platform::error::{Error, ErrorKind, HttpContext};

use crate::http::message;
use crate::http::message::Response;

/// CloudLoyalty's code for "participant not found".
const NOT_FOUND: &str = "113";
/// CloudLoyalty's code for a token of the wrong kind, which is what it says when impersonation headers are missing.
const WRONG_KIND: &str = "103";

/// What the gateway's 401 is about.
pub fn is_about_subscription_key(reply: &Response) -> bool {
    ErrorBody::of(reply).mentions(&["subscription key"])
}

/// Whether an answer says that the token was not accepted, so that a fresh one may help.
pub fn is_about_token(reply: &Response) -> bool {
    reply.status == 401 && !is_about_subscription_key(reply)
}

/// The error for a 304, which a condition of the request has asked for.
pub fn not_modified(reply: &Response, what: &str, correlation: &str) -> Error {
    Error::new(ErrorKind::ApiRefused, "what was asked for has not changed")
        .cause(format!("{what} answered 304"))
        .http_context(HttpContext { request_id: Some(correlation.to_owned()), ..reply.http_context() })
}

/// The error for an answer of the API that is not a success. `what` names the request; `correlation` is what was sent.
pub fn refusal(reply: &Response, what: &str, correlation: &str, now: SystemTime) -> Error {
    let body = ErrorBody::of(reply);
    let (kind, message, hint) = classify(reply, &body);
    let answered = format!("{what} answered {}", reply.status);
    let mut error = Error::new(kind, message);
    error = match body.words().filter(|_| !reply.is_html()) {
        Some(words) => error.cause_quoted(answered, words),
        None if reply.is_html() => error.cause(format!("{answered} with an HTML page")),
        None => error.cause(answered),
    };
    error = token_error::intermediary(error, reply);
    if let Some(challenge) = challenge_alone(reply, &body) {
        error = error.cause_quoted("its header `www-authenticate` says", challenge);
    }
    let wait = message::retry_after(reply, now);
    if let Some(wait) = wait {
        error = error.cause(token_error::wait_text(wait)).with_retry_after(Some(wait));
    }
    if let Some(hint) = hint {
        error = error.hint(hint);
    }
    let facts = reply.http_context();
    let request_id = facts.request_id.clone().or_else(|| Some(correlation.to_owned()));
    let error = error.cause(format!("correlation id {correlation}")).http_context(HttpContext { request_id, ..facts });
    if matches!(kind, ErrorKind::Throttled) || reply.status >= 500 || reply.status == 408 {
        error.transient()
    } else {
        error
    }
}

/// The challenge, where it says more than a scheme and the body says nothing: RFC 6750 section 3 has the reason there.
fn challenge_alone(reply: &Response, body: &ErrorBody) -> Option<String> {
    let silent = matches!(reply.status, 401 | 403) && !reply.is_html() && body.words().is_none();
    silent.then(|| reply.list("www-authenticate")).filter(|challenge| challenge.contains('='))
}

fn classify(reply: &Response, body: &ErrorBody) -> (ErrorKind, &'static str, Option<&'static str>) {
    let challenge = reply.list("www-authenticate").to_ascii_lowercase();
    match reply.status {
        429 => return throttled(),
        _ if reply.retry_after_exceeds_deadline => return throttled(),
        403 if reply.header("retry-after").is_some() || body.mentions(&THROTTLE_WORDS) => return throttled(),
        _ if reply.is_html() => {
            let hint = "a proxy, firewall or content delivery network stands in between, or `api_url` is not the API's";
            return (ErrorKind::BadResponse, "an intermediary answered with a page, not the API", Some(hint));
        }
        304 => return (ErrorKind::BadResponse, "the API answered 304, and nothing was asked under a condition", None),
        300..400 => {
            return (
                ErrorKind::BadResponse,
                "the API redirects, which is never followed with a token",
                Some("set the final address as `api_url`"),
            );
        }
        500.. => {
            return (
                ErrorKind::BadResponse,
                "the API keeps failing",
                Some("try again later; its operator can tell more with the correlation id"),
            );
        }
        _ => {}
    }
    if body.code.as_deref() == Some(NOT_FOUND) {
        return (ErrorKind::NotFound, "no participant matches", None);
    }
    if body.code.as_deref() == Some(WRONG_KIND) {
        return (
            ErrorKind::ApiRefused,
            "the API refused the kind of token",
            Some("this call needs a participant: impersonation headers are missing or wrong"),
        );
    }
    match reply.status {
        ..300 if body.code.is_none() => (
            ErrorKind::BadResponse,
            "the API answered something else than what was asked for",
            Some("does `api_url` point to the participant API?"),
        ),
        401 if body.mentions(&["subscription key"]) => (
            ErrorKind::ApiRefused,
            "the API gateway refused the subscription key",
            Some(
                "set `subscription_key` (`M2M_SUBSCRIPTION_KEY`, `--subscription-key-file`) to the key of an active subscription to this API; the token is not the problem",
            ),
        ),
        401 if challenge.contains("bearer") || body.mentions(&["jwt", "token"]) => (
            ErrorKind::CredentialsRejected,
            "the API refused the access token",
            Some("does the token belong to this API and environment (`audience`, `scope`, issuer)?"),
        ),
        403 if challenge.contains("insufficient_scope") || body.mentions(&["insufficient_scope"]) => (
            ErrorKind::ScopeRejected,
            "the token's scope does not allow this call",
            Some("ask for the scope that the API names, if this client may have it"),
        ),
        404 => (ErrorKind::ApiRefused, "the API knows no such path", Some("check `api_url` and the path")),
        401 | 403 => {
            (ErrorKind::ApiRefused, "the API refused the call", Some("ask the API's operator what this client may do"))
        }
        _ => (ErrorKind::ApiRefused, "the API refused the call", None),
    }
}

fn throttled() -> (ErrorKind, &'static str, Option<&'static str>) {
    (
        ErrorKind::Throttled,
        "the API throttles this client, or its quota is used up",
        Some("wait, and send fewer requests at a time"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn kind(status: u16, headers: &[(&'static str, &str)], body: &str) -> ErrorKind {
        refused(status, headers, body).kind()
    }

    fn refused(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
        let headers: HeaderMap = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        let reply = Response {
            status,
            headers,
            body: body.as_bytes().to_vec(),
            sent_at: SystemTime::UNIX_EPOCH,
            url: "https://api/x".into(),
            retry_after_exceeds_deadline: false,
        };
        refusal(&reply, "GET https://api/x", "c", SystemTime::now())
    }

    #[test]
    fn a_reason_that_stands_in_the_challenge_alone_is_shown() {
        let bearer = "Bearer error=\"insufficient_scope\", scope=\"a:read\"";
        for (challenge, body, expected) in
            [(bearer, "", Some(bearer)), (bearer, r#"{"message":"no"}"#, None), ("Bearer", "", None)]
        {
            let error = refused(403, &[("www-authenticate", challenge)], body);
            let quotes: Vec<_> = error.causes().iter().filter(|c| c.text.contains("www-authenticate")).collect();
            assert_eq!(quotes.first().and_then(|cause| cause.quote.as_deref()), expected, "{challenge} {body}");
        }
    }

    #[test]
    fn the_key_the_token_the_scope_and_the_quota_are_told_apart() {
        use ErrorKind::{ApiRefused, BadResponse, CredentialsRejected, NotFound, ScopeRejected, Throttled};
        for (status, headers, body, expected) in [
            (
                401,
                &[][..],
                r#"{"statusCode":401,"message":"Access denied due to missing subscription key. Make sure .."}"#,
                ApiRefused,
            ),
            (401, &[], r#"{"statusCode":401,"message":"JWT not present."}"#, CredentialsRejected),
            (401, &[("www-authenticate", "Bearer error=\"invalid_token\"")], "", CredentialsRejected),
            (401, &[], "", ApiRefused),
            (403, &[("www-authenticate", "Bearer error=\"insufficient_scope\"")], "", ScopeRejected),
            (403, &[("retry-after", "60")], r#"{"statusCode":403,"message":"Out of call volume quota."}"#, Throttled),
            (
                403,
                &[],
                r#"{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 01:00:00."}"#,
                Throttled,
            ),
            (403, &[], r#"{"message":"no"}"#, ApiRefused),
            (403, &[], "<html>", BadResponse),
            (404, &[], r#"{"statusCode":404,"message":"Resource not found"}"#, ApiRefused),
            (404, &[], "<!doctype html>", BadResponse),
            (404, &[], r#"{"errors":[{"code":"113","message":"Participante não encontrado."}]}"#, NotFound),
            (400, &[], r#"{"errors":[{"code":113,"message":"x"}]}"#, NotFound),
            (422, &[], r#"{"errors":[{"code":"7","message":"x"}]}"#, ApiRefused),
            (429, &[], "", Throttled),
            (500, &[], "", BadResponse),
            (302, &[], "", BadResponse),
            (304, &[], "", BadResponse),
        ] {
            assert_eq!(kind(status, headers, body), expected, "{status} {body}");
        }
    }
}
