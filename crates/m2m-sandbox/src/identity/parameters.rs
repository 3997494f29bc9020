//! The parameters of a token request, from a form or from JSON. What they mean is decided elsewhere.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use serde_json::Value;
use url::form_urlencoded;

/// Parameters by name, each given once and not empty (RFC 6749 section 3.2).
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a form; `None` if a parameter is repeated.
    pub(crate) fn from_form(body: &[u8]) -> Option<Self> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self(parameters))
    }

    /// Reads a JSON object of strings; `None` if it is something else.
    pub(crate) fn from_json(body: &[u8]) -> Option<Self> {
        let members: BTreeMap<String, Value> = serde_json::from_slice(body).ok()?;
        members
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(value) => Some((name, value)),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Self)
    }

    /// The value of a parameter; an empty one counts as missing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The requested scopes, in order (RFC 6749 section 3.3).
    pub(crate) fn scopes(&self) -> Vec<&str> {
        self.get("scope").map(|scope| scope.split(' ').filter(|each| !each.is_empty()).collect()).unwrap_or_default()
    }
}

/// The media type of a request in lower case, without parameters; empty if the header is missing.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let form = b"grant_type=client_credentials&scope=a%2Fb+c%2Fd&client_secret=%2B%25%C3%A9&empty=";
        let parameters = Parameters::from_form(form).unwrap();
        assert_eq!(parameters.get("grant_type"), Some("client_credentials"));
        assert_eq!(parameters.scopes(), ["a/b", "c/d"]);
        assert_eq!(parameters.get("client_secret"), Some("+%\u{e9}"));
        assert_eq!(parameters.get("empty"), None);
        assert_eq!(parameters.get("missing"), None);
    }

    #[test]
    fn a_form_with_a_repeated_parameter_is_refused() {
        assert_eq!(Parameters::from_form(b"scope=a&scope=b"), None);
    }

    #[test]
    fn json_is_an_object_of_strings() {
        let parameters = Parameters::from_json(br#"{"scope":"a b"}"#).unwrap();
        assert_eq!(parameters.scopes(), ["a", "b"]);
        for other in [&b"[]"[..], br#"{"scope":["a"]}"#, b"scope=a", b""] {
            assert_eq!(Parameters::from_json(other), None);
        }
    }
}
