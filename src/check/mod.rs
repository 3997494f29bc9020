//! The credential smoke test: every step from settings to API, each with a status, a sentence and a hint. One token
//! request per profile; the cache is never read.

pub mod api;
pub mod checks;
pub mod grant;
pub mod jwt;
pub mod report;
pub mod response;
pub mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::report::{Recorder, Report};
use crate::http::client::Http;
use crate::http::connections::Options;
use crate::http::expiry_observer::ExpiryObservations;
use crate::oauth::scope::Scope;
use crate::participants::lookup::{ParticipantLookup, Query};
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::settings::api::Api;
use crate::settings::cache_mode::Lifetimes;
use crate::settings::key::SettingKey;
use crate::settings::network;
use crate::settings::resolved::Settings;
use crate::tokens::source::TokenSource;

/// What is expected of every profile.
#[derive(Default)]
pub struct Expectations {
    /// Scopes that must be granted.
    pub scope: Scope,
    /// Audiences that the token must name.
    pub audiences: Vec<String>,
    /// How long before `secret_expires` to warn.
    pub warn_before: Duration,
    /// A read-only path of the API to call.
    pub api_path: Option<String>,
    /// A participant to look up.
    pub query: Option<Query>,
    /// Whether to ask for a scope that does not exist as well; costs one more token request.
    pub negative: bool,
}

impl Expectations {
    /// Sets the scopes that must be granted.
    ///
    /// # Errors
    /// Usage: a word that is not a scope.
    pub fn require_scope(mut self, words: &[String]) -> Result<Self> {
        self.scope =
            Scope::parse(&words.join(" ")).map_err(|why| Error::usage("cannot use `--require-scope`").cause(why))?;
        Ok(self)
    }
}

/// Everything that the steps need, once the settings are known to be good.
pub(crate) struct CheckContext<'a> {
    pub(crate) host: &'a Host,
    pub(crate) settings: &'a Settings,
    pub(crate) source: TokenSource,
    pub(crate) http: Http,
    pub(crate) observations: Arc<ExpiryObservations>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) api: Option<Api>,
    pub(crate) directory: Option<ParticipantLookup>,
    pub(crate) expected: &'a Expectations,
}

/// Runs all checks of one profile. `remarks` are the warnings that reading its settings gave.
pub async fn run(
    host: &Host,
    profile: &str,
    settings: Result<Settings>,
    remarks: &[String],
    expected: &Expectations,
) -> Report {
    let mut record = Recorder::new(host);
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            record.fail("config.settings", &error);
            return record.finish(profile);
        }
    };
    let bench = CheckContext::prepare(host, &settings, expected);
    let scope_remarks = host.take_warnings();
    match bench {
        Err(error) => record.fail("config.settings", &error),
        Ok(bench) => {
            host.set_input_timeout(bench.http.timeout());
            match remarks.first() {
                Some(remark) => record.warn("config.settings", remark.clone(), "only you should be able to change it"),
                None => record.pass("config.settings", "the settings are complete and well-formed"),
            }
            check_scope_setting(&mut record, &bench, &scope_remarks);
            server::check(&mut record, &bench).await;
        }
    }
    record.finish(profile)
}

impl<'a> CheckContext<'a> {
    fn prepare(host: &'a Host, settings: &'a Settings, expected: &'a Expectations) -> Result<Self> {
        let source = TokenSource::resolve(settings, host)?;
        if let Some(word) = placeholder(settings) {
            return Err(Error::usage(format!("`{word}` is a placeholder from a sample")).hint("put the real value in"));
        }
        let observations = Arc::new(ExpiryObservations::default());
        let options = Options { observations: Some(observations.clone()), ..network::options(settings)? };
        let wants_api = expected.api_path.is_some() || expected.query.is_some();
        Ok(Self {
            host,
            settings,
            source,
            http: Http::new(options),
            observations,
            lifetimes: Lifetimes::resolve(settings)?,
            api: wants_api.then(|| Api::resolve(settings)).transpose()?,
            directory: expected.query.as_ref().map(|_| ParticipantLookup::resolve(settings)).transpose()?,
            expected,
        })
    }
}

/// A placeholder that was not replaced.
fn placeholder(settings: &Settings) -> Option<String> {
    let id = settings.raw_str(SettingKey::ClientId)?;
    let sample = id.starts_with("your-") || id.starts_with("YOUR_") || id.starts_with('<') || id.contains("{");
    sample.then(|| id.to_owned())
}

fn check_scope_setting(record: &mut Recorder<'_>, bench: &CheckContext<'_>, remarks: &[String]) {
    match remarks.first() {
        Some(remark) => record.warn("config.scope", remark.clone(), "compare it with the provider's documentation"),
        None if bench.source.client().grant.scope.is_empty() => {
            record.info("config.scope", "no scope is asked for; what that means depends on the server");
        }
        None => record.pass("config.scope", "the scope is well-formed"),
    }
}

/// Starts a stopwatch.
pub(crate) fn stopwatch() -> impl Fn() -> Duration {
    let started = Instant::now();
    move || started.elapsed()
}
