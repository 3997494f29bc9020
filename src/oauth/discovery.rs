//! Authorization server metadata: from an issuer or a document's URL to the token endpoint (OpenID Connect Discovery 4,
//! RFC 8414). A trust decision: the token endpoint is where the secret goes, so a document that does not name the
//! expected issuer is never used.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::http::client::Http;
use crate::http::message::{Request, Response};
use crate::oauth::error_body::ErrorBody;
use crate::oauth::error_body::THROTTLE_WORDS;
use crate::oauth::issuer;
use crate::oauth::issuer::IssuerRule;
use crate::oauth::refusal::{Answer, Rule};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::json;
use crate::platform::url;
use crate::platform::url::Url;

/// The largest metadata document accepted, in bytes.
const DOCUMENT_LIMIT: usize = 256 * 1024;

/// The longest a document is kept.
const LONGEST_KEPT: Duration = Duration::from_secs(24 * 3600);

/// Which document to fetch, and whose it must be.
#[derive(Clone, Debug)]
pub struct MetadataSource {
    /// The URLs to try, in order; a later one only where an earlier one has no document.
    pub urls: Vec<Url>,
    /// The issuer that the document must name.
    pub expected: String,
    /// Which other issuers are accepted.
    pub rule: IssuerRule,
}

/// What is used of a metadata document, checked.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The issuer, as the document writes it.
    pub issuer: String,
    /// Where tokens are granted: https, or loopback.
    pub token_endpoint: Url,
    /// Where tokens are granted over mutual TLS, if elsewhere (RFC 8705 section 5).
    pub mtls_token_endpoint: Option<Url>,
    /// Where the keys are that tokens are signed with: https, or loopback; none where the document names none, or one
    /// that may not be used.
    pub jwks_uri: Option<Url>,
    /// How clients may authenticate; `client_secret_basic` where the document does not say (RFC 8414 section 2).
    pub auth_methods: Vec<String>,
    /// The document as it was sent, without a byte order mark.
    pub document: String,
    /// Where it was found.
    pub url: Url,
    /// How long it may be kept; zero: not at all.
    pub cache_for: Duration,
}

#[derive(Deserialize)]
struct Wire {
    issuer: Option<String>,
    token_endpoint: Option<String>,
    jwks_uri: Option<String>,
    mtls_endpoint_aliases: Option<Aliases>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Aliases {
    token_endpoint: Option<String>,
}

/// Fetches the metadata.
///
/// # Errors
/// Unreachable, throttled, or bad response: no document, a malformed one, another issuer's, or one whose token endpoint
/// may not be used.
pub async fn fetch(host: &Host, http: &Http, source: &MetadataSource) -> Result<Metadata> {
    let mut absent: Option<Error> = None;
    for document_url in &source.urls {
        let request = Request::get(document_url.clone(), url::display_url(document_url), DOCUMENT_LIMIT);
        let reply = http.send(host, &request).await?;
        match read(&reply, document_url, source, host.process.now()) {
            Ok(metadata) => return Ok(metadata),
            Err(Unusable::Fault(error)) => return Err(error),
            Err(Unusable::Absent(error)) => {
                absent = Some(match absent {
                    None => error,
                    Some(first) => error.causes().iter().fold(first, |all, cause| match &cause.quote {
                        Some(quote) => all.cause_quoted(cause.text.clone(), quote.clone()),
                        None => all.cause(cause.text.clone()),
                    }),
                });
            }
        }
    }
    Err(absent.unwrap_or_else(|| Error::new(ErrorKind::Internal, "no metadata URL to try")))
}

/// Why an answer is not the document.
enum Unusable {
    /// There is no document at this URL; another URL may have it.
    Absent(Error),
    /// There is one, or a failure, and trying elsewhere would be wrong.
    Fault(Error),
}

const THROTTLED: Rule =
    Rule::new(ErrorKind::Throttled, "the metadata endpoint throttles this client").hint("try again later");

/// What an answer that is not the document means. Only the last one leaves hope for another URL.
const RULES: &[Rule] = &[
    THROTTLED.statuses(&[(429, 429)]),
    THROTTLED.statuses(&[(500, 999)]).beyond_deadline(),
    THROTTLED.statuses(&[(500, 999)]).words(&THROTTLE_WORDS),
    Rule::new(ErrorKind::BadResponse, "the metadata endpoint keeps failing")
        .statuses(&[(500, 999)])
        .hint("try again later"),
    Rule::new(ErrorKind::BadResponse, "the metadata URL redirects, which is not followed")
        .statuses(&[(300, 399)])
        .hint("set the final URL as `discovery_url`"),
    Rule::new(ErrorKind::BadResponse, "no metadata document was found")
        .hint("check the issuer, or name the document with `discovery_url`, or skip discovery with `token_url`"),
];

fn unusable(reply: &Response, now: SystemTime) -> Unusable {
    let request = format!("GET {}", reply.url);
    let answer = Answer { response: reply, body: &ErrorBody::of(reply), request: &request };
    let at = answer.rule(RULES);
    let error = answer.error(&RULES[at], now);
    let error = RULES[at].hint.into_iter().fold(error, Error::hint);
    if at + 1 == RULES.len() { Unusable::Absent(error) } else { Unusable::Fault(error) }
}

fn read(reply: &Response, url: &Url, source: &MetadataSource, now: SystemTime) -> Result<Metadata, Unusable> {
    if reply.status != 200 {
        return Err(unusable(reply, now));
    }
    let answered = format!("GET {} answered {}", reply.url, reply.status);
    let wire: Wire = match json::parse(&reply.body) {
        Ok(wire) => wire,
        Err(_) if reply.is_html() => return Err(unusable(reply, now)),
        Err(why) => {
            let error = bad(reply, "the metadata document cannot be read").cause(answered).cause(why);
            return Err(Unusable::Fault(error));
        }
    };
    let metadata =
        check(&reply.body, wire, url, source).map_err(|e| Unusable::Fault(e.http_context(reply.http_context())))?;
    Ok(Metadata { cache_for: cache_for(&reply.list("cache-control")), ..metadata })
}

/// Reads a document that was fetched from `url` earlier, as strictly as a new one.
///
/// # Errors
/// Bad response: it is malformed, another issuer's, or names a token endpoint that may not be used.
pub fn read_document(document: &[u8], url: &Url, source: &MetadataSource) -> Result<Metadata> {
    let wire = json::parse(document)
        .map_err(|why| Error::new(ErrorKind::BadResponse, "the metadata document cannot be read").cause(why))?;
    check(document, wire, url, source)
}

/// How long a document may be kept (RFC 9111 section 5.2.2): a day, or less where the server says so.
fn cache_for(cache_control: &str) -> Duration {
    let directives: Vec<String> = cache_control.split(',').map(|d| d.trim().to_ascii_lowercase()).collect();
    if directives.iter().any(|d| d == "no-store" || d == "no-cache") {
        return Duration::ZERO;
    }
    let max_age = directives.iter().find_map(|d| d.strip_prefix("max-age=")?.trim_matches('"').parse().ok());
    max_age.map_or(LONGEST_KEPT, |secs| Duration::from_secs(secs).min(LONGEST_KEPT))
}

fn check(document: &[u8], wire: Wire, url: &Url, source: &MetadataSource) -> Result<Metadata> {
    let place = url::display_url(url);
    let bad = |message: String| Error::new(ErrorKind::BadResponse, message);
    let lacks = |member: &str| {
        bad(format!("the metadata document has no `{member}`"))
            .cause(format!("it was read from {place}"))
            .hint("is this the metadata URL of an authorization server? `token_url` skips discovery")
    };
    let issuer = wire.issuer.ok_or_else(|| lacks("issuer"))?;
    if !source.rule.accepts(&source.expected, &issuer) {
        return Err(bad("the metadata belongs to another issuer".into())
            .cause_quoted("the expected issuer is", source.expected.clone())
            .cause_quoted(format!("the document at {place} names"), issuer.clone())
            .cause(issuer::difference(&source.expected, &issuer))
            .hint("if the document is right, pin its issuer: set `issuer` to exactly what it names"));
    }
    let endpoint = wire.token_endpoint.ok_or_else(|| lacks("token_endpoint"))?;
    let token_endpoint = url::parse_secure(&endpoint).map_err(|why| {
        bad("the metadata names a token endpoint that may not be used".into())
            .cause_quoted("its `token_endpoint` is", url::hide_userinfo(&endpoint))
            .cause(why)
            .hint("nothing was sent there")
    })?;
    let alias = wire.mtls_endpoint_aliases.and_then(|aliases| aliases.token_endpoint);
    let mtls_token_endpoint = alias.and_then(|endpoint| url::parse_secure(&endpoint).ok());
    let jwks_uri = wire.jwks_uri.and_then(|uri| url::parse_secure(&uri).ok());
    let auth_methods = wire.token_endpoint_auth_methods_supported.unwrap_or_else(|| vec!["client_secret_basic".into()]);
    let document = String::from_utf8_lossy(json::without_bom(document)).into_owned();
    Ok(Metadata {
        issuer,
        token_endpoint,
        mtls_token_endpoint,
        jwks_uri,
        auth_methods,
        document,
        url: url.clone(),
        cache_for: Duration::ZERO,
    })
}

fn bad(reply: &Response, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::BadResponse, message).http_context(reply.http_context())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_kept_a_day_at_most() {
        for (header, secs) in [
            ("", 86_400),
            ("public, max-age=300", 300),
            ("max-age=999999", 86_400),
            ("max-age=0", 0),
            ("no-store", 0),
            ("No-Cache, max-age=300", 0),
        ] {
            assert_eq!(cache_for(header), Duration::from_secs(secs), "{header}");
        }
    }
}
