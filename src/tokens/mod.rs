//! From settings to an access token: client credentials, metadata, the grant, the cache, and what can be said about a
//! token afterwards. Knows neither clap nor stdout.

pub mod child_process;
pub mod credentials;
pub mod hints;
pub mod inspection;
pub mod metadata;
pub mod provider;
pub mod session;
pub mod source;
pub mod verification;
