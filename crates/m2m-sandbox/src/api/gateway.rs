//! The gateway of the API, as Azure API Management behaves: it checks the subscription key, then the token.
//!
//! Its errors are `{"statusCode":..,"message":..}`, unlike those of the service behind it. Its 401 is about the key or the
//! token: only the message and `WWW-Authenticate` say which.

use hyper::header::{AUTHORIZATION, HeaderName, WWW_AUTHENTICATE};
use hyper::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use crate::clock::unix_now;
use crate::jwt;
use crate::signing::PendingKey;
use crate::wire::answer::Answer;

const SUBSCRIPTION_KEY: HeaderName = HeaderName::from_static("ocp-apim-subscription-key");

/// What the gateway checks calls against.
pub(crate) struct Gateway {
    pub(crate) subscription_key: String,
    pub(crate) key: PendingKey,
}

/// The claims of a verified token.
#[derive(Deserialize)]
pub(crate) struct AccessToken {
    iss: String,
    exp: u64,
    #[serde(default)]
    aud: String,
    #[serde(default)]
    scope: String,
}

impl Gateway {
    /// Refuses a call unless it has the subscription key.
    pub(crate) fn subscription(&self, headers: &HeaderMap) -> Result<(), Answer> {
        match headers.get(SUBSCRIPTION_KEY) {
            None => Err(no_subscription_key()),
            Some(key) if key.as_bytes() != self.subscription_key.as_bytes() => Err(wrong_subscription_key()),
            Some(_) => Ok(()),
        }
    }

    /// The token of a call, if it is issued by `issuer`, its signature is valid, and it has not expired.
    pub(crate) async fn token(&self, headers: &HeaderMap, issuer: &str) -> Result<AccessToken, Answer> {
        let token = bearer(headers).ok_or_else(invalid_token)?;
        let key = self.key.wait().await.ok_or_else(invalid_token)?;
        jwt::verified::<AccessToken>(&key, token)
            .filter(|token| token.iss == issuer && unix_now() < token.exp)
            .ok_or_else(invalid_token)
    }
}

impl AccessToken {
    /// Refuses a token without `scope`.
    pub(crate) fn require_scope(&self, scope: &str) -> Result<(), Answer> {
        if self.scope.split(' ').any(|granted| granted == scope) { Ok(()) } else { Err(insufficient_scope(scope)) }
    }

    /// Refuses a token for another API.
    pub(crate) fn require_audience(&self, audience: &str) -> Result<(), Answer> {
        if self.aud == audience { Ok(()) } else { Err(invalid_token()) }
    }
}

/// The credentials of the Bearer scheme (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}

/// An error of the gateway itself.
pub(crate) fn error(status: StatusCode, message: &str) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct GatewayError<'a> {
        status_code: u16,
        message: &'a str,
    }
    let error = GatewayError { status_code: status.as_u16(), message };
    Answer::json(status, &error)
}

/// No operation has this method and path.
pub(crate) fn not_found() -> Answer {
    error(StatusCode::NOT_FOUND, "Resource not found")
}

fn no_subscription_key() -> Answer {
    error(
        StatusCode::UNAUTHORIZED,
        "Access denied due to missing subscription key. Make sure to include subscription key when making requests \
         to an API.",
    )
}

pub(crate) fn wrong_subscription_key() -> Answer {
    error(
        StatusCode::UNAUTHORIZED,
        "Access denied due to invalid subscription key. Make sure to provide a valid key for an active \
         subscription.",
    )
}

/// The token is missing or invalid (RFC 6750 section 3.1).
pub(crate) fn invalid_token() -> Answer {
    error(StatusCode::UNAUTHORIZED, "Unauthorized. Access token is missing or invalid.")
        .header(WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)
}

/// The token lacks a scope (RFC 6750 section 3.1).
pub(crate) fn insufficient_scope(scope: &str) -> Answer {
    error(StatusCode::FORBIDDEN, "Forbidden. Access token has not the required scope.")
        .header(WWW_AUTHENTICATE, &format!(r#"Bearer error="insufficient_scope", scope="{scope}""#))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn the_bearer_scheme_is_read_in_any_case() {
        for (value, token) in
            [("Bearer abc", Some("abc")), ("bearer abc", Some("abc")), ("Basic abc", None), ("abc", None)]
        {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(bearer(&headers), token, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn scopes_are_compared_whole() {
        let token = AccessToken { iss: String::new(), exp: 0, aud: String::new(), scope: "a/b c/d".to_owned() };
        assert!(token.require_scope("c/d").is_ok());
        assert!(token.require_scope("c").is_err());
        assert!(token.require_scope("").is_err());
    }
}
