//! Authorization server metadata: from an issuer or a document's URL to the token endpoint (OpenID Connect Discovery 4,
//! RFC 8414). A trust decision: the token endpoint is where the secret goes, so a document that does not name the
//! expected issuer is never used.

use serde::Deserialize;

use crate::oauth::diagnosis;
use crate::oauth::error_body::ErrorBody;
use crate::oauth::error_body::THROTTLE_WORDS;
use crate::oauth::issuer::{self, IssuerRule};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::http::{Http, Reply, Request};
use crate::platform::json;
use crate::platform::url::{self, Url};

/// The largest metadata document accepted, in bytes.
const DOCUMENT_LIMIT: usize = 256 * 1024;

/// Which document to fetch, and whose it must be.
#[derive(Clone, Debug)]
pub struct Source {
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
    /// The document as it was sent, without a byte order mark.
    pub document: String,
}

#[derive(Deserialize)]
struct Wire {
    issuer: Option<String>,
    token_endpoint: Option<String>,
}

/// Fetches the metadata.
///
/// # Errors
/// Unreachable, throttled, or bad response: no document, a malformed one, another issuer's, or one whose token endpoint
/// may not be used.
pub async fn fetch(host: &Host, http: &Http, source: &Source) -> Result<Metadata> {
    let mut absent: Option<Error> = None;
    for document_url in &source.urls {
        let request = Request::get(document_url.clone(), url::shown(document_url), DOCUMENT_LIMIT);
        let reply = http.send(host, &request).await?;
        match read(&reply, source) {
            Ok(metadata) => return Ok(metadata),
            Err(Unusable::Fault(error)) => return Err(error),
            Err(Unusable::Absent(error)) => {
                absent = Some(match absent {
                    None => error,
                    Some(first) => error.causes().iter().fold(first, |all, cause| match &cause.quote {
                        Some(quote) => all.quoting(cause.text.clone(), quote.clone()),
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
    /// There is none here; another URL may have it.
    Absent(Error),
    /// There is one, or a failure, and trying elsewhere would be wrong.
    Fault(Error),
}

fn read(reply: &Reply, source: &Source) -> Result<Metadata, Unusable> {
    let answered = format!("GET {} answered {}", reply.url, reply.status);
    match reply.status {
        200 => {}
        429 | 500.. => return Err(Unusable::Fault(failing(reply, answered))),
        300..400 => {
            let error = bad(reply, "the metadata URL redirects, which is not followed")
                .cause(answered)
                .hint("set the final URL as `discovery_url`");
            return Err(Unusable::Fault(diagnosis::intermediary(error, reply)));
        }
        _ => return Err(Unusable::Absent(absent(reply, answered))),
    }
    let wire: Wire = match json::parse(&reply.body) {
        Ok(wire) => wire,
        Err(_) if reply.is_html() => {
            return Err(Unusable::Absent(absent(reply, format!("{answered} with an HTML page"))));
        }
        Err(why) => {
            let error = bad(reply, "the metadata document cannot be read")
                .cause(answered)
                .cause(why);
            return Err(Unusable::Fault(error));
        }
    };
    check(reply, wire, source).map_err(Unusable::Fault)
}

fn check(reply: &Reply, wire: Wire, source: &Source) -> Result<Metadata> {
    let document = String::from_utf8_lossy(json::without_bom(&reply.body)).into_owned();
    let lacks = |member: &str| {
        bad(reply, format!("the metadata document has no `{member}`"))
            .cause(format!("GET {} answered {}", reply.url, reply.status))
            .hint("is this the metadata URL of an authorization server? `token_url` skips discovery")
    };
    let issuer = wire.issuer.ok_or_else(|| lacks("issuer"))?;
    if !source.rule.accepts(&source.expected, &issuer) {
        return Err(bad(reply, "the metadata belongs to another issuer")
            .quoting("the expected issuer is", source.expected.clone())
            .quoting(format!("the document at {} names", reply.url), issuer.clone())
            .cause(issuer::difference(&source.expected, &issuer))
            .hint("if the document is right, pin its issuer: set `issuer` to exactly what it names"));
    }
    let endpoint = wire.token_endpoint.ok_or_else(|| lacks("token_endpoint"))?;
    let token_endpoint = url::parse_trusted(&endpoint).map_err(|why| {
        bad(reply, "the metadata names a token endpoint that may not be used")
            .quoting("its `token_endpoint` is", without_userinfo(&endpoint))
            .cause(why)
            .hint("nothing was sent there")
    })?;
    Ok(Metadata {
        issuer,
        token_endpoint,
        document,
    })
}

fn without_userinfo(endpoint: &str) -> String {
    match Url::parse(endpoint) {
        Ok(mut url) if url.has_authority() => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        }
        _ => endpoint.to_owned(),
    }
}

fn absent(reply: &Reply, answered: String) -> Error {
    let error = bad(reply, "no metadata document was found").cause(answered);
    diagnosis::intermediary(error, reply)
        .hint("check the issuer, or name the document with `discovery_url`, or skip discovery with `token_url`")
}

fn failing(reply: &Reply, answered: String) -> Error {
    let body = ErrorBody::of(reply);
    let throttled = reply.status == 429 || body.mentions(&THROTTLE_WORDS);
    let (kind, message) = if throttled {
        (ErrorKind::Throttled, "the metadata endpoint throttles this client")
    } else {
        (ErrorKind::BadResponse, "the metadata endpoint keeps failing")
    };
    let error = Error::new(kind, message).facts(reply.facts());
    let error = match body.words().filter(|_| !reply.is_html()) {
        Some(words) => error.quoting(answered, words),
        None => error.cause(answered),
    };
    diagnosis::intermediary(error, reply)
        .hint("try again later")
        .transient()
}

fn bad(reply: &Reply, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::BadResponse, message).facts(reply.facts())
}
