//! What every command that needs a token prepares first: settings read and checked, in one order for all of them, with
//! nothing sent and no secret read yet. Refuses to know what the token is for.

use crate::http::client::Http;
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::runtime;
use crate::settings::cache_mode::{CacheMode, Lifetimes};
use crate::settings::layer::Layer;
use crate::settings::network;
use crate::settings::resolved::{Choice, Settings};
use crate::tokens::provider::{AccessToken, TokenProvider};
use crate::tokens::source::TokenSource;

/// The checked settings of one command, ready to get a token.
pub struct TokenSession {
    /// All settings of the profile.
    pub settings: Settings,
    /// What shapes the token.
    pub source: TokenSource,
    lifetimes: Lifetimes,
    mode: CacheMode,
}

impl TokenSession {
    /// Resolves the settings and checks all that can be checked without a network or a secret: a mistake is reported
    /// even where the cache already holds a token.
    pub fn prepare(host: &Host, choice: &Choice, flags: Layer, mode: CacheMode) -> Result<Self> {
        Self::new(host, Settings::resolve(host, choice, flags)?, mode)
    }

    /// As [`Self::prepare`], with settings that were resolved before.
    pub fn new(host: &Host, settings: Settings, mode: CacheMode) -> Result<Self> {
        let source = TokenSource::resolve(&settings, host)?;
        network::check(&settings)?;
        let lifetimes = Lifetimes::resolve(&settings)?;
        Ok(Self { settings, source, lifetimes, mode })
    }

    /// The provider of the token. Reads the client secret if that costs nothing.
    ///
    /// # Errors
    /// Usage: the secret cannot be read.
    pub fn provider<'a>(&'a self, host: &'a Host) -> Result<TokenProvider<'a>> {
        TokenProvider::new(host, &self.source, self.mode, self.lifetimes)
    }

    /// The HTTP client; its deadline starts now.
    ///
    /// # Errors
    /// Usage: the authorities of `ca_file` cannot be read.
    pub fn http(&self) -> Result<Http> {
        Ok(Http::new(network::options(&self.settings)?))
    }

    /// The token, for commands that need nothing else. A cache hit starts no async runtime and builds no HTTP client.
    ///
    /// # Errors
    /// Whatever keeps a token from being granted.
    pub fn token(&self, host: &Host) -> Result<AccessToken> {
        let provider = self.provider(host)?;
        match provider.read_fresh() {
            Some(token) => Ok(token),
            None => {
                let http = self.http()?;
                runtime::run(provider.get(&http))
            }
        }
    }
}
