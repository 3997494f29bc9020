//! What a refusal by the API means: the gateway's key, the token, its scope, a quota, an intermediary, or the API
//! itself (RFC 6750 section 3.1, and the habits of Azure API Management and CloudLoyalty).

use std::time::SystemTime;

use crate::oauth::error_body::{ErrorBody, THROTTLE_WORDS};
use crate::oauth::refusal::{Answer, Rule};
use crate::platform::error::{Error, ErrorKind, HttpContext};
use crate::settings::error_codes;
use crate::settings::error_codes::CodeMeaning;

use crate::http::message::Response;

/// CloudLoyalty's code for "participant not found".
const NOT_FOUND: &str = "113";
/// CloudLoyalty's code for a token of the wrong kind, which is what it says when impersonation headers are missing.
const WRONG_KIND: &str = "103";

/// How Azure API Management speaks of its key.
const SUBSCRIPTION_KEY: [&str; 1] = ["subscription key"];

/// How APIs say that a token has expired or been revoked, where they use another status than 401 for it.
const DEAD_TOKEN: [&str; 8] = [
    "invalid_token",
    "InvalidTokenError",
    "InvalidAuthenticationToken",
    "ExpiredAuthenticationToken",
    "ExpiredToken",
    "token_expired",
    "TokenExpired",
    "TokenExpiredError",
];

/// Whether a 401 is about the gateway's key, and not about the token.
pub fn is_about_subscription_key(reply: &Response) -> bool {
    ErrorBody::of(reply).mentions(&SUBSCRIPTION_KEY)
}

/// Whether an answer says that the token was not accepted, so that a fresh one may help: a 401, or the reason
/// `invalid_token` (RFC 6750 section 3.1) with any other 4xx.
pub fn is_about_token(reply: &Response) -> bool {
    match reply.status {
        401 => !is_about_subscription_key(reply),
        400..=499 => {
            let code = ErrorBody::of(reply).code;
            reply.list("www-authenticate").contains("error=\"invalid_token\"")
                || code.is_some_and(|code| DEAD_TOKEN.contains(&code.as_str()))
        }
        _ => false,
    }
}

/// The error for a 304, which a condition of the request has asked for.
pub fn not_modified(reply: &Response, what: &str, correlation: &str) -> Error {
    Error::new(ErrorKind::ApiRefused, "what was asked for has not changed")
        .cause(format!("{what} answered 304"))
        .http_context(HttpContext { request_id: Some(correlation.to_owned()), ..reply.http_context() })
}

const THROTTLED: Rule = Rule::new(ErrorKind::Throttled, "the API throttles this client, or its quota is used up")
    .hint("wait, and send fewer requests at a time");

const REFUSED: Rule = Rule::new(ErrorKind::ApiRefused, "the API refused the call");

const TOKEN_REFUSED: Rule = Rule::new(ErrorKind::ApiRefused, "the API refused the access token")
    .statuses(&[(401, 401)])
    .hint("does the token belong to this API and environment (`audience`, `scope`, issuer)?");

const SCOPE_TOO_NARROW: Rule = Rule::new(ErrorKind::ScopeRejected, "the token's scope does not allow this call")
    .statuses(&[(403, 403)])
    .hint("ask for the scope that the API names, if this client may have it");

/// What the answers of an API and of the gateway before it mean.
const RULES: &[Rule] = &[
    THROTTLED.statuses(&[(429, 429)]),
    THROTTLED.beyond_deadline(),
    THROTTLED.statuses(&[(403, 403)]).header("retry-after", ""),
    THROTTLED.statuses(&[(403, 403)]).words(&THROTTLE_WORDS),
    Rule::new(ErrorKind::BadResponse, "an HTML page came instead of the API's answer").page().hint(
        "`api_url` is not the API's, or a proxy, firewall or content delivery network in between has answered",
    ),
    Rule::new(ErrorKind::BadResponse, "the API answered 304, and nothing was asked under a condition")
        .statuses(&[(304, 304)]),
    Rule::new(ErrorKind::BadResponse, "the API redirects, which is never followed with a token")
        .statuses(&[(300, 399)])
        .hint("set the final address as `api_url`"),
    Rule::new(ErrorKind::BadResponse, "the API keeps failing")
        .statuses(&[(500, 999)])
        .hint("try again later; its operator can tell more with the correlation id"),
    Rule::new(ErrorKind::NotFound, "no participant matches").codes(&[NOT_FOUND]),
    Rule::new(ErrorKind::ApiRefused, "the API refused the kind of token")
        .codes(&[WRONG_KIND])
        .hint("this call needs a participant: impersonation headers are missing or wrong"),
    Rule::new(ErrorKind::BadResponse, "the API answered something else than what was asked for")
        .statuses(&[(0, 299)])
        .without_code()
        .hint("does `api_url` point to the participant API?"),
    Rule::new(ErrorKind::ApiRefused, "the API gateway refused the subscription key")
        .statuses(&[(401, 401)])
        .words(&SUBSCRIPTION_KEY)
        .hint(
            "set `subscription_key` (`M2M_SUBSCRIPTION_KEY`, `--subscription-key-file`) to the key of an active subscription to this API; the token is not the problem",
        ),
    TOKEN_REFUSED.header("www-authenticate", "bearer"),
    Rule::new(ErrorKind::ApiRefused, "AWS API Gateway knows no such path or method")
        .statuses(&[(403, 403)])
        .words(&["missing authentication token"])
        .hint("check `api_url` with its stage, and the path; the token was not looked at"),
    TOKEN_REFUSED.words(&["jwt", "token"]),
    TOKEN_REFUSED.statuses(&[(400, 499)]).codes(&DEAD_TOKEN),
    TOKEN_REFUSED.statuses(&[(400, 499)]).header("www-authenticate", "invalid_token"),
    SCOPE_TOO_NARROW.header("www-authenticate", "insufficient_scope"),
    SCOPE_TOO_NARROW.words(&["insufficient_scope"]),
    Rule::new(ErrorKind::ApiRefused, "the API knows no such path")
        .statuses(&[(404, 404)])
        .hint("check `api_url` and the path"),
    REFUSED.words(&["collector-number", "collector number"]).hint(
        "only a machine-to-machine token names a collector: with a member's token leave `--as-collector` out; the API takes the member from the token",
    ),
    REFUSED.statuses(&[(401, 401), (403, 403)]).hint("ask the API's operator what this client may do"),
    REFUSED,
];

/// A call, as errors about its answer name it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Method and URL.
    pub what: &'a str,
    /// The correlation id that was sent.
    pub correlation: &'a str,
    /// What the API's own codes mean.
    pub codes: &'static str,
}

/// What the API's own code in an answer means, unless the gateway or an intermediary has answered.
pub fn meaning(reply: &Response, codes: &'static str) -> Option<CodeMeaning> {
    if codes.is_empty() || reply.is_success() || reply.status == 429 || reply.is_html() {
        return None;
    }
    error_codes::find(codes, &ErrorBody::of(reply).code?)
}

/// The error for an answer of the API that is not a success.
pub fn refusal(reply: &Response, call: &Call<'_>, now: SystemTime) -> Error {
    let body = ErrorBody::of(reply);
    let answer = Answer { response: reply, body: &body, request: call.what };
    let known = meaning(reply, call.codes);
    let (mut error, hint) = match &known {
        Some(known) => {
            let error = answer.error(&Rule::new(known.kind, known.meaning), now);
            (if known.may_pass { error.transient() } else { error }, known.hint)
        }
        None => {
            let rule = &RULES[answer.rule(RULES)];
            (answer.error(rule, now), rule.hint)
        }
    };
    if let Some(words) = body.detail_words() {
        error = error.cause_quoted("in particular", words);
    }
    let explained = body.details.iter().filter_map(|(code, _)| {
        known
            .as_ref()?
            .details
            .iter()
            .find(|(sub, _)| sub == code)
            .map(|(sub, meaning)| format!("{sub} means: {meaning}"))
    });
    error = explained.fold(error, Error::cause);
    if let Some(challenge) = challenge_alone(reply, &body) {
        error = error.cause_quoted("its header `www-authenticate` says", challenge);
    }
    if let Some(hint) = hint {
        error = error.hint(hint);
    }
    let context = reply.http_context();
    let request_id = context.request_id.clone().or_else(|| Some(call.correlation.to_owned()));
    error.correlation_id(call.correlation).http_context(HttpContext { request_id, ..context })
}

/// The challenge, if it says more than a scheme and the body says nothing: RFC 6750 section 3 has the reason there.
fn challenge_alone(reply: &Response, body: &ErrorBody) -> Option<String> {
    let silent = matches!(reply.status, 401 | 403) && !reply.is_html() && body.words().is_none();
    silent.then(|| reply.list("www-authenticate")).filter(|challenge| challenge.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::refusal::{Sample, response, unreached};

    fn kind(status: u16, headers: &[(&'static str, &str)], body: &str) -> ErrorKind {
        refused(status, headers, body).kind()
    }

    fn refused(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
        refusal(
            &response(status, headers, body),
            &Call { what: "GET https://api/x", correlation: "c", codes: "" },
            SystemTime::now(),
        )
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
    fn the_apis_own_codes_decide_class_and_next_step() {
        use crate::settings::error_codes::CLOUDLOYALTY as CODES;
        for (status, body, kind, transient) in [
            (400, r#"{"errors":[{"code":"100","message":"x"}]}"#, ErrorKind::BadResponse, true),
            (400, r#"{"errors":[{"code":120,"message":"x"}]}"#, ErrorKind::BadResponse, true),
            (422, r#"{"errors":[{"code":"332","message":"x"}]}"#, ErrorKind::ApiRefused, false),
            (400, r#"{"errors":[{"code":"113","message":"x"}]}"#, ErrorKind::NotFound, false),
            (429, r#"{"errors":[{"code":"332","message":"x"}]}"#, ErrorKind::Throttled, true),
            (422, r#"{"errors":[{"code":"999","message":"x"}]}"#, ErrorKind::ApiRefused, false),
        ] {
            let call = Call { what: "GET https://api/x", correlation: "c", codes: CODES };
            let error = refusal(&response(status, &[], body), &call, SystemTime::now());
            assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{body}");
        }
    }

    #[test]
    fn what_stands_below_an_error_is_shown_and_explained() {
        use crate::settings::error_codes::CLOUDLOYALTY as CODES;
        let body = r#"{"errors":[{"code":"322","message":"a","subMessage":"b","sub":[{"code":29,"message":"Cep"}]}]}"#;
        let call = Call { what: "POST https://api/x", correlation: "c", codes: CODES };
        let error = refusal(&response(422, &[], body), &call, SystemTime::now());
        let causes = format!("{:?}", error.causes());
        assert!(
            causes.contains("29: Cep; b") && causes.contains("29 means: the CEP is missing or invalid"),
            "{causes}"
        );
    }

    #[test]
    fn a_dead_token_is_recognized_whatever_its_status() {
        for (status, challenge, body, dead) in [
            (401, "", "", true),
            (401, "", r#"{"message":"Access denied due to missing subscription key."}"#, false),
            (403, "Bearer error=\"invalid_token\"", "", true),
            (400, "", r#"{"error":"invalid_token"}"#, true),
            (403, "", r#"{"error":{"code":"ExpiredAuthenticationToken"}}"#, true),
            (403, "Bearer error=\"insufficient_scope\"", "", false),
            (404, "", "", false),
            (500, "", r#"{"error":"invalid_token"}"#, false),
        ] {
            let reply = response(status, &[("www-authenticate", challenge)], body);
            assert_eq!(is_about_token(&reply), dead, "{status} {challenge} {body}");
        }
    }

    #[test]
    fn the_key_the_token_the_scope_and_the_quota_are_told_apart() {
        use ErrorKind::{ApiRefused, BadResponse, NotFound, ScopeRejected, Throttled};
        let cases: &[(Sample, ErrorKind)] = &[
            (
                (
                    401,
                    &[],
                    r#"{"statusCode":401,"message":"Access denied due to missing subscription key. Make sure .."}"#,
                ),
                ApiRefused,
            ),
            ((401, &[], r#"{"statusCode":401,"message":"JWT not present."}"#), ApiRefused),
            ((401, &[("www-authenticate", "Bearer error=\"invalid_token\"")], ""), ApiRefused),
            ((403, &[("www-authenticate", "Bearer error=\"invalid_token\"")], ""), ApiRefused),
            ((403, &[], r#"{"error":{"code":"InvalidTokenError","message":"expired"}}"#), ApiRefused),
            ((403, &[], r#"{"message":"Missing Authentication Token"}"#), ApiRefused),
            ((401, &[], ""), ApiRefused),
            ((403, &[("www-authenticate", "Bearer error=\"insufficient_scope\"")], ""), ScopeRejected),
            ((403, &[("retry-after", "60")], r#"{"statusCode":403,"message":"Out of call volume quota."}"#), Throttled),
            (
                (
                    403,
                    &[],
                    r#"{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 01:00:00."}"#,
                ),
                Throttled,
            ),
            ((403, &[], r#"{"message":"no"}"#), ApiRefused),
            ((403, &[], "<html>"), BadResponse),
            ((404, &[], r#"{"statusCode":404,"message":"Resource not found"}"#), ApiRefused),
            ((404, &[], "<!doctype html>"), BadResponse),
            ((404, &[], r#"{"errors":[{"code":"113","message":"Participante não encontrado."}]}"#), NotFound),
            ((400, &[], r#"{"errors":[{"code":113,"message":"x"}]}"#), NotFound),
            ((422, &[], r#"{"errors":[{"code":"7","message":"x"}]}"#), ApiRefused),
            ((429, &[], ""), Throttled),
            ((500, &[], ""), BadResponse),
            ((302, &[], ""), BadResponse),
            ((304, &[], ""), BadResponse),
            ((400, &[], r#"{"errors":[{"code":"103","message":"x"}]}"#), ApiRefused),
            ((400, &[], r#"{"message":"Collector-Number is not allowed with a member token"}"#), ApiRefused),
            ((206, &[], "[]"), BadResponse),
            ((403, &[], r#"{"error":"insufficient_scope"}"#), ScopeRejected),
        ];
        for ((status, headers, body), expected) in cases {
            assert_eq!(kind(*status, headers, body), *expected, "{status} {body}");
        }
        let answers: Vec<Sample> = cases.iter().map(|(answer, _)| *answer).collect();
        // Reached when the deadline is known, which the black-box tests are for.
        assert_eq!(unreached(RULES, &answers), ["the API throttles this client, or its quota is used up"]);
    }
}
