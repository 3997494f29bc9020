//! Flags that say where tokens are granted.

use clap::Args;

use crate::args::word::WordOf;
use crate::settings::key::SettingKey;
use crate::settings::layer::Layer;

/// The authorization server.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Authorization server")]
pub struct ServerArgs {
    /// Preset of defaults and hints [env: M2M_PROVIDER] [default: generic]
    #[arg(long, value_name = "NAME", value_parser = WordOf(SettingKey::Provider))]
    provider: Option<String>,
    /// The tenant's domain, for presets that need it [env: M2M_TENANT_DOMAIN]
    #[arg(long, value_name = "DOMAIN")]
    tenant_domain: Option<String>,
    /// The tenant's id, for presets and scopes that hold `{tenant_id}` [env: M2M_TENANT_ID]
    #[arg(long, value_name = "ID")]
    tenant_id: Option<String>,
    /// Expected issuer, and where its metadata is found [env: M2M_ISSUER]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The metadata document itself [env: M2M_DISCOVERY_URL]
    #[arg(long, value_name = "URL")]
    discovery_url: Option<String>,
    /// The token endpoint; nothing is discovered then [env: M2M_TOKEN_URL]
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
}

impl ServerArgs {
    /// Adds what was given to a layer.
    pub fn add_to(&self, layer: &mut Layer) {
        layer.flag(SettingKey::Provider, self.provider.as_ref());
        layer.flag(SettingKey::TenantDomain, self.tenant_domain.as_ref());
        layer.flag(SettingKey::TenantId, self.tenant_id.as_ref());
        layer.flag(SettingKey::Issuer, self.issuer.as_ref());
        layer.flag(SettingKey::DiscoveryUrl, self.discovery_url.as_ref());
        layer.flag(SettingKey::TokenUrl, self.token_url.as_ref());
    }
}
