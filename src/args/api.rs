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
    /// Id of the flow that this call belongs to, for the API's logs [env: M2M_CORRELATION_ID] [default: a new UUID per run]
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// Name of the calling client, where the API wants one (AIR MILES) [env: M2M_ORIGIN_CLIENT]
    #[arg(long, value_name = "NAME")]
    origin_client: Option<String>,
}

impl ApiArgs {
    /// Adds what was given to a layer.
    pub fn add_to(&self, layer: &mut Layer) {
        layer.flag(SettingKey::ApiUrl, self.api_url.as_ref());
        layer.flag_secret_file(SettingKey::SubscriptionKey, self.subscription_key_file.as_ref());
        layer.flag(SettingKey::CorrelationId, self.correlation_id.as_ref());
        layer.flag(SettingKey::OriginClient, self.origin_client.as_ref());
    }
}
