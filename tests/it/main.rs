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
/// The token cache in health.
mod cache;
/// `m2m cache`.
mod cache_commands;
/// Cache entries that are not what we wrote.
mod cache_content;
/// The old token as a stopgap, and a new one where an API refuses the old.
mod cache_fallback;
/// What a warm cache costs.
mod cache_hits;
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
/// `m2m check`: the probe of the API.
mod check_api;
/// `m2m check`: settings and secret.
mod check_config;
/// `m2m check`: annotations and step summary.
mod check_github;
/// `m2m check`: what a JWT says.
mod check_jwt;
/// `m2m check`: many profiles, exit codes, how often servers are asked.
mod check_many;
/// `m2m check`: reports.
mod check_reports;
/// `m2m check`: connection, clock, metadata.
mod check_server;
/// `m2m check`: certificates.
mod check_tls;
/// `m2m check`: the grant and its response.
mod check_token;
/// Which of several participants count.
mod choosing;
/// The rest of the token request.
mod client_auth;
/// `--timeout`.
mod deadline;
/// `m2m token --dry-run`.
mod dependencies;
/// Where metadata is looked for.
mod discovery;
/// Documents that must agree with the binary.
mod drift;
mod dry_run;
/// Errors as text and as JSON.
mod error_format;
/// The exit table.
mod errors;
/// The examples of CI, run.
mod examples;
/// `m2m exec`.
#[cfg(unix)]
mod exec;
/// The environment of a program under `m2m exec`.
#[cfg(unix)]
mod exec_environment;
/// What servers say, on stderr.
mod foreign_text;
/// `m2m token -o env|kubectl|github`.
mod formats;
/// What errors tell people to try.
mod help;
mod hints;
/// The corpus of hostile answers.
mod hostile;
/// Config files and cache entries of the corpus.
mod hostile_files;
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
/// Certificates as proof.
mod mutual_tls;
/// The lookup and its answer.
mod participant;
/// CPFs and logins.
mod person;
/// Provider presets.
mod presets;
/// `m2m profile`.
mod profile_commands;
/// Config files with mistakes.
mod profile_errors;
/// A key pair to start with.
#[cfg(unix)]
mod profile_key;
/// Profiles, and which source wins.
mod profiles;
/// What holds for all settings, CPFs and times.
mod properties;
/// What holds for all texts.
mod properties_of_text;
/// Proxies.
mod proxies;
/// Many processes at once, and processes that die or hang.
#[cfg(unix)]
mod races;
/// Assertions that somebody else makes.
mod ready_assertions;
/// Calls to an API that was not written here.
#[cfg(unix)]
mod real_api;
/// Signed assertions at a server that was not written here.
#[cfg(unix)]
mod real_assertions;
/// What is peculiar to Authlib.
#[cfg(unix)]
mod real_authlib;
/// What is peculiar to django-oauth-toolkit.
#[cfg(unix)]
mod real_django_oauth_toolkit;
/// Certificates at a server that was not written here.
#[cfg(unix)]
mod real_mutual_tls;
/// What is peculiar to oauth2-mock-server.
#[cfg(unix)]
mod real_oauth2_mock_server;
/// What is peculiar to oidc-provider, with secrets.
#[cfg(unix)]
mod real_oidc_provider;
/// The same trials at each of them, and the table of what they answered.
#[cfg(unix)]
mod real_trials;
/// The recipes in `examples/`, run.
mod recipes;
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
/// Clients of the sandbox that have no secret.
#[cfg(unix)]
mod sandbox_proofs;
/// Where secrets never stand.
mod secrecy;
/// Secrets that programs print.
#[cfg(unix)]
mod secret_commands;
/// Secrets of the API.
#[cfg(unix)]
mod secret_headers;
/// Secret sources of a profile.
#[cfg(unix)]
mod secret_sources;
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
/// What a person types.
#[cfg(unix)]
mod terminal_input;
/// What servers say, on a terminal.
#[cfg(unix)]
mod terminal_output;
/// Answers that grant a token.
mod token;
/// `-o`.
mod token_output;
/// 2xx answers without a usable token.
mod token_refusals;
/// Which URLs are taken.
mod urls;
/// `m2m inspect --verify`.
mod verify;
mod warm_up;
