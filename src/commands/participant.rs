//! `m2m participant`: look a participant up by login or CPF, and print what the API answered.

use clap::Args;

use crate::args::api::ApiArgs;
use crate::args::grant::GrantArgs;
use crate::flows::api_session::ApiSession;
use crate::flows::participants::{Directory, Query};
use crate::flows::token_cache::TokenKeeper;
use crate::flows::token_source::TokenSource;
use crate::output::json_text;
use crate::platform::cpf::Cpf;
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::http::Http;
use crate::platform::runtime;
use crate::settings::caching::Lifetimes;
use crate::settings::network;

/// Look a participant up by login or CPF
///
/// Prints the JSON array as the API sent it. A CPF may be written with dots and dash; its check digits are verified before
/// anything is sent. No match is exit 9.
#[derive(Args, Debug)]
pub struct ParticipantArgs {
    #[command(flatten)]
    query: QueryArgs,
    /// Insist on exactly one participant; several are exit 9
    #[arg(long)]
    one: bool,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

/// Login or CPF: exactly one, never told apart by looks.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct QueryArgs {
    /// The participant's login
    #[arg(long, value_name = "LOGIN", allow_hyphen_values = true)]
    login: Option<String>,
    /// The participant's CPF
    #[arg(long, value_name = "CPF", allow_hyphen_values = true)]
    cpf: Option<String>,
}

impl QueryArgs {
    /// The query, learnt as personal data before anything can fail.
    fn read(&self, host: &Host) -> Result<Query> {
        for value in [&self.login, &self.cpf].into_iter().flatten() {
            host.redactor.learn_personal(value);
        }
        let query = match (&self.login, &self.cpf) {
            (Some(login), _) if login.trim().is_empty() => {
                return Err(crate::platform::error::Error::usage("`--login` is empty"));
            }
            (Some(login), _) => Query::Login(login.clone()),
            (None, cpf) => Query::Cpf(Cpf::parse(cpf.as_deref().unwrap_or_default())?),
        };
        host.redactor.learn_personal(query.value());
        Ok(query)
    }
}

/// Runs the command.
///
/// # Errors
/// Usage, whatever keeps a token from being granted or the API from answering, and not found.
pub fn run(host: &Host, args: &ParticipantArgs) -> Result<()> {
    let query = args.query.read(host)?;
    let settings = args.grant.settings(host, Some(&args.api))?;
    let source = TokenSource::resolve(&settings, host)?;
    let directory = Directory::resolve(&settings)?;
    let keeper = TokenKeeper::new(host, &source, args.grant.cache.usage(), Lifetimes::resolve(&settings)?)?;
    let http = Http::new(network::options(&settings)?);
    let participants = runtime::run(async {
        let session = ApiSession::open(host, &http, &keeper, directory.api()).await?;
        directory.find(host, &session, &query).await
    })?;
    participants.require(args.one)?;
    host.print(&json_text::passed_through(host, &participants.array))
}
