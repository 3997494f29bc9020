//! Authorization server metadata: from an issuer or a document's URL to the token endpoint (OpenID Connect Discovery 4,
//! RFC 8414). A trust decision: the token endpoint is where the secret goes, so a document that does not name the
//! expected issuer is never used.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::http::client::Http;
use crate::http::message::{Request, Response};
use crate::oauth::answer_shape;
use crate::oauth::error_body::ErrorBody;
use crate::oauth::error_body::THROTTLE_WORDS;
use crate::oauth::issuer;
use crate::oauth::issuer::IssuerRule;
use crate::oauth::refusal::{Answer, Rule};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::json;
use crate::platform::json::Members;
use crate::platform::unfilled;
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
    /// The issuer that access tokens name, if the document says that it is another one (AD FS: `access_token_issuer`).
    pub token_issuer: Option<String>,
    /// Where tokens are granted: https, or loopback.
    pub token_endpoint: Url,
    /// Where tokens are granted over mutual TLS, if elsewhere (RFC 8705 section 5).
    pub mtls_token_endpoint: Option<Url>,
    /// Where the keys are that tokens are signed with: https, or loopback; none where the document names none, or one
    /// that may not be used.
    pub jwks_uri: Option<Url>,
    /// How clients may authenticate; `client_secret_basic` where the document does not say (RFC 8414 section 2).
    pub auth_methods: Vec<String>,
    /// What deserves a warning, in sentences.
    pub remarks: Vec<String>,
    /// The document as it was sent, without a byte order mark.
    pub document: String,
    /// Where it was found.
    pub url: Url,
    /// How long it may be kept; zero: not at all.
    pub cache_for: Duration,
}

/// The members that are used, each as it was written.
struct Document(Members);

impl Document {
    /// A text that must be there.
    fn required(&self, name: &str, place: &str) -> Result<String> {
        let error = match self.0.get(name) {
            Some(_) if self.0.count(name) > 1 => Error::new(
                ErrorKind::BadResponse,
                format!("the metadata document is ambiguous: `{name}` stands in it more than once"),
            ),
            None => Error::new(ErrorKind::BadResponse, format!("the metadata document has no `{name}`")),
            Some(_) => match self.0.text(name) {
                Some(text) => return Ok(text),
                None => {
                    Error::new(ErrorKind::BadResponse, format!("the `{name}` of the metadata document is not a string"))
                }
            },
        };
        Err(error
            .cause(format!("it was read from {place}"))
            .hint("is this the metadata URL of an authorization server? `token_url` skips discovery"))
    }

    /// A member that m2m can do without; one of another type counts as missing, with a remark.
    fn optional<T: for<'de> Deserialize<'de>>(&self, name: &str, remarks: &mut Vec<String>) -> Option<T> {
        let raw = self.0.get(name)?;
        let read = serde_json::from_str::<Option<T>>(raw.get());
        if read.is_err() {
            remarks.push(format!("the metadata member `{name}` is of another type than RFC 8414 has, and is ignored"));
        }
        read.ok().flatten()
    }
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
    // Every place is asked, whatever the first one answers: the same server has all of them.
    let mut refused: Option<Error> = None;
    let mut absent: Option<Error> = None;
    for document_url in &source.urls {
        let request = Request::get(document_url.clone(), url::display_url(document_url), DOCUMENT_LIMIT);
        let reply = http.send(host, &request).await?;
        match read(&reply, document_url, source, host.process.now()) {
            Ok(metadata) => return Ok(metadata),
            Err(Unusable::Fault(error)) => refused = refused.or(Some(error)),
            Err(Unusable::Absent(error)) => {
                absent = Some(absent.map_or(error.clone(), |first| first.with_causes_of(&error)))
            }
        }
    }
    // A fault says more than an absence.
    let error = refused.or(absent);
    Err(error.unwrap_or_else(|| Error::new(ErrorKind::Internal, "no metadata URL to try")))
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
        .hint("set the final URL as `discovery_url`, and `issuer` to what the document there names"),
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
    let document = match json::parse(&reply.body) {
        Ok(members) => Document(members),
        // A portal answers every path with its page; the other place may have the document.
        Err(_) if reply.is_html() => return Err(unusable(reply, now)),
        Err(why) => {
            let error = bad(reply, "the metadata document cannot be read").cause(answered).cause(why);
            return Err(Unusable::Fault(answer_shape::add_to(error, reply)));
        }
    };
    let metadata = check(&reply.body, &document, url, source)
        .map_err(|e| Unusable::Fault(e.http_context(reply.http_context())))?;
    Ok(Metadata { cache_for: cache_for(&reply.list("cache-control")), ..metadata })
}

/// Reads a document that was fetched from `url` earlier, as strictly as a new one.
///
/// # Errors
/// Bad response: it is malformed, another issuer's, or names a token endpoint that may not be used.
pub fn read_document(document: &[u8], url: &Url, source: &MetadataSource) -> Result<Metadata> {
    let members = json::parse(document)
        .map_err(|why| Error::new(ErrorKind::BadResponse, "the metadata document cannot be read").cause(why))?;
    check(document, &Document(members), url, source)
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

fn check(text: &[u8], document: &Document, url: &Url, source: &MetadataSource) -> Result<Metadata> {
    let place = url::display_url(url);
    let issuer = document.required("issuer", &place)?;
    if !source.rule.accepts(&source.expected, &issuer) {
        return Err(another_issuer(source, &issuer, &place));
    }
    let endpoint = document.required("token_endpoint", &place)?;
    let token_endpoint = url::parse_secure(&endpoint).map_err(|why| {
        Error::new(ErrorKind::BadResponse, "the metadata names a token endpoint that may not be used")
            .cause_quoted("its `token_endpoint` is", url::hide_userinfo(&endpoint))
            .cause(why)
            .cause("nothing was sent there")
            .hint("a server behind a proxy that ends TLS must be told its public address (`X-Forwarded-Proto`, or its own setting); until then set `token_url` to the public URL")
    })?;
    let mut remarks = Vec::new();
    let alias = document.optional::<Aliases>("mtls_endpoint_aliases", &mut remarks);
    let secure = |text: Option<String>| text.and_then(|text| url::parse_secure(&text).ok());
    let mtls_token_endpoint = secure(alias.and_then(|aliases| aliases.token_endpoint));
    let jwks_uri = secure(document.optional("jwks_uri", &mut remarks));
    let auth_methods = document.optional("token_endpoint_auth_methods_supported", &mut remarks);
    Ok(Metadata {
        token_issuer: document.optional("access_token_issuer", &mut remarks),
        issuer,
        token_endpoint,
        mtls_token_endpoint,
        jwks_uri,
        auth_methods: auth_methods.unwrap_or_else(|| vec!["client_secret_basic".into()]),
        remarks,
        document: String::from_utf8_lossy(json::without_bom(text)).into_owned(),
        url: url.clone(),
        cache_for: Duration::ZERO,
    })
}

fn another_issuer(source: &MetadataSource, found: &str, place: &str) -> Error {
    let error = Error::new(ErrorKind::BadResponse, "the metadata belongs to another issuer")
        .cause_quoted("the expected issuer is", source.expected.clone())
        .cause_quoted(format!("the document at {place} names"), found)
        .cause(issuer::difference(&source.expected, found));
    match unfilled::braces(found) {
        // What Entra serves for `common` and `organizations`.
        Some(placeholder) => error.hint(format!(
            "`{placeholder}` stands for a tenant: name your tenant's id in the issuer in place of `common` or `organizations`"
        )),
        None => error.hint("if the document is right, pin its issuer: set `issuer` to exactly what it names"),
    }
}

fn bad(reply: &Response, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::BadResponse, message).http_context(reply.http_context())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::refusal::{Sample, unreached};

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

    fn document(body: &str) -> Result<Metadata> {
        let source =
            MetadataSource { urls: Vec::new(), expected: "https://as.example".into(), rule: IssuerRule::Exact };
        let url = Url::parse("https://as.example/.well-known/openid-configuration").unwrap();
        read_document(body.as_bytes(), &url, &source)
    }

    #[test]
    fn a_member_of_another_type_is_ignored_with_a_remark_and_a_needed_one_is_named() {
        let needed = r#""issuer":"https://as.example","token_endpoint":"https://as.example/t""#;
        let read = document(&format!(
            r#"{{{needed},"token_endpoint_auth_methods_supported":"client_secret_post","jwks_uri":7,"mtls_endpoint_aliases":[],"access_token_issuer":null}}"#
        ))
        .unwrap();
        assert_eq!(
            (read.auth_methods, read.jwks_uri, read.token_issuer),
            (vec!["client_secret_basic".to_owned()], None, None)
        );
        assert_eq!(read.remarks.len(), 3, "{:?}", read.remarks);
        for (body, message) in [
            (r#"{"issuer":"https://as.example"}"#, "the metadata document has no `token_endpoint`"),
            (
                r#"{"issuer":"https://as.example","token_endpoint":["https://as.example/t"]}"#,
                "the `token_endpoint` of the metadata document is not a string",
            ),
        ] {
            assert_eq!(document(body).unwrap_err().message(), message);
        }
    }

    #[test]
    fn the_hint_fits_the_issuer_that_came() {
        for (issuer, hint) in
            [("https://login.example/{tenantid}/v2.0", "your tenant's id"), ("https://as.example/", "pin its issuer")]
        {
            let error =
                document(&format!(r#"{{"issuer":"{issuer}","token_endpoint":"https://as.example/t"}}"#)).unwrap_err();
            assert!(error.hints()[0].contains(hint), "{:?}", error.hints());
        }
    }

    #[test]
    fn every_rule_is_reached() {
        let answers: &[Sample] = &[
            (429, &[], ""),
            (503, &[], r#"{"message":"Rate exceeded"}"#),
            (500, &[], ""),
            (301, &[("location", "https://as.example/x")], ""),
            (404, &[], "Realm does not exist"),
        ];
        // The one that needs a deadline is for the black-box tests.
        assert_eq!(unreached(RULES, answers), ["the metadata endpoint throttles this client"]);
    }
}
