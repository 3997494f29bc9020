//! Black-box tests of the built binary, one module for each theme, against servers scripted on loopback.
//!
//! Every run has an environment and a home of its own, and passes the leak tripwire of [`support::tripwire`].

#![expect(unreachable_pub, reason = "the support modules serve this one binary")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test reports")]

/// Refusals of the API and of the gateway before it.
mod api_refusals;
/// Basic credentials, byte for byte.
mod basic_auth;
/// Many lookups at once.
mod bulk;
/// What an API does to many lookups.
mod bulk_faults;
/// How fast many lookups go, and how many at a time.
mod bulk_pace;
/// `--resume`.
mod bulk_resume;
/// The end of many lookups before their time.
mod bulk_stop;
/// The one token of many lookups.
mod bulk_token;
/// Which of several participants count.
mod choosing;
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
/// `examples/`.
mod examples;
/// What servers say, on stderr.
mod foreign_text;
/// What errors tell people to try.
mod hints;
/// Unusual HTTP.
mod http_shapes;
/// Calls on behalf of a participant.
mod impersonation;
/// Which issuer metadata may name.
mod issuer;
/// The arrows between the folders of `src/`.
mod layers;
/// Lookups that find nobody, or too many.
mod lookup_refusals;
/// Which metadata is believed.
mod metadata;
/// The lookup and its answer.
mod participant;
/// CPFs and logins.
mod person;
/// Proxies.
mod proxies;
/// Servers that were not written here.
mod real_servers;
/// `--redact`.
mod redact;
/// Redirects.
mod redirects;
/// What `m2m request` sends.
mod request;
/// What it makes of the answer.
mod request_answer;
/// Where it sends the token, and where not.
mod request_target;
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
