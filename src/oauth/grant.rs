//! The client-credentials grant (RFC 6749 section 4.4): builds the token request. What comes back is `token`'s.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use crate::http::message::Request;
use crate::http::retry::RetryPolicy;
use crate::oauth::client_auth::Authentication;
use crate::oauth::scope::Scope;
use crate::platform::error::{Error, Result};
use crate::platform::url;
use crate::platform::url::Url;

/// The largest token response accepted, in bytes.
pub const RESPONSE_LIMIT: usize = 1024 * 1024;

/// Parameters that belong to the grant or to client authentication, and so cannot be set freely.
const RESERVED: [&str; 6] =
    ["grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type"];

/// How parameters travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, as the RFC has it.
    Form,
    /// A JSON object, as Auth0 takes it.
    Json,
}

impl BodyFormat {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Form, Self::Json];

    /// The names in settings, in the order of the enum.
    pub const NAMES: &[&str] = &["form", "json"];

    /// The name in settings.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// What is asked for, apart from who asks.
#[derive(Clone, Debug)]
pub struct Grant {
    /// How the parameters travel.
    pub body_format: BodyFormat,
    /// Omitted when empty.
    pub scope: Scope,
    /// The API that the token is for, as Auth0 and others name it.
    pub audience: Option<String>,
    /// Resource indicators (RFC 8707), the only parameter that may repeat.
    pub resources: Vec<String>,
    /// Anything else a server wants.
    pub params: Vec<(String, String)>,
}

impl Grant {
    /// Checks extra parameters: none may replace a parameter of the grant or of client authentication, none may repeat.
    ///
    /// # Errors
    /// Usage, naming the parameter, never its value.
    pub fn check_params(&self) -> Result<()> {
        for (at, (name, _)) in self.params.iter().enumerate() {
            if RESERVED.contains(&name.as_str()) {
                return Err(Error::usage(format!("`params` cannot set `{name}`")).hint(format!(
                    "`{name}` belongs to the grant or to client authentication and has a setting of its own"
                )));
            }
            let taken = (name == "audience" && self.audience.is_some())
                || (name == "resource" && !self.resources.is_empty())
                || self.params[..at].iter().any(|(earlier, _)| earlier == name);
            if taken {
                return Err(Error::usage(format!("the parameter `{name}` is given twice"))
                    .hint("a token request holds each parameter once (RFC 6749 section 3.2)"));
            }
        }
        Ok(())
    }
}

/// Builds the token request.
///
/// # Errors
/// Usage: credentials that cannot be sent as a header.
pub fn build_request(endpoint: &Url, grant: &Grant, authentication: &Authentication) -> Result<Request> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let (content_type, body) = match grant.body_format {
        BodyFormat::Form => ("application/x-www-form-urlencoded", form(grant, authentication)),
        BodyFormat::Json => ("application/json", json(grant, authentication)),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let mut request = Request {
        method: Method::POST,
        url: endpoint.clone(),
        display_url: url::display_url(endpoint),
        headers,
        body: Some(body),
        limit: RESPONSE_LIMIT,
        retry: RetryPolicy::UntilResponse,
        idempotency_key: None,
    };
    if let Some(authorization) = &authentication.authorization {
        request.secret_header(AUTHORIZATION, authorization.expose(), "the client credentials")?;
    }
    Ok(request)
}

/// Single-valued parameters in the order sent; one without a value is left out (RFC 6749 section 3.2).
fn parameters<'a>(grant: &'a Grant, authentication: &'a Authentication) -> impl Iterator<Item = (&'a str, String)> {
    let credentials = authentication.params.iter().map(|(name, value)| (*name, value.expose().to_owned()));
    let audience = grant.audience.iter().map(|audience| ("audience", audience.clone()));
    let extra = grant.params.iter().map(|(name, value)| (name.as_str(), value.clone()));
    std::iter::once(("grant_type", "client_credentials".to_owned()))
        .chain(credentials)
        .chain(std::iter::once(("scope", grant.scope.joined())))
        .chain(audience)
        .chain(extra)
        .filter(|(_, value)| !value.is_empty())
}

fn form(grant: &Grant, authentication: &Authentication) -> Vec<u8> {
    let mut form = ::url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters(grant, authentication));
    form.extend_pairs(grant.resources.iter().map(|resource| ("resource", resource)));
    form.finish().into_bytes()
}

fn json(grant: &Grant, authentication: &Authentication) -> Vec<u8> {
    let mut object: Map<String, Value> =
        parameters(grant, authentication).map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
    match grant.resources.as_slice() {
        [] => {}
        [one] => drop(object.insert("resource".into(), one.as_str().into())),
        many => drop(object.insert("resource".into(), many.into())),
    }
    Value::Object(object).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client_auth;
    use crate::oauth::client_auth::BasicEncoding;
    use crate::platform::secret::Secret;

    fn grant(body_format: BodyFormat) -> Grant {
        Grant { body_format, scope: Scope::default(), audience: None, resources: Vec::new(), params: Vec::new() }
    }

    fn body(grant: &Grant, authentication: &Authentication) -> String {
        let endpoint = Url::parse("https://as.example/token?p=1").unwrap();
        let request = build_request(&endpoint, grant, authentication).unwrap();
        assert_eq!(request.url.as_str(), "https://as.example/token?p=1");
        String::from_utf8(request.body.unwrap()).unwrap()
    }

    #[test]
    fn a_form_holds_what_is_set_and_nothing_else() {
        let secret = Secret::new("s&cret".into());
        let basic = client_auth::basic("id", &secret, BasicEncoding::Form, false).unwrap();
        assert_eq!(body(&grant(BodyFormat::Form), &basic), "grant_type=client_credentials");
        let full = Grant {
            scope: Scope::parse("a/b c").unwrap(),
            audience: Some("https://api".into()),
            resources: vec!["https://r1".into(), "https://r2".into()],
            params: vec![("organization".into(), "org_1".into()), ("empty".into(), String::new())],
            ..grant(BodyFormat::Form)
        };
        assert_eq!(
            body(&full, &client_auth::post("id", &secret)),
            "grant_type=client_credentials&client_id=id&client_secret=s%26cret&scope=a%2Fb+c&audience=https%3A%2F%2Fapi&organization=org_1&resource=https%3A%2F%2Fr1&resource=https%3A%2F%2Fr2"
        );
    }

    #[test]
    fn a_json_body_is_exactly_the_members_asked_for() {
        let auth = client_auth::post("id", &Secret::new("s\"x".into()));
        assert_eq!(
            body(&grant(BodyFormat::Json), &auth),
            r#"{"client_id":"id","client_secret":"s\"x","grant_type":"client_credentials"}"#
        );
        let scoped = Grant { scope: Scope::parse("read:a").unwrap(), ..grant(BodyFormat::Json) };
        assert_eq!(
            body(&scoped, &auth),
            r#"{"client_id":"id","client_secret":"s\"x","grant_type":"client_credentials","scope":"read:a"}"#
        );
    }

    #[test]
    fn extra_parameters_cannot_replace_the_grant() {
        for name in RESERVED {
            let grant = Grant { params: vec![(name.into(), "x".into())], ..grant(BodyFormat::Form) };
            assert!(grant.check_params().is_err(), "{name}");
        }
        let twice =
            Grant { params: vec![("a".into(), "x".into()), ("a".into(), "y".into())], ..grant(BodyFormat::Form) };
        assert!(twice.check_params().is_err());
    }
}
