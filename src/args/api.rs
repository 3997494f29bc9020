//! Flags that say which API is called, and with which key.

use std::path::PathBuf;

use clap::Args;

use crate::settings::key::SettingKey;
use crate::settings::layer::Layer;

/// The API.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "API")]
pub struct ApiArgs {
    /// Base URL of the API; the token goes to this origin only [env: M2M_API_URL]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// File with the gateway's subscription key, `-` for stdin [env: M2M_SUBSCRIPTION_KEY holds the key,
    /// M2M_SUBSCRIPTION_KEY_FILE a path]
    #[arg(long, value_name = "PATH")]
    subscription_key_file: Option<PathBuf>,
}

impl ApiArgs {
    /// Adds what was given to a layer.
    pub fn add_to(&self, layer: &mut Layer) {
        layer.flag(SettingKey::ApiUrl, self.api_url.as_ref());
        layer.flag_secret_file(SettingKey::SubscriptionKey, self.subscription_key_file.as_ref());
    }
}
