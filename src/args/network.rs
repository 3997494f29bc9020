//! Flags that say how servers are reached.

use clap::Args;

use crate::platform::error::{Error, Result};
use crate::platform::url;
use crate::settings::key::SettingKey;
use crate::settings::layer::Layer;

/// Deadline, retries, authorities, proxy.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// Deadline over everything the command does [env: M2M_TIMEOUT] [default: 30s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    timeout: Option<String>,
    /// Limit for one connection attempt, half of it for the TLS handshake [env: M2M_CONNECT_TIMEOUT] [default: 10s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    connect_timeout: Option<String>,
    /// How often a failed request may be repeated [env: M2M_RETRIES] [default: 2]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    retries: Option<String>,
    /// PEM file of authorities to trust beside the system's [env: M2M_CA_FILE]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
    /// Proxy for https requests, '' for none [env: M2M_PROXY, else HTTPS_PROXY]; NO_PROXY is obeyed; a password is for
    /// the environment or a profile
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
}

impl NetworkArgs {
    /// Adds what was given to a layer.
    ///
    /// # Errors
    /// Usage: `--proxy` holds a password.
    pub fn add_to(&self, layer: &mut Layer) -> Result<()> {
        if self.proxy.as_deref().is_some_and(url::holds_password) {
            return Err(Error::usage(
                "`--proxy` with a password is refused: the command line can be read by every user of the machine",
            )
            .cause("arguments show up in process listings, shell histories and CI logs")
            .hint("put the URL in the environment: `M2M_PROXY` or `HTTPS_PROXY`")
            .hint("or in a profile that only you can read: `proxy = \"http://USER:PASSWORD@HOST:PORT\"`"));
        }
        layer.flag(SettingKey::Timeout, self.timeout.as_ref());
        layer.flag(SettingKey::ConnectTimeout, self.connect_timeout.as_ref());
        layer.flag(SettingKey::Retries, self.retries.as_ref());
        layer.flag(SettingKey::CaFile, self.ca_file.as_ref());
        layer.flag(SettingKey::Proxy, self.proxy.as_ref());
        Ok(())
    }
}
