//! Black-box tests of the built binary, one module for each theme, against servers scripted on loopback.
//!
//! Every run has an environment and a home of its own, and passes the leak tripwire of [`support::tripwire`].

#![expect(unreachable_pub, reason = "the support modules serve this one binary")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test reports")]

/// Refusals of the API and of the gateway before it.
mod api_refusals;
/// Assertions that the client signs.
mod assertions;
/// Basic credentials, byte for byte.
mod basic_auth;
/// The rest of the token request.
mod client_auth;
/// `--timeout`.
mod deadline;
/// Where metadata is looked for.
mod discovery;
/// Documents that must agree with the binary.
mod drift;
/// Errors as text and as JSON.
mod error_format;
/// The exit table.
mod errors;
/// What servers say, on stderr.
mod foreign_text;
/// What errors tell people to try.
mod hints;
/// Unusual HTTP.
mod http_shapes;
/// Which issuer metadata may name.
mod issuer;
/// The arrows between the folders of `src/`.
mod layers;
/// Lookups that find nobody, or too many.
mod lookup_refusals;
/// Which metadata is believed.
mod metadata;
/// Certificates as proof.
mod mutual_tls;
/// The lookup and its answer.
mod participant;
/// CPFs and logins.
mod person;
/// A key pair to start with.
#[cfg(unix)]
mod profile_key;
/// Proxies.
mod proxies;
/// Assertions that somebody else makes.
mod ready_assertions;
/// Signed assertions at a server that was not written here.
#[cfg(unix)]
mod real_assertions;
/// Certificates at a server that was not written here.
#[cfg(unix)]
mod real_mutual_tls;
/// Secrets at a server that was not written here.
#[cfg(unix)]
mod real_servers;
/// Redirects.
mod redirects;
/// What is tried again.
mod retries;
/// Where secrets never stand.
mod secrecy;
/// Where secrets come from.
mod secrets;
/// Flags, variables and presets.
mod settings;
/// The server, the runner, and the tripwire.
mod support;
/// Path templates of a profile.
mod templates;
/// Help, pipes, homes, colours.
mod terminal;
/// Answers that grant a token.
mod token;
/// `-o`.
mod token_output;
/// 2xx answers without a usable token.
mod token_refusals;
/// Which URLs are taken.
mod urls;
