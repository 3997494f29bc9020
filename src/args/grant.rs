//! All flags that shape a token, as one group for every command that gets one.

use clap::Args;

use crate::args::cache::CacheArgs;
use crate::args::client::ClientArgs;
use crate::args::general::GeneralArgs;
use crate::args::network::NetworkArgs;
use crate::args::server::ServerArgs;
use crate::platform::error::Result;
use crate::settings::layer::Layer;
use crate::settings::resolved::Choice;

/// Where, who, for what, how kept, how reached.
#[derive(Args, Clone, Debug, Default)]
pub struct GrantArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    client: ClientArgs,
    /// How the cache is used.
    #[command(flatten)]
    pub cache: CacheArgs,
    #[command(flatten)]
    network: NetworkArgs,
    /// Profile and verbosity.
    #[command(flatten)]
    pub general: GeneralArgs,
}

impl GrantArgs {
    /// What these flags say about the settings.
    pub fn layer(&self) -> Result<Layer> {
        let mut flags = Layer::default();
        self.server.add_to(&mut flags);
        self.client.add_to(&mut flags)?;
        self.cache.add_to(&mut flags);
        self.network.add_to(&mut flags)?;
        Ok(flags)
    }

    /// Which profile is chosen.
    pub fn choice(&self) -> Choice {
        self.general.choice()
    }
}
