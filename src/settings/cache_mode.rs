//! Whether tokens come from the cache, how long they must last, and how long they are assumed to last if the server
//! does not say.

use std::time::Duration;

use crate::platform::error::Result;
use crate::settings::key::SettingKey;
use crate::settings::resolved::Settings;

/// How the cache is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheMode {
    /// Read and written.
    #[default]
    ReadWrite,
    /// Not read (`--refresh`).
    WriteOnly,
    /// Neither (`--no-cache`).
    Off,
}

/// What the settings say about token lifetimes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifetimes {
    /// The least a token from the cache must have left.
    pub min_ttl: Option<Duration>,
    /// The lifetime of a token that has none; without it, such a token is not cached.
    pub default_ttl: Option<Duration>,
}

impl Lifetimes {
    /// Reads the settings.
    ///
    /// # Errors
    /// Usage: not a duration.
    pub fn resolve(settings: &Settings) -> Result<Self> {
        Ok(Self {
            min_ttl: settings.duration(SettingKey::MinTtl)?,
            default_ttl: settings.duration(SettingKey::DefaultTtl)?,
        })
    }
}
