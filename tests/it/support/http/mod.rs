//! Scripted servers on loopback, with and without TLS.

pub mod certificates;
pub mod http2;
pub mod reply;
pub mod request;
pub mod server;
mod server_tests;
pub mod tls;
