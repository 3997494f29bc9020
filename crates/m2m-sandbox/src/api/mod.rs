//! The API: its routes, and the checks that each of them makes.
//!
//! One listener serves both systems. CloudLoyalty's routes are behind a gateway that needs a subscription key; LoyaltyOne has
//! one small route, which needs only a token.

pub(crate) mod gateway;
pub(crate) mod impersonation;
pub(crate) mod participants;

use hyper::body::Bytes;
use hyper::header::HeaderName;
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use serde_json::json;

use crate::accounts::{LOOKUP_SCOPE, LOYALTYONE_AUDIENCE};
use crate::api::gateway::{AccessToken, Gateway};
use crate::api::participants::Service;
use crate::fault::Plan;
use crate::random;
use crate::wire::answer::Answer;
use crate::wire::listener::Server;

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// In characters; a longer correlation id is replaced.
const MAX_CORRELATION_ID: usize = 128;

/// What a fault does to an API call: it sends this answer instead, whatever the route and the credentials.
pub(crate) type ApiEffect = fn(&Uri) -> Answer;

/// The API of both systems.
pub(crate) struct Api {
    pub(crate) gateway: Gateway,
    pub(crate) service: Service,
    pub(crate) cloudloyalty_issuer: String,
    pub(crate) loyaltyone_issuer: String,
    pub(crate) faults: Plan<ApiEffect>,
}

impl Server for Api {
    const NAME: &'static str = "api";

    async fn answer(&self, request: &Request<Bytes>) -> Answer {
        let answer = match self.faults.next() {
            Some(effect) => effect(request.uri()),
            None => self.route(request).await.unwrap_or_else(|refusal| refusal),
        };
        answer.header(CORRELATION_ID, &correlation_id(request.headers()))
    }
}

impl Api {
    /// Finds the operation (first, as the gateway does, before keys and tokens are checked) and performs it.
    async fn route(&self, request: &Request<Bytes>) -> Result<Answer, Answer> {
        if request.method() != Method::GET {
            return Err(gateway::not_found());
        }
        let headers = request.headers();
        match request.uri().path() {
            "/v1/participants" => {
                self.cloudloyalty(headers).await?.require_scope(LOOKUP_SCOPE)?;
                self.service.lookup(request.uri())
            }
            "/v1/participants/me" => {
                self.cloudloyalty(headers).await?;
                self.service.me(headers)
            }
            "/v1/participants/me/balance" => {
                self.cloudloyalty(headers).await?;
                self.service.balance(headers)
            }
            "/v1/members/me" => {
                self.gateway.token(headers, &self.loyaltyone_issuer).await?.require_audience(LOYALTYONE_AUDIENCE)?;
                Ok(member())
            }
            _ => Err(gateway::not_found()),
        }
    }

    /// The checks of every call to CloudLoyalty: the subscription key, then a token of its identity server.
    async fn cloudloyalty(&self, headers: &HeaderMap) -> Result<AccessToken, Answer> {
        self.gateway.subscription(headers)?;
        self.gateway.token(headers, &self.cloudloyalty_issuer).await
    }
}

/// The only member of LoyaltyOne.
fn member() -> Answer {
    Answer::json(StatusCode::OK, &json!({ "memberId": "80000000001", "tier": "Blue", "miles": 1234 }))
}

/// The caller's correlation id, or a new one if it is missing or unusable.
fn correlation_id(headers: &HeaderMap) -> String {
    headers
        .get(CORRELATION_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=MAX_CORRELATION_ID).contains(&id.len()))
        .map_or_else(random::uuid, str::to_owned)
}
