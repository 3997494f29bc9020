//! One authorized request of the user's making: pinned to the API's origin, with the token and the gateway's headers.

use reqwest::Method;
use reqwest::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
};

use crate::api::refusal;
use crate::api::session::ApiSession;
use crate::http::message::{BodySink, Request, ResponseEvent, visible_ascii};
use crate::http::retry::RetryPolicy;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::redaction::personal_data;
use crate::platform::redaction::redactor::HIDDEN;
use crate::platform::url;
use crate::platform::url::Url;
use crate::settings::api::Api;
use crate::settings::secret_headers;

/// The largest body kept of an answer that is not a success, in bytes.
const REFUSAL_LIMIT: usize = 8 * 1024 * 1024;

/// A body to send.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its media type, unless a header says otherwise.
    pub content_type: Option<&'static str>,
}

/// Builds the request. `target` is a path that begins with one `/`, the name of one after `@`, or a URL on the API's origin.
///
/// # Errors
/// Usage: the method, target or a header cannot be used; nothing is sent then.
pub fn build(api: &Api, method: &str, target: &str, headers: &[String], payload: Option<Payload>) -> Result<Request> {
    let method = parse_method(method)?;
    let url = resolve(api, target)?;
    // A path may hold a CPF.
    let mut request =
        Request::get(url.clone(), personal_data::mask_cpfs(&url::display_url(&url), HIDDEN), REFUSAL_LIMIT);
    request.headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("*/*"))]);
    request.retry =
        if matches!(method, Method::GET | Method::HEAD) { RetryPolicy::Idempotent } else { RetryPolicy::Never };
    request.method = method;
    if let Some(payload) = payload {
        if let Some(content_type) = payload.content_type {
            request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        request.body = Some(payload.bytes);
    }
    let expects_body = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
    if expects_body && request.body.as_ref().is_none_or(Vec::is_empty) {
        // RFC 9110 section 8.6: without it servers answer 411, or wait for a body.
        request.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let mut given = HeaderMap::new();
    for (at, line) in headers.iter().enumerate() {
        let (name, value) = parse_header(at, line)?;
        given.append(name, value);
    }
    // Those of the same name go out together, in place of a default.
    request.headers.extend(given);
    Ok(request)
}

/// Gives a write a key by which the API recognizes a repetition, so that it may be repeated.
///
/// # Errors
/// Usage: the method only reads, or the key cannot be sent.
pub fn make_idempotent(request: &mut Request, api: &Api, key: String) -> Result<()> {
    if request.method.is_safe() {
        return Err(Error::usage(format!("`--idempotent` is for writes, and {} only reads", request.method))
            .hint("a GET may be repeated anyway"));
    }
    let fits = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let value = fits.then(|| HeaderValue::from_str(&key).ok()).flatten().ok_or_else(|| {
        Error::usage(format!("`--idempotent={key}` cannot be used"))
            .cause("a key is visible ASCII, of 1 to 255 characters")
    })?;
    request.headers.insert(api.idempotency_header.clone(), value);
    request.retry = RetryPolicy::Keyed;
    request.idempotency_key = Some(key);
    Ok(())
}

fn parse_method(given: &str) -> Result<Method> {
    let method = Method::from_bytes(given.to_ascii_uppercase().as_bytes())
        .map_err(|_| Error::usage(format!("`{given}` is not an HTTP method")))?;
    if method == Method::CONNECT {
        return Err(Error::usage("the method `CONNECT` is refused").cause("it is for proxies, not for an API"));
    }
    Ok(method)
}

/// `Name: value`; the value may be a secret and is never shown.
fn parse_header(at: usize, line: &str) -> Result<(HeaderName, HeaderValue)> {
    let refused = |why: &str| {
        Error::usage(format!("header {} of `-H` cannot be used (not shown)", at + 1))
            .cause(why)
            .hint("write `-H 'Name: value'`")
    };
    let (name, value) = line.split_once(':').ok_or_else(|| refused("it has no `:`"))?;
    let name: HeaderName = name.trim().parse().map_err(|_| refused("its name is not one"))?;
    if secret_headers::RESERVED.contains(&name.as_str()) {
        return Err(Error::usage(format!("`-H` cannot set `{name}`")).hint("the request itself sets it"));
    }
    let mut value = visible_ascii(value.trim(), &format!("the value of `-H {name}`"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn resolve(api: &Api, target: &str) -> Result<Url> {
    let shown = personal_data::mask_cpfs(target.split(['?', '#']).next().unwrap_or_default(), HIDDEN);
    let refused = |why: String| {
        Error::usage(format!("`{shown}` is refused: {why}")).hint(format!(
            "give a path that begins with one `/`, or a URL on {}",
            api.url.origin().ascii_serialization()
        ))
    };
    if target.contains('#') {
        return Err(refused("it holds a fragment (`#..`)".into()));
    }
    // Parsers of URLs drop line ends and tabs, and take a backslash for a slash: what is sent would not be what is read
    // here.
    if target.contains(|c: char| c == '\\' || c.is_control()) || target.trim() != target {
        return Err(refused("it holds a backslash, a control character, or blanks at an end".into()));
    }
    if let Some(name) = target.strip_prefix('@') {
        let (name, query) = name.split_once('?').map_or((name, ""), |(name, query)| (name, query));
        let path = api.path(name)?;
        let joined = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        return url::join(&api.url, &joined).map_err(|why| {
            Error::usage(format!("the path `@{name}`, `{path}`, is refused: {why}")).hint("a path begins with one `/`")
        });
    }
    if target.starts_with('/') && !target.starts_with("//") {
        return url::join(&api.url, target).map_err(refused);
    }
    if !target.contains("://") {
        return Err(refused(
            "it is neither a path that begins with one `/`, nor a named path (`@balance`), nor a URL".into(),
        ));
    }
    let parsed = Url::parse(target).map_err(|e| Error::usage("the URL is refused (not shown)").caused_by(e))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Error::usage("the URL is refused (not shown): it holds a user name or password"));
    }
    if parsed.origin() != api.url.origin() {
        return Err(refused(format!(
            "the token goes to the origin of `api_url` only, {}",
            api.url.origin().ascii_serialization()
        )));
    }
    Ok(parsed)
}

/// Sends the request and passes the answer to `sink`, head first. Anything but a success also gives the error that goes
/// with it.
///
/// # Errors
/// The network's errors.
pub async fn send(
    host: &Host,
    session: &ApiSession<'_>,
    mut request: Request,
    sink: &mut BodySink<'_>,
) -> Result<Option<Error>> {
    let reply = session.send(&mut request, Some(sink)).await?;
    if reply.is_success() {
        return Ok(None);
    }
    if sink(ResponseEvent::Head(&reply)).is_continue() {
        let _ = sink(ResponseEvent::Chunk(&reply.body));
    }
    let (what, correlation) = (request.description(), &session.correlation);
    let with_key = |error: Error| match &request.idempotency_key {
        Some(key) => error.with_idempotency_key(key),
        None => error,
    };
    let conditional = [IF_NONE_MATCH, IF_MODIFIED_SINCE].iter().any(|name| request.headers.contains_key(name));
    Ok(Some(if reply.status == 304 && conditional {
        refusal::not_modified(&reply, &what, correlation)
    } else {
        with_key(refusal::refusal(&reply, &session.call(&what), host.process.now()))
    }))
}
