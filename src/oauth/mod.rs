//! OAuth 2.0 as the RFCs have it: metadata discovery, client authentication, the client-credentials grant, the token
//! response, and what refusals mean. Each protocol step is a pure build/parse pair around one exchange. Knows nothing
//! of settings, commands or the cache.

pub mod assertion;
pub mod client_auth;
pub mod diagnosis;
pub mod discovery;
pub mod error_body;
pub mod grant;
pub mod issuer;
pub mod jwks;
pub mod jwt;
pub mod key_pair;
pub mod scope;
pub mod signer;
pub mod token;
