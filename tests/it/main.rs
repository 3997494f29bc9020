//! Black-box tests of the built binary, one module for each theme, against servers scripted on loopback.
//!
//! Every run has an environment and a home of its own, and passes the leak tripwire of [`support::tripwire`].

#![expect(unreachable_pub, reason = "the support modules serve this one binary")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test reports")]

/// Basic credentials, byte for byte.
mod basic_auth;
/// The token cache in health.
mod cache;
/// `m2m cache`.
mod cache_commands;
/// Cache entries that are not what we wrote.
mod cache_content;
/// The old token as a stopgap, and a new one where an API refuses the old.
mod cache_fallback;
/// Which runs share a token.
mod cache_key;
/// How long a cached token is handed out.
mod cache_lifetimes;
/// Metadata documents in the cache.
mod cache_metadata;
/// Cache files that others could have touched.
#[cfg(unix)]
mod cache_privacy;
/// Places where nothing can be cached.
#[cfg(unix)]
mod cache_unwritable;
/// The rest of the token request.
mod client_auth;
/// Where metadata is looked for, and what it must hold.
mod discovery;
/// Which issuer it may name.
mod issuer;
/// Many processes at once, and processes that die or hang.
#[cfg(unix)]
mod races;
mod support;
/// Answers that grant a token.
mod token;
/// `-o`.
mod token_output;
/// 2xx answers without a usable token.
mod token_refusals;
