//! CloudLoyalty's identity server: an Amazon Cognito user pool with a custom domain.
//!
//! What clients see of it: its issuer names another host than the one that serves the metadata; it takes forms only and
//! answers 405 without a body to anything else; errors are 400 without a description, `invalid_client` included.
//! Unlike Cognito, it also accepts assertions and certificates from its client.

use hyper::body::Bytes;
use hyper::header::ALLOW;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use super::client_auth::Rejection;
use super::grant::Terms;
use super::metadata::{Aliases, Metadata};
use super::parameters::{Parameters, media_type};
use super::{Provider, described_error};
use crate::accounts::Client;
use crate::random;
use crate::wire::answer::Answer;

/// The issuer of user pool `sa-east-1_Sandbox`.
pub(crate) const ISSUER: &str = "https://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_Sandbox";

const FORM: &str = "application/x-www-form-urlencoded";

/// A server that behaves as Cognito does.
pub(crate) struct Cognito {
    pub(crate) base_url: String,
    /// The same server behind TLS, where clients can authenticate with a certificate.
    pub(crate) mutual_tls_url: String,
    pub(crate) client: Client,
    pub(crate) lifetime_secs: u64,
}

impl Provider for Cognito {
    const NAME: &'static str = "cognito";
    const TOKEN_PATH: &'static str = "/oauth2/token";

    fn metadata(&self) -> Metadata {
        let aliases = Aliases { token_endpoint: format!("{}{}", self.mutual_tls_url, Self::TOKEN_PATH) };
        let mut metadata = Metadata::new(ISSUER.to_owned(), &self.base_url, Self::TOKEN_PATH);
        metadata.token_endpoint_auth_methods_supported =
            &["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"];
        Metadata { mtls_endpoint_aliases: Some(aliases), ..metadata }
    }

    fn client(&self) -> &Client {
        &self.client
    }

    fn parameters(&self, request: &Request<Bytes>) -> Result<Parameters, Answer> {
        if media_type(request.headers()) != FORM {
            return Err(Answer::empty(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, "POST"));
        }
        Parameters::from_form(request.body()).ok_or_else(|| error("invalid_request"))
    }

    fn rejected(&self, rejection: Rejection) -> Answer {
        match rejection {
            // Cognito has no assertions, and its errors have no description: here a reason helps more.
            Rejection::Assertion(why) => described_error(StatusCode::BAD_REQUEST, "invalid_client", why),
            Rejection::TwoMethods => error("invalid_request"),
            Rejection::Incomplete | Rejection::Wrong => error("invalid_client"),
        }
    }

    fn terms(&self, parameters: &Parameters) -> Result<Terms, Answer> {
        match parameters.get("grant_type") {
            Some("client_credentials") => {}
            Some(_) => return Err(error("unsupported_grant_type")),
            None => return Err(error("invalid_request")),
        }
        let mut scopes = parameters.scopes();
        if scopes.is_empty() {
            scopes = self.client.scopes.to_vec();
        }
        if !scopes.iter().all(|each| self.client.scopes.contains(each)) {
            return Err(error("invalid_scope"));
        }
        Ok(Terms {
            scopes: scopes.into_iter().map(str::to_owned).collect(),
            audience: None,
            lifetime_secs: self.lifetime_secs,
            includes_scope: false,
            bound_to: None,
        })
    }

    fn token(&self, terms: &Terms, key_id: &str, now: u64) -> Option<(Value, Value)> {
        let header = json!({ "kid": key_id, "alg": "RS256" });
        let claims = json!({
            "sub": self.client.id,
            "token_use": "access",
            "scope": terms.scope(),
            "auth_time": now,
            "iss": ISSUER,
            "exp": now + terms.lifetime_secs,
            "iat": now,
            "version": 2,
            "jti": random::uuid(),
            "client_id": self.client.id,
        });
        Some((header, claims))
    }
}

/// An error of Cognito: only the code.
fn error(code: &str) -> Answer {
    Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": code }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cognito() -> Cognito {
        Cognito {
            base_url: "http://127.0.0.1:1".to_owned(),
            mutual_tls_url: "https://127.0.0.1:2".to_owned(),
            client: Client {
                id: "app",
                secret: "secret".to_owned(),
                keys: vec![],
                certificate: None,
                scopes: &["res/a", "res/b"],
            },
            lifetime_secs: 300,
        }
    }

    fn terms(form: &str) -> Result<Terms, Answer> {
        cognito().terms(&Parameters::from_form(form.as_bytes()).unwrap())
    }

    #[test]
    fn no_scope_means_all_scopes() {
        let scopes = |form| terms(form).ok().map(|terms| terms.scope());
        assert_eq!(scopes("grant_type=client_credentials").as_deref(), Some("res/a res/b"));
        assert_eq!(scopes("grant_type=client_credentials&scope=res%2Fb").as_deref(), Some("res/b"));
        assert_eq!(scopes("grant_type=client_credentials&scope=res%2Fb+res%2Fc"), None);
        assert_eq!(scopes("grant_type=password"), None);
    }

    #[test]
    fn tokens_have_no_audience_and_a_header_without_a_type() {
        let terms = terms("grant_type=client_credentials").ok().unwrap();
        let (header, claims) = cognito().token(&terms, "key", 1_000).unwrap();
        assert_eq!(header, json!({ "kid": "key", "alg": "RS256" }));
        assert_eq!(claims["exp"], 1_300);
        assert_eq!(claims["client_id"], "app");
        assert_eq!(claims["iss"], ISSUER);
        assert_eq!(claims.get("aud"), None);
    }
}
