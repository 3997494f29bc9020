//! OAuth 2.0 per the RFCs: metadata discovery, client authentication, the client-credentials grant, the token
//! response, and what refusals mean. Each protocol step is a pure build/parse pair around one exchange. Knows nothing
//! of settings, commands or the cache.

pub mod answer_shape;
pub mod client_auth;
pub mod discovery;
pub mod error_body;
pub mod grant;
pub mod issuer;
pub mod jose;
pub mod refusal;
pub mod scope;
pub mod token_error;
pub mod token_response;
