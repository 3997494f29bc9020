//! LoyaltyOne's identity server: an Auth0 tenant.
//!
//! What clients see of it: it takes JSON bodies as well as forms; its issuer ends in a slash; wrong credentials are
//! `access_denied`; without an audience the token is opaque, and no API accepts it.

use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use super::client_auth::Rejection;
use super::grant::Terms;
use super::metadata::Metadata;
use super::parameters::{Parameters, media_type};
use super::{Provider, described_error};
use crate::accounts::Client;
use crate::wire::answer::Answer;

/// A server that behaves as Auth0 does.
pub(crate) struct Auth0 {
    pub(crate) base_url: String,
    pub(crate) client: Client,
    /// The only API that it issues tokens for.
    pub(crate) audience: &'static str,
    pub(crate) lifetime_secs: u64,
}

impl Auth0 {
    pub(crate) fn issuer(base_url: &str) -> String {
        format!("{base_url}/")
    }
}

impl Provider for Auth0 {
    const NAME: &'static str = "auth0";
    const TOKEN_PATH: &'static str = "/oauth/token";

    fn metadata(&self) -> Metadata {
        let metadata = Metadata::new(Self::issuer(&self.base_url), &self.base_url, Self::TOKEN_PATH);
        let methods = &["client_secret_basic", "client_secret_post", "private_key_jwt"];
        Metadata { token_endpoint_auth_methods_supported: methods, ..metadata }
    }

    fn client(&self) -> &Client {
        &self.client
    }

    fn parameters(&self, request: &Request<Bytes>) -> Result<Parameters, Answer> {
        let parameters = match media_type(request.headers()).as_str() {
            "application/json" => Parameters::from_json(request.body()),
            "application/x-www-form-urlencoded" => Parameters::from_form(request.body()),
            _ => Some(Parameters::default()),
        };
        parameters.ok_or_else(|| invalid_request("Invalid request payload"))
    }

    fn rejected(&self, rejection: Rejection) -> Answer {
        match rejection {
            Rejection::Assertion(why) => described_error(StatusCode::UNAUTHORIZED, "invalid_client", why),
            Rejection::TwoMethods => invalid_request("Multiple client authentication methods"),
            Rejection::Incomplete | Rejection::Wrong => {
                described_error(StatusCode::UNAUTHORIZED, "access_denied", "Unauthorized")
            }
        }
    }

    fn terms(&self, parameters: &Parameters) -> Result<Terms, Answer> {
        match parameters.get("grant_type") {
            Some("client_credentials") => {}
            Some(other) => return Err(grant_not_allowed(other)),
            None => return Err(invalid_request("Missing required parameter: grant_type")),
        }
        let audience = parameters.get("audience");
        if let Some(unknown) = audience.filter(|&audience| audience != self.audience) {
            return Err(access_denied(&format!("Service not found: {unknown}")));
        }
        let mut scopes = parameters.scopes();
        if scopes.is_empty() {
            scopes = self.client.scopes.to_vec();
        }
        if let Some(unknown) = scopes.iter().find(|each| !self.client.scopes.contains(each)) {
            return Err(access_denied(&format!("Client has not been granted scopes: {unknown}")));
        }
        Ok(Terms {
            scopes: scopes.into_iter().map(str::to_owned).collect(),
            audience: audience.map(str::to_owned),
            lifetime_secs: self.lifetime_secs,
            includes_scope: true,
            bound_to: None,
        })
    }

    fn token(&self, terms: &Terms, key_id: &str, now: u64) -> Option<(Value, Value)> {
        let audience = terms.audience.as_deref()?;
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
        let claims = json!({
            "iss": Self::issuer(&self.base_url),
            "sub": format!("{}@clients", self.client.id),
            "aud": audience,
            "iat": now,
            "exp": now + terms.lifetime_secs,
            "scope": terms.scope(),
            "gty": "client-credentials",
            "azp": self.client.id,
        });
        Some((header, claims))
    }
}

fn access_denied(description: &str) -> Answer {
    described_error(StatusCode::FORBIDDEN, "access_denied", description)
}

fn invalid_request(description: &str) -> Answer {
    described_error(StatusCode::BAD_REQUEST, "invalid_request", description)
}

fn grant_not_allowed(grant_type: &str) -> Answer {
    Answer::json(
        StatusCode::FORBIDDEN,
        &json!({
            "error": "unauthorized_client",
            "error_description": format!("Grant type '{grant_type}' not allowed for the client."),
            "error_uri": "https://auth0.com/docs/clients/client-grant-types",
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth0() -> Auth0 {
        Auth0 {
            base_url: "http://127.0.0.1:1".to_owned(),
            client: Client {
                id: "app",
                secret: "secret".to_owned(),
                keys: vec![],
                certificate: None,
                scopes: &["read:a", "read:b"],
            },
            audience: "https://api.example.com",
            lifetime_secs: 86_400,
        }
    }

    fn terms(json: &Value) -> Result<Terms, Answer> {
        auth0().terms(&Parameters::from_json(json.to_string().as_bytes()).unwrap())
    }

    #[test]
    fn without_an_audience_the_token_is_opaque() {
        let terms = terms(&json!({ "grant_type": "client_credentials" })).ok().unwrap();
        assert_eq!(auth0().token(&terms, "key", 0), None);
    }

    #[test]
    fn claims_name_the_client_as_auth0_does() {
        let terms = terms(&json!({
            "grant_type": "client_credentials",
            "audience": "https://api.example.com",
            "scope": "read:b",
        }))
        .ok()
        .unwrap();
        let (_, claims) = auth0().token(&terms, "key", 1_000).unwrap();
        assert_eq!(
            claims,
            json!({
                "iss": "http://127.0.0.1:1/",
                "sub": "app@clients",
                "aud": "https://api.example.com",
                "iat": 1_000,
                "exp": 87_400,
                "scope": "read:b",
                "gty": "client-credentials",
                "azp": "app",
            })
        );
    }

    #[test]
    fn what_was_not_granted_is_forbidden() {
        for request in [
            json!({ "grant_type": "client_credentials", "audience": "https://other.example.com" }),
            json!({ "grant_type": "client_credentials", "scope": "read:a write:a" }),
            json!({ "grant_type": "password" }),
        ] {
            let refusal = terms(&request).err().unwrap();
            assert_eq!(refusal.status(), Some(StatusCode::FORBIDDEN), "{request}");
        }
    }
}
