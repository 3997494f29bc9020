//! The API: its routes, and the checks that each of them makes.
//!
//! One listener serves both systems. CloudLoyalty's routes are behind a gateway that needs a subscription key; LoyaltyOne's
//! need only a token.

pub(crate) mod gateway;
pub(crate) mod impersonation;
pub(crate) mod issuances;
pub(crate) mod offers;
pub(crate) mod orders;
pub(crate) mod participants;

use hyper::body::Bytes;
use hyper::header::HeaderName;
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use serde_json::json;

use crate::accounts::{LOOKUP_SCOPE, LOYALTYONE_AUDIENCE};
use crate::api::gateway::{AccessToken, Gateway};
use crate::api::issuances::Issuances;
use crate::api::offers::Offers;
use crate::api::orders::Orders;
use crate::api::participants::Service;
use crate::fault::Plan;
use crate::random;
use crate::wire::answer::Answer;
use crate::wire::listener::Server;

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// In characters; a longer correlation id is replaced.
const MAX_CORRELATION_ID: usize = 128;

/// What a fault does to an API call.
pub(crate) enum ApiEffect {
    /// Sends this answer instead, whatever the route and the credentials.
    Instead(fn(&Uri) -> Answer),
    /// Sends this in place of the answer once a write has been done. A read is not affected.
    After(fn(Answer) -> Answer),
}

/// The API of both systems.
pub(crate) struct Api {
    pub(crate) gateway: Gateway,
    pub(crate) service: Service,
    pub(crate) orders: Orders,
    pub(crate) offers: Offers,
    pub(crate) issuances: Issuances,
    pub(crate) cloudloyalty_issuer: String,
    pub(crate) loyaltyone_issuer: String,
    pub(crate) faults: Plan<ApiEffect>,
}

impl Server for Api {
    const NAME: &'static str = "api";

    async fn answer(&self, request: &Request<Bytes>) -> Answer {
        let reads = request.method() == Method::GET;
        let fault = self.faults.next_if(|effect| !reads || matches!(effect, ApiEffect::Instead(_)));
        let route = async || self.route(request).await.unwrap_or_else(|refusal| refusal);
        let answer = match fault {
            Some(ApiEffect::Instead(answer)) => answer(request.uri()),
            Some(ApiEffect::After(change)) => change(route().await),
            None => route().await,
        };
        answer.header(CORRELATION_ID, &correlation_id(request.headers()))
    }
}

impl Api {
    /// Finds the operation (first, as the gateway does, before keys and tokens are checked) and performs it.
    async fn route(&self, request: &Request<Bytes>) -> Result<Answer, Answer> {
        let (headers, body) = (request.headers(), request.body());
        let path = request.uri().path();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match (request.method(), segments.as_slice()) {
            (&Method::GET, ["v1", "participants"]) => {
                self.cloudloyalty(headers).await?.require_scope(LOOKUP_SCOPE)?;
                self.service.lookup(request.uri())
            }
            (&Method::GET, ["v1", "participants", "me"]) => {
                self.cloudloyalty(headers).await?;
                self.service.me(headers)
            }
            // The first is what LTM's page on impersonation shows, the second is on other pages, with a user's token.
            (
                &Method::GET,
                ["participant-api", "v3", "participant", "balance"] | ["v1", "participants", "me", "balance"],
            ) => {
                self.cloudloyalty(headers).await?;
                self.service.balance(headers)
            }
            (method, ["v1", "orders", rest @ ..]) => {
                self.cloudloyalty(headers).await?;
                self.orders.answer(method, rest, &self.service, headers, body)
            }
            (&Method::POST, ["order-api", "v3", "orders", id, "reversal", "external"]) => {
                self.cloudloyalty(headers).await?;
                self.orders.reverse(id, body)
            }
            (&Method::GET, ["v1", "members", "me"]) => {
                self.loyaltyone(headers).await?;
                Ok(member())
            }
            (method, ["offers", rest @ ..]) => {
                self.loyaltyone(headers).await?;
                self.offers.answer(method, rest, request.uri(), headers, body)
            }
            (method, ["issuances"]) => {
                self.loyaltyone(headers).await?;
                self.issuances.answer(method, headers, body)
            }
            _ => Err(gateway::not_found()),
        }
    }

    /// A machine-to-machine token of LoyaltyOne.
    async fn loyaltyone(&self, headers: &HeaderMap) -> Result<(), Answer> {
        self.gateway.token(headers, &self.loyaltyone_issuer).await?.require_audience(LOYALTYONE_AUDIENCE)
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
