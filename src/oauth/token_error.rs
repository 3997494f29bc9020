//! What a refusal by the token endpoint means (RFC 6749 section 5.2 and what servers do instead): from an answer to a
//! kind, a sentence and hints. The `error` code decides first, the status second; the same cause has many shapes.

use std::time::{Duration, SystemTime};

use crate::oauth::error_body::{ErrorBody, THROTTLE_WORDS};
use crate::platform::error::{Error, ErrorKind, HttpContext};

use crate::http::message;
use crate::http::message::Response;

/// What to try when the server itself fails.
const LATER: &str = "try again later";

/// A provider's habit: what a code or status of its token endpoint means there.
#[derive(Debug)]
pub struct Hint {
    code: Option<&'static str>,
    status: Option<u16>,
    when_description_contains: Option<&'static str>,
    /// What to try.
    pub text: &'static str,
}

impl Hint {
    /// For an `error` code.
    pub const fn on(code: &'static str, text: &'static str) -> Self {
        Self { code: Some(code), status: None, when_description_contains: None, text }
    }

    /// For a status without an `error` code.
    pub const fn status(status: u16, text: &'static str) -> Self {
        Self { code: None, status: Some(status), when_description_contains: None, text }
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
        self.code == body.code.as_deref()
            && self.status.is_none_or(|s| s == status)
            && self.when_description_contains.is_none_or(|words| body.mentions(&[words]))
    }
}

/// The error for an answer of the token endpoint that carries no token.
pub fn refusal(reply: &Response, hints: &[Hint], now: SystemTime) -> Error {
    let body = ErrorBody::of(reply);
    let class = classify(reply, &body);
    let code = body.printable_code();
    let message = match &code {
        Some(code) if class.about_client => format!("{} ({code})", class.message),
        _ => class.message.to_owned(),
    };
    let mut error = Error::new(class.kind, message);
    let answered = format!("POST {} answered {}", reply.url, reply.status);
    // The message already contains the code.
    let words = if code.is_some() && class.about_client { body.description.clone() } else { body.words() };
    error = match words.filter(|_| !reply.is_html()) {
        Some(words) => error.cause_quoted(answered, words),
        None => error.cause(format!(
            "{answered}{}",
            if reply.is_html() {
                " with an HTML page"
            } else if reply.body.is_empty() {
                " with an empty body"
            } else {
                ""
            }
        )),
    };
    error = intermediary(error, reply);
    if let Some(wait) = message::retry_after(reply, now) {
        error = error.cause(wait_text(wait));
    }
    for hint in hints.iter().filter(|hint| hint.fits(reply.status, &body)) {
        error = error.hint(hint.text);
    }
    let facts = reply.http_context();
    let request_id = facts.request_id.clone().or(body.trace);
    if let Some(hint) = class.hint {
        error = error.hint(hint);
    }
    if let (Some(id), Some(LATER)) = (&request_id, class.hint) {
        error =
            error.cause_quoted("the request id is", id).hint("the server's operator can tell more with the request id");
    }
    error = error.http_context(HttpContext { oauth_error: code, request_id, ..facts });
    if matches!(class.kind, ErrorKind::Throttled) || reply.status >= 500 || reply.status == 408 {
        error.transient()
    } else {
        error
    }
}

struct Classification {
    kind: ErrorKind,
    message: &'static str,
    hint: Option<&'static str>,
    about_client: bool,
}

fn classify(reply: &Response, body: &ErrorBody) -> Classification {
    let class = |kind, message, hint| Classification { kind, message, hint, about_client: true };
    let foreign = |message, hint| Classification { kind: ErrorKind::BadResponse, message, hint, about_client: false };
    let status = reply.status;
    if status == 429
        || reply.retry_after_exceeds_deadline
        || body.mentions(&THROTTLE_WORDS)
        || (status == 403 && reply.header("retry-after").is_some())
    {
        return class(
            ErrorKind::Throttled,
            "the authorization server throttles this client",
            Some("wait, and ask for fewer tokens: one token serves until it expires"),
        );
    }
    if reply.is_html() && matches!(status, 404 | 405) {
        // Web frameworks have a page for it, so this is the server itself, most of the time.
        return foreign(
            "there is no token endpoint at this URL",
            Some("check the URL and its path; if they are right, a proxy or firewall in between has answered"),
        );
    }
    if reply.is_html() {
        return foreign(
            "an intermediary answered with a page, not the token endpoint",
            Some(
                "a proxy, firewall or content delivery network stands in between, or the URL is not the token endpoint's",
            ),
        );
    }
    if (300..400).contains(&status) {
        return foreign(
            "the token endpoint redirects, which is never followed with credentials",
            Some("set the final URL: a missing or extra `/` at the end, or http instead of https, is the usual cause"),
        );
    }
    match body.code.as_deref() {
        Some("invalid_scope" | "scope_invalid" | "invalid_target" | "invalid_resource") => return scope(),
        Some("access_denied" | "unauthorized_client")
            if status == 403 && body.mentions(&["scope", "audience", "resource"]) =>
        {
            return scope();
        }
        Some("invalid_client") => {
            return class(
                ErrorKind::CredentialsRejected,
                "the authorization server refused the client credentials",
                None,
            );
        }
        Some("access_denied" | "unauthorized_client") => {
            let hint = "servers use this code for a wrong id or secret, and for a client that may not use the client-credentials grant: check both";
            return class(ErrorKind::CredentialsRejected, "the authorization server refused the client", Some(hint));
        }
        Some("use_dpop_nonce") => {
            return class(
                ErrorKind::CredentialsRejected,
                "the authorization server wants a DPoP proof",
                Some("DPoP is not supported; the client must be registered without it"),
            );
        }
        Some("server_error" | "temporarily_unavailable") => {
            return foreign("the authorization server has a problem of its own", Some(LATER));
        }
        Some("unsupported_grant_type") => {
            let hint = "the server does not offer client credentials here, or could not read the body: check the token endpoint and `body_format`";
            return class(ErrorKind::CredentialsRejected, "the authorization server refused the grant", Some(hint));
        }
        Some(_) if (200..500).contains(&status) && !matches!(status, 404 | 405) => {
            let hint = request_hint(body);
            return class(ErrorKind::CredentialsRejected, "the authorization server refused the request", hint);
        }
        _ => {}
    }
    match status {
        401 | 403 => {
            class(ErrorKind::CredentialsRejected, "the authorization server refused the client credentials", None)
        }
        404 | 405 => foreign("there is no token endpoint at this URL", Some("check the URL and its path")),
        500.. => foreign("the authorization server keeps failing", Some(LATER)),
        200..300 => {
            foreign("the answer of the token endpoint holds no access token", Some("is this the token endpoint's URL?"))
        }
        _ => foreign(
            "the token endpoint answered something that is not an OAuth error",
            Some("is this the token endpoint's URL?"),
        ),
    }
}

/// `invalid_request` has many causes; the explanation often tells which.
fn request_hint(body: &ErrorBody) -> Option<&'static str> {
    if body.mentions(&["grant type", "grant_type", "grant is"]) {
        Some("the client may not be allowed the client-credentials grant: compare its registration")
    } else if body.mentions(&["content-type", "content type", "urlencoded"]) {
        Some("the server wants another body: try the other `body_format` (form or json)")
    } else if body.mentions(&["encoded", "encoding"]) {
        Some(
            "the server reads Basic credentials in another way: try another `basic_encoding`, or `auth_method = \"client_secret_post\"`",
        )
    } else {
        None
    }
}

fn scope() -> Classification {
    Classification {
        kind: ErrorKind::ScopeRejected,
        message: "the authorization server refused the scope, audience or resource",
        hint: Some(
            "compare `scope`, `audience` and `resource` with what is registered for this client; they are case-sensitive",
        ),
        about_client: true,
    }
}

/// Adds what shows who answered, when a page came instead of an answer.
pub fn intermediary(mut error: Error, reply: &Response) -> Error {
    if reply.is_html() {
        for name in ["server", "via", "x-cache", "x-amz-cf-id"] {
            if let Some(value) = reply.header(name) {
                error = error.cause_quoted(format!("its header `{name}` says"), value);
            }
        }
    }
    if (300..400).contains(&reply.status)
        && let Some(location) = reply.header("location")
    {
        error = error.cause_quoted("it points to", location.split(['?', '#']).next().unwrap_or_default());
    }
    error
}

/// How long the server asks to wait, for a person.
pub fn wait_text(wait: Duration) -> String {
    format!("it asks to wait {}", humantime::format_duration(Duration::from_secs(wait.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
        let headers: HeaderMap = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        Response {
            status,
            headers,
            body: body.as_bytes().to_vec(),
            sent_at: SystemTime::UNIX_EPOCH,
            url: "https://as/t".into(),
            retry_after_exceeds_deadline: false,
        }
    }

    #[test]
    fn the_same_cause_in_many_shapes() {
        use ErrorKind::{BadResponse, CredentialsRejected, ScopeRejected, Throttled};
        for (status, headers, body, kind) in [
            (400, &[][..], r#"{"error":"invalid_client"}"#, CredentialsRejected),
            (401, &[], r#"{"error":"access_denied","error_description":"Unauthorized"}"#, CredentialsRejected),
            (
                401,
                &[],
                r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#,
                CredentialsRejected,
            ),
            (401, &[], "Unauthorized", CredentialsRejected),
            (403, &[], "", CredentialsRejected),
            (
                400,
                &[],
                r#"{"error":"invalid_request","error_description":"not properly encoded"}"#,
                CredentialsRejected,
            ),
            (400, &[], r#"{"error":"unsupported_grant_type"}"#, CredentialsRejected),
            (400, &[], r#"{"error":"invalid_scope"}"#, ScopeRejected),
            (
                403,
                &[],
                r#"{"error":"access_denied","error_description":"Client has not been granted scopes: x"}"#,
                ScopeRejected,
            ),
            (400, &[], r#"{"error":"invalid_target"}"#, ScopeRejected),
            (429, &[], "", Throttled),
            (429, &[], "<html>slow down</html>", Throttled),
            (400, &[], r#"{"error":"TooManyRequestsException","message":"Rate exceeded"}"#, Throttled),
            (403, &[("retry-after", "60")], r#"{"statusCode":403,"message":"Out of call volume quota."}"#, Throttled),
            (403, &[], "<!DOCTYPE html><p>blocked</p>", BadResponse),
            (404, &[], "<html></html>", BadResponse),
            (404, &[], "not here", BadResponse),
            (405, &[], "", BadResponse),
            (302, &[("location", "https://other/x?secret=1")], "", BadResponse),
            (503, &[], r#"{"error":"temporarily_unavailable"}"#, BadResponse),
            (500, &[], "", BadResponse),
            (200, &[], r#"{"error":"invalid_client"}"#, CredentialsRejected),
            (200, &[], r#"{"token":"x"}"#, BadResponse),
        ] {
            assert_eq!(refusal(&reply(status, headers, body), &[], SystemTime::now()).kind(), kind, "{status} {body}");
        }
    }

    #[test]
    fn a_provider_hint_needs_its_status_and_words() {
        let hints =
            [Hint::on("access_denied", "A").at(401), Hint::on("access_denied", "B").at(403), Hint::status(401, "C")];
        let error = refusal(&reply(401, &[], r#"{"error":"access_denied"}"#), &hints, SystemTime::now());
        assert_eq!(error.hints()[0], "A");
        assert!(!error.hints().iter().any(|h| h == "B" || h == "C"));
        assert_eq!(refusal(&reply(401, &[], ""), &hints, SystemTime::now()).hints(), ["C"]);
    }

    #[test]
    fn a_redirect_shows_where_without_its_query() {
        let error = refusal(&reply(302, &[("location", "https://other/x?secret=1")], ""), &[], SystemTime::now());
        assert_eq!(error.causes().last().and_then(|c| c.quote.as_deref()), Some("https://other/x"));
    }
}
