//! Black-box tests of the built binary, one folder per theme, against servers scripted on loopback.
//!
//! Every run has its own environment and home directory, and is searched for leaks by [`support::binary::leak_check`].

#![expect(unreachable_pub, reason = "the support modules serve this one binary")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test reports")]

mod bulk;
mod cache;
mod check;
mod client_auth;
mod errors;
mod hostile;
mod http;
mod metadata;
mod participants;
mod profile;
mod properties;
mod request;
mod sandbox;
mod secrets;
#[cfg(unix)]
mod servers;
mod settings;
mod structure;
mod support;
mod terminal;
mod token;
