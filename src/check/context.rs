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
use crate::platform::unfilled;
use crate::settings::api::Api;
use crate::settings::cache_mode::Lifetimes;
use crate::settings::key::{SETTINGS, SettingKey};
use crate::settings::layer::Value;
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
        refuse_placeholders(settings)?;
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

/// Refuses a text of any setting that a sample or a pipeline left unfilled.
fn refuse_placeholders(settings: &Settings) -> Result<()> {
    // Templates of paths hold what is filled in for each participant.
    let is_template = |key| matches!(key, SettingKey::ParticipantByLogin | SettingKey::ParticipantByCpf);
    for key in SETTINGS.iter().map(|setting| setting.key).filter(|key| !is_template(*key)) {
        let texts = match settings.raw(key) {
            Some((Value::Text(_), _)) => settings.text(key).ok().flatten().into_iter().collect(),
            Some((Value::List(_), _)) => settings.list(key).unwrap_or_default(),
            _ => Vec::new(),
        };
        for word in texts.iter().flat_map(|text| [text.as_str()].into_iter().chain(text.split_ascii_whitespace())) {
            // What looks odd about a scope is a check of its own.
            let found =
                if key == SettingKey::Scope { unfilled::unexpanded_variable(word) } else { unfilled::any(word) };
            if let Some(placeholder) = found {
                return Err(Error::usage(format!("`{placeholder}` is a placeholder"))
                    .cause(format!("it is in `{}` (from {})", key.name(), settings.origin(key)))
                    .hint("put the real value in"));
            }
        }
    }
    Ok(())
}

/// Starts a stopwatch.
pub(crate) fn stopwatch() -> impl Fn() -> Duration {
    let started = Instant::now();
    move || started.elapsed()
}
