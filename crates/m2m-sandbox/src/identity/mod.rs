//! The authorization servers: metadata, keys, and the token endpoint (RFC 6749 section 4.4).
//!
//! What both servers do is here. How each reads requests, refuses them and describes a grant is in `cognito.rs` and
//! `auth0.rs`.

pub(crate) mod assertion;
pub(crate) mod auth0;
pub(crate) mod client_auth;
pub(crate) mod cognito;
pub(crate) mod grant;
pub(crate) mod metadata;
pub(crate) mod parameters;

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL};
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::accounts::Client;
use crate::certificates::Thumbprint;
use crate::clock::unix_now;
use crate::fault::Plan;
use crate::identity::assertion::UsedAssertions;
use crate::identity::client_auth::{ClientAuth, Rejection};
use crate::identity::grant::{Members, Terms, TokenEffect};
use crate::identity::metadata::{Metadata, MetadataEffect};
use crate::identity::parameters::Parameters;
use crate::jwt;
use crate::random;
use crate::signing::{PendingKey, SigningKey};
use crate::wire::answer::Answer;
use crate::wire::listener::Server;

const METADATA_PATH: &str = "/.well-known/openid-configuration";

/// What differs between the two authorization servers.
pub(crate) trait Provider: Send + Sync + 'static {
    const NAME: &'static str;
    const TOKEN_PATH: &'static str;

    /// The server's metadata (OpenID Connect Discovery 1.0 section 3).
    fn metadata(&self) -> Metadata;

    /// Its only client.
    fn client(&self) -> &Client;

    /// The parameters of a token request, in a format that this server accepts.
    fn parameters(&self, request: &Request<Bytes>) -> Result<Parameters, Answer>;

    /// The answer to a client that is refused.
    fn rejected(&self, rejection: Rejection) -> Answer;

    /// What an authenticated client is granted for its parameters.
    fn terms(&self, parameters: &Parameters) -> Result<Terms, Answer>;

    /// The token's JOSE header and claims; `None` for an opaque token.
    fn token(&self, terms: &Terms, key_id: &str, now: u64) -> Option<(Value, Value)>;
}

/// The faults of the identity servers. Both share them: `--fault 429:1` affects one token request in all.
#[derive(Clone)]
pub(crate) struct Faults {
    pub(crate) token: Arc<Plan<TokenEffect>>,
    pub(crate) metadata: Arc<Plan<MetadataEffect>>,
}

/// An authorization server.
pub(crate) struct IdentityServer<P> {
    pub(crate) provider: P,
    pub(crate) key: PendingKey,
    pub(crate) faults: Faults,
    /// To refuse assertions that were used before.
    pub(crate) used: UsedAssertions,
}

impl<P: Provider> Server for IdentityServer<P> {
    const NAME: &'static str = P::NAME;

    async fn answer(&self, request: &Request<Bytes>) -> Answer {
        let path = request.uri().path();
        if path == P::TOKEN_PATH {
            return self.token_endpoint(request).await;
        }
        match (request.method(), path) {
            (&Method::GET, METADATA_PATH) => self.metadata(),
            (&Method::GET, metadata::JWK_SET_PATH) => self.jwk_set().await,
            _ => Answer::text(StatusCode::NOT_FOUND, "text/plain", "Not Found"),
        }
    }
}

impl<P: Provider> IdentityServer<P> {
    fn metadata(&self) -> Answer {
        let mut metadata = self.provider.metadata();
        match self.faults.metadata.next() {
            Some(MetadataEffect::Answer(answer)) => return answer(),
            Some(MetadataEffect::Metadata(edit)) => edit(&mut metadata),
            None => {}
        }
        Answer::json(StatusCode::OK, &metadata)
    }

    async fn jwk_set(&self) -> Answer {
        match self.key.wait().await {
            Some(key) => Answer::json(StatusCode::OK, &key.jwk_set()),
            None => no_key(),
        }
    }

    async fn token_endpoint(&self, request: &Request<Bytes>) -> Answer {
        if request.method() != Method::POST {
            return Answer::empty(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, "POST");
        }
        let fault = self.faults.token.next();
        if let Some(TokenEffect::Answer(answer)) = fault {
            return answer();
        }
        let terms = match self.authorize(request, fault) {
            Ok(terms) => terms,
            Err(refusal) => return refusal,
        };
        match self.key.wait().await {
            Some(key) => self.grant(&terms, &key, fault),
            None => no_key(),
        }
    }

    /// Authenticates the client and decides what it is granted, or how it is refused.
    fn authorize(&self, request: &Request<Bytes>, fault: Option<&TokenEffect>) -> Result<Terms, Answer> {
        let parameters = self.provider.parameters(request)?;
        let certificate = request.extensions().get::<Thumbprint>();
        let sent = client_auth::read(request.headers(), &parameters, certificate);
        match fault {
            Some(TokenEffect::Refuse) => return Err(self.provider.rejected(Rejection::Wrong)),
            Some(TokenEffect::Echo) => return Err(echo(sent.as_ref().ok())),
            _ => {}
        }
        let auth = sent.map_err(|rejection| self.provider.rejected(rejection))?;
        // The revision of RFC 7523 wants the issuer; deployed servers accept the token endpoint too.
        let metadata = self.provider.metadata();
        let audiences: Vec<String> = std::iter::once(metadata.issuer).chain(metadata.token_endpoint).collect();
        client_auth::check(&auth, self.provider.client(), &audiences, &self.used)
            .map_err(|rejection| self.provider.rejected(rejection))?;

        let mut terms = self.provider.terms(&parameters)?;
        if let ClientAuth::Certificate { certificate, .. } = auth {
            terms.bound_to = Some(certificate);
        }
        if let Some(TokenEffect::Terms(edit)) = fault {
            edit(&mut terms);
        }
        Ok(terms)
    }

    /// The token response (RFC 6749 section 5.1).
    fn grant(&self, terms: &Terms, key: &SigningKey, fault: Option<&TokenEffect>) -> Answer {
        let token = match self.provider.token(terms, key.id(), unix_now()) {
            Some((header, mut claims)) => {
                if let Some(Thumbprint(thumbprint)) = &terms.bound_to {
                    claims["cnf"] = json!({ "x5t#S256": thumbprint });
                }
                jwt::encode(key, &header, &claims)
            }
            None => Ok(random::text(random::BASE64URL, 32)),
        };
        let Ok(token) = token else {
            return Answer::empty(StatusCode::INTERNAL_SERVER_ERROR);
        };

        let mut members = Members::new(&token, terms);
        if let Some(TokenEffect::Members(edit)) = fault {
            edit(&mut members);
        }
        let mut body = members.to_json();
        if let Some(TokenEffect::Body(edit)) = fault {
            body = edit(body);
        }
        Answer::json_text(StatusCode::OK, body).header(CACHE_CONTROL, "no-store")
    }
}

/// An OAuth error (RFC 6749 section 5.2) with a description.
pub(crate) fn described_error(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

/// A refusal that repeats the secret that was sent, as careless servers do.
fn echo(sent: Option<&ClientAuth>) -> Answer {
    let secret = match sent {
        Some(ClientAuth::Secret(readings)) => {
            readings.last().map_or("(none)", |credentials| credentials.secret.as_str())
        }
        Some(ClientAuth::Assertion { jwt, .. }) => jwt,
        Some(ClientAuth::Certificate { .. }) | None => "(none)",
    };
    described_error(
        StatusCode::BAD_REQUEST,
        "invalid_client",
        &format!("the secret `{secret}` does not belong to this client"),
    )
}

fn no_key() -> Answer {
    described_error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the sandbox could not make its signing key")
}
