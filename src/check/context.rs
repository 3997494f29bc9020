//! What the checks of one profile share: the expectations of the command line, and everything that the steps need once the
//! settings are known to be good. Refuses to check anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::http::client::Http;
use crate::http::connections::Options;
use crate::http::tls::expiry_observer::ExpiryObservations;
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
    pub(crate) lookup: Option<ParticipantLookup>,
    pub(crate) expected: &'a Expectations,
}

impl<'a> CheckContext<'a> {
    pub(crate) fn prepare(host: &'a Host, settings: &'a Settings, expected: &'a Expectations) -> Result<Self> {
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
            lookup: expected.query.as_ref().map(|_| ParticipantLookup::resolve(settings)).transpose()?,
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

/// Starts a stopwatch.
pub(crate) fn stopwatch() -> impl Fn() -> Duration {
    let started = Instant::now();
    move || started.elapsed()
}
