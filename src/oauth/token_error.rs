//! What a refusal by the token endpoint means (RFC 6749 section 5.2 and what servers do instead): from an answer to a
//! kind, a sentence and hints. Throttling, pages and redirects are told first, then the `error` code decides, then the status;
//! the same cause has many shapes.

use std::time::SystemTime;

use crate::oauth::error_body::{ErrorBody, THROTTLE_WORDS};
use crate::oauth::refusal::{Answer, Rule};
use crate::platform::error::{Error, ErrorKind, HttpContext};

use crate::http::message::Response;

/// What to try when the server itself fails.
const LATER: &str = "try again later";

/// A provider's habit: what a code or status of its token endpoint means there.
#[derive(Debug)]
pub struct Hint {
    any_code: bool,
    code: Option<&'static str>,
    status: Option<u16>,
    when_description_contains: Option<&'static str>,
    /// What to try.
    pub text: &'static str,
}

impl Hint {
    /// For an `error` code.
    pub const fn on(code: &'static str, text: &'static str) -> Self {
        Self { any_code: false, code: Some(code), status: None, when_description_contains: None, text }
    }

    /// For a status without an `error` code.
    pub const fn status(status: u16, text: &'static str) -> Self {
        Self { any_code: false, code: None, status: Some(status), when_description_contains: None, text }
    }

    /// For an explanation that holds this, whatever the code and status.
    pub const fn anywhere(words: &'static str, text: &'static str) -> Self {
        Self { any_code: true, code: None, status: None, when_description_contains: Some(words), text }
    }

    /// Only with this status.
    pub const fn at(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Only when the explanation holds this.
    pub const fn when_description_contains(mut self, words: &'static str) -> Self {
        self.when_description_contains = Some(words);
        self
    }

    fn fits(&self, status: u16, body: &ErrorBody) -> bool {
        (self.any_code || self.code == body.code.as_deref())
            && self.status.is_none_or(|s| s == status)
            && self.when_description_contains.is_none_or(|words| body.mentions(&[words]))
    }
}

const THROTTLED: Rule = Rule::new(ErrorKind::Throttled, "the authorization server throttles this client")
    .names_code()
    .hint("wait, and ask for fewer tokens: one token serves until it expires");

const SCOPE: Rule = Rule::new(
    ErrorKind::ScopeRejected,
    "the authorization server refused the scope, audience or resource",
)
.names_code()
.hint("compare `scope`, `audience` and `resource` with what is registered for this client; they are case-sensitive");

/// `invalid_request` and codes of servers' own have many causes; the explanation often tells which.
const REQUEST: Rule = Rule::new(ErrorKind::CredentialsRejected, "the authorization server refused the request")
    .with_code()
    .statuses(&[(400, 403), (406, 414), (416, 499)])
    .names_code();

/// The error codes of OAuth 2.0 and its extensions (IANA's registry of OAuth extensions errors) that a token endpoint may
/// answer this grant with.
const REGISTERED: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
];

const SERVER_PROBLEM: Rule =
    Rule::new(ErrorKind::BadResponse, "the authorization server has a problem of its own").hint(LATER).may_pass();

/// What the answers of a token endpoint mean.
const RULES: &[Rule] = &[
    THROTTLED.statuses(&[(429, 429)]),
    THROTTLED.beyond_deadline(),
    THROTTLED.words(&THROTTLE_WORDS),
    THROTTLED.statuses(&[(403, 403)]).header("retry-after", ""),
    Rule::new(ErrorKind::BadResponse, "AWS API Gateway knows no such path or method")
        .statuses(&[(403, 403)])
        .words(&["missing authentication token"])
        .hint("check the URL: its path, its stage, and whether it is the token endpoint's; the credentials were not looked at"),
    Rule::new(ErrorKind::BadResponse, "a gateway in front of the token endpoint refused the request")
        .statuses(&[(403, 403)])
        .without_code()
        .words(&["forbidden", "not authorized to access this resource", "explicit deny"])
        .hint(
            "it said nothing about the client: is this the token endpoint's URL, does the gateway want a key of its own (`token_headers`), may this machine's address call it?",
        ),
    Rule::new(ErrorKind::BadResponse, "the token endpoint does not take this body format")
        .statuses(&[(415, 415)]),
    // Web frameworks have a page for it, so this is the server itself, most of the time.
    Rule::new(ErrorKind::BadResponse, "there is no token endpoint at this URL")
        .page()
        .statuses(&[(404, 405)])
        .hint("check the URL and its path; if they are right, a proxy or firewall in between has answered"),
    Rule::new(ErrorKind::BadResponse, "an HTML page came instead of a token").page().hint(
        "the URL is not the token endpoint's, or a proxy, firewall or content delivery network in between has answered",
    ),
    Rule::new(ErrorKind::BadResponse, "the token endpoint redirects, which is never followed with credentials")
        .statuses(&[(300, 399)])
        .hint("set the final URL: a missing or extra `/` at the end, or http instead of https, is the usual cause"),
    SCOPE.codes(&["invalid_scope", "scope_invalid", "invalid_target", "invalid_resource"]),
    SCOPE
        .codes(&["access_denied", "unauthorized_client"])
        .statuses(&[(403, 403)])
        .words(&["scope", "audience", "resource", "not authorized to access", "service not enabled", "service not found"]),
    Rule::new(ErrorKind::CredentialsRejected, "the authorization server refused the client credentials")
        .codes(&["invalid_client"])
        .names_code(),
    Rule::new(ErrorKind::CredentialsRejected, "the authorization server refused the client")
        .codes(&["access_denied", "unauthorized_client"])
        .names_code()
        .hint(
            "servers use this code for a wrong id or secret, and for a client that may not use the client-credentials grant: check both",
        ),
    Rule::new(ErrorKind::CredentialsRejected, "the authorization server wants a DPoP proof")
        .codes(&["use_dpop_nonce"])
        .names_code()
        .hint("DPoP is not supported; the client must be registered without it"),
    SERVER_PROBLEM.codes(&["server_error", "temporarily_unavailable"]),
    Rule::new(ErrorKind::CredentialsRejected, "the authorization server refused the grant")
        .codes(&["unsupported_grant_type"])
        .names_code()
        .hint(
            "the server does not offer client credentials here, or could not read the body: check the token endpoint and `body_format`",
        ),
    REQUEST
        .words(&["grant type", "grant_type", "grant is"])
        .hint("the client may not be allowed the client-credentials grant: compare its registration"),
    REQUEST
        .words(&["content-type", "content type", "urlencoded"])
        .hint("the server wants another body: try the other `body_format` (form or json)"),
    REQUEST.words(&["encoded", "encoding"]).hint(
        "the server reads Basic credentials in another way: try another `basic_encoding`, or `auth_method = \"client_secret_post\"`",
    ),
    REQUEST,
    REQUEST.codes(REGISTERED).statuses(&[(200, 399)]),
    Rule::new(ErrorKind::CredentialsRejected, "the authorization server refused the client credentials")
        .statuses(&[(401, 401), (403, 403)])
        .names_code(),
    Rule::new(ErrorKind::BadResponse, "there is no token endpoint at this URL")
        .statuses(&[(404, 405)])
        .hint("check the URL and its path"),
    Rule::new(ErrorKind::BadResponse, "the authorization server keeps failing").statuses(&[(500, 999)]).hint(LATER),
    Rule::new(ErrorKind::BadResponse, "the answer of the token endpoint holds no access token")
        .statuses(&[(200, 299)])
        .hint("is this the token endpoint's URL?"),
    Rule::new(ErrorKind::BadResponse, "the token endpoint answered something that is not an OAuth error")
        .hint("is this the token endpoint's URL?"),
];

/// The error for an answer of the token endpoint that carries no token. `hints` are lists of what is known of servers.
pub fn refusal(reply: &Response, hints: [&[Hint]; 2], now: SystemTime) -> Error {
    let body = ErrorBody::of(reply);
    let request = format!("POST {}", reply.url);
    let answer = Answer { response: reply, body: &body, request: &request };
    let rule = &RULES[answer.rule(RULES)];
    let mut error = answer.error(rule, now);
    for hint in hints.into_iter().flatten().filter(|hint| hint.fits(reply.status, &body)) {
        error = error.hint(hint.text);
    }
    if let Some(hint) = rule.hint {
        error = error.hint(hint);
    }
    let context = reply.http_context();
    let request_id = context.request_id.clone().or(body.trace.clone());
    if let Some(id) =
        request_id.as_ref().filter(|_| rule.kind == ErrorKind::BadResponse && rule.is_transient(reply.status))
    {
        error =
            error.cause_quoted("the request id is", id).hint("the server's operator can tell more with the request id");
    }
    error.http_context(HttpContext { oauth_error: body.printable_code(), request_id, ..context })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::refusal::{Sample, response as reply, unreached};

    #[test]
    fn the_same_cause_in_many_shapes() {
        use ErrorKind::{BadResponse, CredentialsRejected, ScopeRejected, Throttled};
        let cases: &[(Sample, ErrorKind)] = &[
            ((400, &[], r#"{"error":"invalid_client"}"#), CredentialsRejected),
            ((401, &[], r#"{"error":"access_denied","error_description":"Unauthorized"}"#), CredentialsRejected),
            (
                (
                    401,
                    &[],
                    r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#,
                ),
                CredentialsRejected,
            ),
            ((401, &[], "Unauthorized"), CredentialsRejected),
            ((403, &[], ""), CredentialsRejected),
            (
                (400, &[], r#"{"error":"invalid_request","error_description":"not properly encoded"}"#),
                CredentialsRejected,
            ),
            ((400, &[], r#"{"error":"unsupported_grant_type"}"#), CredentialsRejected),
            ((400, &[], r#"{"error":"invalid_scope"}"#), ScopeRejected),
            (
                (403, &[], r#"{"error":"access_denied","error_description":"Client has not been granted scopes: x"}"#),
                ScopeRejected,
            ),
            ((400, &[], r#"{"error":"invalid_target"}"#), ScopeRejected),
            ((429, &[], ""), Throttled),
            ((429, &[], "<html>slow down</html>"), Throttled),
            ((400, &[], r#"{"error":"TooManyRequestsException","message":"Rate exceeded"}"#), Throttled),
            ((403, &[("retry-after", "60")], r#"{"statusCode":403,"message":"Out of call volume quota."}"#), Throttled),
            ((403, &[], "<!DOCTYPE html><p>blocked</p>"), BadResponse),
            ((404, &[], "<html></html>"), BadResponse),
            ((404, &[], "not here"), BadResponse),
            ((405, &[], ""), BadResponse),
            ((302, &[("location", "https://other/x?secret=1")], ""), BadResponse),
            ((503, &[], r#"{"error":"temporarily_unavailable"}"#), BadResponse),
            ((500, &[], ""), BadResponse),
            ((200, &[], r#"{"error":"invalid_client"}"#), CredentialsRejected),
            ((200, &[], r#"{"token":"x"}"#), BadResponse),
            ((403, &[("retry-after", "60")], ""), Throttled),
            ((400, &[], r#"{"error":"use_dpop_nonce"}"#), CredentialsRejected),
            (
                (400, &[], r#"{"error":"invalid_request","error_description":"grant_type is missing"}"#),
                CredentialsRejected,
            ),
            (
                (400, &[], r#"{"error":"invalid_request","error_description":"wrong content type"}"#),
                CredentialsRejected,
            ),
            ((400, &[], r#"{"error":"invalid_request"}"#), CredentialsRejected),
            ((400, &[], "what?"), BadResponse),
            // AWS API Gateway, for a path or stage that does not exist.
            ((403, &[], r#"{"message":"Missing Authentication Token"}"#), BadResponse),
            ((403, &[], r#"{"message":"Forbidden"}"#), BadResponse),
            (
                (403, &[], r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#),
                BadResponse,
            ),
            ((403, &[], r#"{"error":"Forbidden"}"#), BadResponse),
            // The status in words is no OAuth code.
            ((415, &[], r#"{"statusCode":415,"error":"Unsupported Media Type"}"#), BadResponse),
            ((415, &[], ""), BadResponse),
            ((400, &[], r#"{"error":"Bad Request"}"#), BadResponse),
            ((401, &[], r#"{"error":"Unauthorized"}"#), CredentialsRejected),
            // A portal's catch-all, and frameworks that number their errors.
            ((200, &[], r#"{"error":"0"}"#), BadResponse),
            ((200, &[], r#"{"error":"not found, sorry"}"#), BadResponse),
            ((200, &[], r#"{"error":"invalid_grant"}"#), CredentialsRejected),
            // Gateways that write XML.
            (
                (
                    401,
                    &[],
                    "<?xml version=\"1.0\"?><fault><code>900901</code><message>Invalid Credentials</message></fault>",
                ),
                CredentialsRejected,
            ),
            ((401, &[], "<Fault><Error><Message>no</Message></Error></Fault>"), CredentialsRejected),
            ((500, &[], "<fault><message>down</message></fault>"), BadResponse),
            // Auth0, for an audience that it does not know or that this client may not have.
            (
                (
                    403,
                    &[],
                    r#"{"error":"access_denied","error_description":"Service not enabled within domain: https://api/"}"#,
                ),
                ScopeRejected,
            ),
            (
                (
                    403,
                    &[],
                    r#"{"error":"access_denied","error_description":"Client is not authorized to access \"https://api/\"."}"#,
                ),
                ScopeRejected,
            ),
        ];
        for ((status, headers, body), kind) in cases {
            let error = refusal(&reply(*status, headers, body), [&[], &[]], SystemTime::now());
            assert_eq!(error.kind(), *kind, "{status} {body}");
        }
        let answers: Vec<Sample> = cases.iter().map(|(answer, _)| *answer).collect();
        // Reached when the deadline is known, which the black-box tests are for.
        assert_eq!(unreached(RULES, &answers), ["the authorization server throttles this client"]);
    }

    #[test]
    fn a_provider_hint_needs_its_status_and_words() {
        let hints =
            [Hint::on("access_denied", "A").at(401), Hint::on("access_denied", "B").at(403), Hint::status(401, "C")];
        let error = refusal(&reply(401, &[], r#"{"error":"access_denied"}"#), [&hints, &[]], SystemTime::now());
        assert_eq!(error.hints()[0], "A");
        assert!(!error.hints().iter().any(|h| h == "B" || h == "C"));
        assert_eq!(refusal(&reply(401, &[], ""), [&hints, &[]], SystemTime::now()).hints(), ["C"]);
    }

    #[test]
    fn what_may_pass_is_the_rules_to_say_and_not_the_statuses() {
        for (status, body, transient) in [
            (400, r#"{"error":"temporarily_unavailable"}"#, true),
            (500, r#"{"error":"invalid_client"}"#, false),
            (503, "", true),
            (429, "", true),
            (401, "", false),
            (500, r#"{"error":"server_error"}"#, true),
        ] {
            let error = refusal(&reply(status, &[], body), [&[], &[]], SystemTime::now());
            assert_eq!(error.is_transient(), transient, "{status} {body}");
        }
    }

    #[test]
    fn a_redirect_shows_where_without_its_query() {
        let error =
            refusal(&reply(302, &[("location", "https://other/x?secret=1")], ""), [&[], &[]], SystemTime::now());
        assert_eq!(error.causes().last().and_then(|c| c.quote.as_deref()), Some("https://other/x"));
    }
}
