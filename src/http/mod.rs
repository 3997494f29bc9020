//! HTTP over TLS: one client with its connections, deadlines, retries, proxies, and what it means when no answer comes.
//! Moves bytes and headers. Refuses to know what they mean: OAuth and the APIs are above.

mod body;
mod chunks;
pub mod client;
pub mod complete_json;
pub mod connections;
mod decoding;
pub mod failure;
pub mod log;
pub mod message;
mod no_proxy;
pub mod preconnect;
pub mod proxy;
pub mod retry;
pub mod tls;
pub mod tunnel;
