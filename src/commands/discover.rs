//! `m2m discover`: the authorization server's metadata, as it sent it.

use clap::Args;

use crate::args::general::GeneralArgs;
use crate::args::network::NetworkArgs;
use crate::args::server::ServerArgs;
use crate::http::client::Http;
use crate::output::json_text;
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::runtime;
use crate::settings::layer::Layer;
use crate::settings::resolved::Settings;
use crate::settings::{network, server};
use crate::tokens::metadata;

/// Print the authorization server's metadata
///
/// Fetches the document from `discovery_url`, or finds it from `issuer` (OpenID Connect Discovery, then RFC 8414),
/// checks that it names the expected issuer and a token endpoint that may be used, and prints it as it was sent.
#[derive(Args, Debug)]
pub struct DiscoverArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    pub(crate) general: GeneralArgs,
}

/// Runs the command.
///
/// # Errors
/// Usage, or whatever keeps the document from being used.
pub fn run(host: &Host, args: &DiscoverArgs) -> Result<()> {
    let mut flags = Layer::default();
    args.server.add_to(&mut flags);
    args.network.add_to(&mut flags)?;
    let settings = Settings::resolve(host, &args.general.choice(), flags)?;
    let source = server::metadata_source(&settings)?;
    let http = Http::new(network::options(&settings)?);
    let metadata = runtime::run(metadata::find(host, &http, &source, None, false))?;
    host.ui.print(&json_text::passed_through(host, &metadata.document))
}
