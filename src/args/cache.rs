//! Flags that say how the cache is used.

use clap::Args;

use crate::settings::cache_mode::CacheMode;
use crate::settings::key::SettingKey;
use crate::settings::layer::Layer;

/// The token cache.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Cache")]
pub struct CacheArgs {
    /// Get a new token even if a cached one is fresh, and cache it
    #[arg(long, conflicts_with = "no_cache")]
    refresh: bool,
    /// Neither read nor write the cache [env: M2M_CACHE_DIR is its folder]
    #[arg(long)]
    no_cache: bool,
    /// Least time that a cached token must have left
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    min_ttl: Option<String>,
}

impl CacheArgs {
    /// Adds what was given to a layer.
    pub fn add_to(&self, layer: &mut Layer) {
        layer.flag(SettingKey::MinTtl, self.min_ttl.as_ref());
    }

    /// How the cache is used.
    pub fn mode(&self) -> CacheMode {
        match (self.no_cache, self.refresh) {
            (true, _) => CacheMode::Off,
            (false, true) => CacheMode::WriteOnly,
            (false, false) => CacheMode::ReadWrite,
        }
    }
}
