//! The table of faults of the token endpoints.

use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use serde_json::Value;

use super::broken;
use crate::fault::Fault;
use crate::identity::described_error;
use crate::identity::grant::TokenEffect::{self, Answer, Body, Echo, Members, Refuse, Terms};
use crate::wire::answer;

type TokenFault = Fault<TokenEffect>;

/// Ordered by what they break: the service, the connection to it, client authentication, the response, the grant.
#[rustfmt::skip] // a table: one line per fault
pub(super) static FAULTS: &[TokenFault] = &[
    TokenFault::new("429", "too many requests, Retry-After: 1", Answer(|| throttled("1"))),
    TokenFault::new("429-long", "too many requests, Retry-After: 3600", Answer(|| throttled("3600"))),
    TokenFault::new("429-date", "too many requests, Retry-After an HTTP date 2 s ahead", Answer(|| throttled(&http_date_in(2)))),
    TokenFault::new("408", "request timeout", Answer(|| broken::status(StatusCode::REQUEST_TIMEOUT))),
    TokenFault::new("500", "internal server error", Answer(|| broken::status(StatusCode::INTERNAL_SERVER_ERROR))),
    TokenFault::new("502", "bad gateway", Answer(|| broken::status(StatusCode::BAD_GATEWAY))),
    TokenFault::new("503", "service unavailable", Answer(|| broken::status(StatusCode::SERVICE_UNAVAILABLE))),

    TokenFault::new("html-200", "a captive portal's page instead of JSON", Answer(broken::html_200)),
    TokenFault::new("html-403", "an intermediary's page: blocked", Answer(|| broken::html(StatusCode::FORBIDDEN))),
    TokenFault::new("html-404", "an intermediary's page: not found", Answer(|| broken::html(StatusCode::NOT_FOUND))),
    TokenFault::new("html-503", "an intermediary's page: unavailable", Answer(|| broken::html(StatusCode::SERVICE_UNAVAILABLE))),
    TokenFault::new("redirect", "302 to another host", Answer(broken::redirect)),
    TokenFault::new("close", "the connection closes before any answer", Answer(broken::close)),
    TokenFault::new("reset", "the connection is reset before any answer", Answer(broken::reset)),
    TokenFault::new("reset-body", "the connection is reset in the middle of the body", Answer(broken::reset_body)),
    TokenFault::new("silent", "no answer, ever", Answer(broken::silent)),
    TokenFault::new("slow-drip", "a byte of body every 100 ms, forever", Answer(broken::slow_drip)),
    TokenFault::new("garbage", "bytes that are not HTTP", Answer(broken::garbage)),

    TokenFault::new("wrong-secret", "the client is refused, whatever its credentials", Refuse),
    TokenFault::new("plain-401", "401 `Unauthorized` as plain text without a content type", Answer(broken::plain_401)),
    TokenFault::new("empty-403", "403 without a body", Answer(|| broken::empty(StatusCode::FORBIDDEN))),
    TokenFault::new("error-200", "an OAuth error with status 200", Answer(|| invalid_client(StatusCode::OK, "Client authentication failed"))),
    TokenFault::new("escape", "control characters, line breaks and `::error` in error_description", Answer(|| invalid_client(StatusCode::UNAUTHORIZED, broken::HOSTILE))),
    TokenFault::new("echo-secret", "the received secret in error_description", Echo),

    TokenFault::new("empty-200", "200 without a body", Answer(|| broken::empty(StatusCode::OK))),
    TokenFault::new("big-body", "10 MiB", Answer(broken::big_body)),
    TokenFault::new("deep-json", "50,000 arrays inside each other", Answer(broken::deep_json)),
    TokenFault::new("bom", "a byte order mark before the JSON", Body(|body| format!("\u{feff}{body}"))),
    TokenFault::new("duplicate-keys", "access_token twice", Members(|members| members.add("access_token", "another-token"))),
    TokenFault::new("duplicate-unknown", "an unknown member twice", Members(|members| for _ in 0..2 { members.add("catalog_id", 40599); })),
    TokenFault::new("no-token", "no access_token", Members(|members| members.remove("access_token"))),
    TokenFault::new("empty-token", "an empty access_token", Members(|members| members.set("access_token", ""))),
    TokenFault::new("bad-token", "an access_token with blanks and control characters", Members(|members| members.set("access_token", "bad token\u{7}\r\nX-Injected: yes"))),
    TokenFault::new("no-token-type", "no token_type", Members(|members| members.remove("token_type"))),
    TokenFault::new("mac-token-type", "token_type `mac`", Members(|members| members.set("token_type", "mac"))),
    TokenFault::new("lower-token-type", "token_type `bearer`", Members(|members| members.set("token_type", "bearer"))),
    TokenFault::new("no-expires", "no expires_in", Members(|members| members.remove("expires_in"))),
    TokenFault::new("string-expires", "expires_in \"3600\"", Members(|members| members.set("expires_in", "3600"))),
    TokenFault::new("float-expires", "expires_in 3599.5", Members(|members| members.set("expires_in", 3599.5))),
    TokenFault::new("zero-expires", "expires_in 0", Members(|members| members.set("expires_in", 0))),
    TokenFault::new("negative-expires", "expires_in -1", Members(|members| members.set("expires_in", -1))),
    TokenFault::new("null-expires", "expires_in null", Members(|members| members.set("expires_in", Value::Null))),
    TokenFault::new("refresh-token", "a refresh_token as well", Members(|members| members.add("refresh_token", "sandbox-refresh-token"))),

    TokenFault::new("narrow-scope", "all scopes but the last are granted, and the response says so", Terms(|terms| { terms.scopes.pop(); terms.includes_scope = true; })),
    TokenFault::new("expired", "a token that lives for one second", Terms(|terms| terms.lifetime_secs = 1)),
];

fn throttled(retry_after: &str) -> answer::Answer {
    described_error(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Client quota exceeded")
        .header(RETRY_AFTER, retry_after)
}

/// RFC 9110 section 5.6.7.
fn http_date_in(seconds: u64) -> String {
    httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds))
}

fn invalid_client(status: StatusCode, description: &str) -> answer::Answer {
    described_error(status, "invalid_client", description)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;
    use hyper::Request;
    use hyper::body::Bytes;
    use hyper::header::CONTENT_TYPE;

    use super::super::{FaultSpec, Plans};
    use super::*;
    use crate::accounts::Client;
    use crate::identity::assertion::UsedAssertions;
    use crate::identity::cognito::Cognito;
    use crate::identity::{Faults, IdentityServer, Provider};
    use crate::jwt;
    use crate::signing::PendingKey;
    use crate::wire::listener::Server;

    /// The answers to token requests with the right secret: one per fault in `faults`, then one without a fault.
    async fn answers(faults: &[&str]) -> (PendingKey, Vec<Value>) {
        let specs: Vec<FaultSpec> = faults.iter().map(|fault| format!("{fault}:1").parse().unwrap()).collect();
        let plans = Plans::new(&specs);
        let server = IdentityServer {
            provider: Cognito {
                base_url: "http://127.0.0.1:1".to_owned(),
                mutual_tls_url: "https://127.0.0.1:2".to_owned(),
                client: Client {
                    id: "app",
                    secret: "pa55word".to_owned(),
                    keys: vec![],
                    certificate: None,
                    scopes: &["res/a", "res/b"],
                },
                lifetime_secs: 300,
            },
            key: PendingKey::start(),
            faults: Faults { token: Arc::new(plans.token), metadata: Arc::new(plans.discovery) },
            used: UsedAssertions::default(),
        };
        let form = "grant_type=client_credentials&client_id=app&client_secret=pa55word";
        let request = Request::post(Cognito::TOKEN_PATH)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from_static(form.as_bytes()))
            .unwrap();

        let mut answers = Vec::new();
        for _ in 0..=faults.len() {
            let response = server.answer(&request).await.into_result().unwrap();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            answers.push(serde_json::from_slice(&body).unwrap());
        }
        (server.key, answers)
    }

    #[tokio::test]
    async fn tokens_verify_and_faults_change_the_response_or_the_grant() {
        let faults = ["echo-secret", "string-expires", "narrow-scope", "expired"];
        let (key, answers) = answers(&faults).await;
        let key = key.wait().await.unwrap();
        let claims =
            |answer: &Value| -> Value { jwt::verified(&key, answer["access_token"].as_str().unwrap()).unwrap() };
        let [echo, string, narrow, expired, healthy] = answers.as_slice() else {
            panic!("one answer each: {answers:?}");
        };

        let description = echo["error_description"].as_str().unwrap();
        assert!(description.contains("pa55word"), "{description}");

        assert_eq!(string["expires_in"], "3600");
        assert_eq!(narrow["scope"], "res/a");
        assert_eq!(claims(narrow)["scope"], "res/a");

        assert_eq!(expired["expires_in"], 1);
        let expired = claims(expired);
        assert_eq!(expired["exp"].as_u64().unwrap() - expired["iat"].as_u64().unwrap(), 1);

        assert_eq!(healthy["expires_in"], 300);
        assert_eq!(healthy["token_type"], "Bearer");
        assert_eq!(healthy.get("scope"), None);
        assert_eq!(claims(healthy)["scope"], "res/a res/b");
    }
}
