//! `m2m token`: a valid access token on stdout, and nothing else.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use crate::args::client::ClientArgs;
use crate::args::general::GeneralArgs;
use crate::args::network::NetworkArgs;
use crate::args::server::ServerArgs;
use crate::flows::token_source::TokenSource;
use crate::output::token_format::{self, Printable, TokenFormat};
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::http::Http;
use crate::platform::runtime;
use crate::settings::layer::Layer;
use crate::settings::network;
use crate::settings::resolved::Settings;

/// The formats by name.
const FORMATS: [(&str, TokenFormat); 4] = [
    ("token", TokenFormat::Token),
    ("json", TokenFormat::Json),
    ("header", TokenFormat::Header),
    ("curl", TokenFormat::Curl),
];

/// Print a valid access token
///
/// Gets a token by the client-credentials grant (RFC 6749 section 4.4) and prints it with a line end. To keep it out of
/// the argument list of curl, use `-o curl`:
///
///     m2m token -o curl | curl -K - https://api.example.com/v1/things
#[derive(Args, Debug)]
pub struct TokenArgs {
    /// What to print: the token, the response as json, a header line, or a config for `curl -K -`
    #[arg(short, long, value_name = "FORMAT", default_value = "token", value_parser = format_parser())]
    output: TokenFormat,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    pub(crate) general: GeneralArgs,
}

fn format_parser() -> impl clap::builder::TypedValueParser<Value = TokenFormat> {
    let known = PossibleValuesParser::new(FORMATS.map(|(name, _)| name));
    known.map(|given| {
        FORMATS
            .iter()
            .find(|(name, _)| *name == given)
            .map(|(_, format)| *format)
            .unwrap_or_default()
    })
}

/// Runs the command.
///
/// # Errors
/// Usage, or whatever keeps a token from being granted.
pub fn run(host: &Host, args: &TokenArgs) -> Result<()> {
    let mut flags = Layer::default();
    args.server.add_to(&mut flags);
    args.client.add_to(&mut flags)?;
    args.network.add_to(&mut flags);
    let settings = Settings::resolve(host, &args.general.choice(), flags)?;
    let source = TokenSource::resolve(&settings, host)?;
    let http = Http::new(network::options(&settings)?);
    let token = runtime::run(source.grant(host, &http))?;
    let printable = Printable {
        access_token: token.access_token.expose(),
        expires_at: token.expires_at,
        members: &token.members,
        cached: false,
        now: host.now(),
    };
    host.print(token_format::render(args.output, &printable).as_bytes())
}
