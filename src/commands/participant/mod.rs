//! `m2m participant`: look participants up by login or CPF, one or many, and print what the API answered.

pub mod bulk;
pub mod writer;

use clap::{Args, ValueEnum};
use serde_json::value::RawValue;

use crate::api::session::{ApiSession, DeadlineScope};
use crate::args::api::ApiArgs;
use crate::args::grant::GrantArgs;
use crate::args::participant_filter::ParticipantFilterArgs;
use crate::args::participant_query::{FlagPrefix, read_query};
use crate::commands::participant::bulk::BulkArgs;
use crate::http::retry::RetryPolicy;
use crate::output::{curl_config, json_text, redact_participant};
use crate::participants::identity::{self, Identity, OTHER_PERSON};
use crate::participants::impersonation::Impersonation;
use crate::participants::lookup::ParticipantLookup;
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::runtime;
use crate::platform::secret::Secret;
use crate::settings::key::SettingKey;
use crate::tokens::session::TokenSession;

/// The flags of this command.
const FLAGS: FlagPrefix = FlagPrefix("--");

/// Look participants up by login or CPF
///
/// One value: prints the JSON array as the API sent it; no match is exit 9. A file of values: prints one JSON line a
/// value, in the order of the input. A CPF may be written with dots and dash; its check digits are verified before
/// anything is sent.
#[derive(Args, Debug)]
#[command(
    override_usage = "m2m participant [OPTIONS] --login LOGIN|--cpf CPF|--login-file FILE|--cpf-file FILE",
    after_help = "Examples:
  m2m participant --cpf 529.982.247-25
  m2m participant --login ana --one --segment Gold -o headers --impersonator ops@example.com
  m2m participant --cpf-file cpfs.txt > out.ndjson
  m2m participant --cpf-file cpfs.txt --resume out.ndjson            goes on where that ended
  m2m participant --cpf-file cpfs.txt --then @balance --impersonator AgentID=9999"
)]
pub struct ParticipantArgs {
    #[command(flatten)]
    query: QueryArgs,
    /// What to print: the API's json; impersonation headers; or a curl config with these, the token and the gateway's
    /// key
    #[arg(short, long, value_name = "FORMAT", default_value = "json", hide_possible_values = true, conflicts_with_all = ["cpf_file", "login_file"])]
    output: Format,
    /// Who acts for the participant, for `-o headers`, `-o curl`, and `--then` [env: M2M_IMPERSONATOR]
    #[arg(long, value_name = "WHO")]
    impersonator: Option<String>,
    /// Mask personal data in what is printed; ids, segment and status stay, where they are no CPF or e-mail
    #[arg(long)]
    pub(crate) redact: bool,
    #[command(flatten)]
    pub(crate) selection: ParticipantFilterArgs,
    #[command(flatten)]
    pub(crate) bulk: BulkArgs,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

/// Login or CPF: exactly one, never told apart by looks. The files are in the same group.
#[derive(Args, Debug)]
#[group(id = "query", multiple = false, args = ["login", "cpf", "login_file", "cpf_file"])]
struct QueryArgs {
    /// The participant's login
    #[arg(long, value_name = "LOGIN", allow_hyphen_values = true)]
    login: Option<String>,
    /// The participant's CPF
    #[arg(long, value_name = "CPF", allow_hyphen_values = true)]
    cpf: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Headers,
    Curl,
}

/// Runs the command.
///
/// # Errors
/// Usage, whatever keeps a token from being granted or the API from answering, and not found.
pub fn run(host: &Host, args: &ParticipantArgs) -> Result<()> {
    let query = read_query(host, args.query.login.as_ref(), args.query.cpf.as_ref(), FLAGS)?;
    match query {
        Some(_) => args.bulk.refuse_for_one()?,
        None => args.bulk.require_input()?,
    }
    let mut flags = args.grant.layer()?;
    args.api.add_to(&mut flags);
    flags.flag(SettingKey::Impersonator, args.impersonator.as_ref());
    let session = TokenSession::prepare(host, &args.grant.choice(), flags, args.grant.cache.mode())?;
    let lookup = ParticipantLookup::resolve(&session.settings)?;
    let impersonation = (args.output != Format::Json).then(|| Impersonation::resolve(&session.settings)).transpose()?;
    let Some(query) = query else {
        let selection = args.selection.selection(false);
        return bulk::run(host, &args.bulk, args.redact, &selection, &session, &lookup);
    };
    let http = session.http()?;
    let provider = session.provider(host)?;
    let selection = args.selection.selection(impersonation.is_some());
    let (found, shared) = runtime::run(async {
        let session =
            ApiSession::open(host, &http, &provider, lookup.api(), DeadlineScope::PerCommand, RetryPolicy::Idempotent)
                .await?;
        let found = lookup.find(host, &session, &query).await.map_err(|error| FLAGS.advise(error, &query))?;
        Ok((found, session.shared_headers()))
    })?;
    let everything = selection.is_everything();
    let items = selection.apply(found.items);
    selection.require(&items).map_err(|error| FLAGS.advise(error, &query))?;
    if impersonation.is_none() && items.iter().any(|item| identity::compare(&query, item) == Identity::Different) {
        host.ui.warn(OTHER_PERSON);
    }
    match (impersonation, items.as_slice()) {
        (Some(impersonation), [participant, ..]) => {
            identity::require_same(host, &query, participant)?;
            // An id is no personal data, a login is.
            let masked = args
                .redact
                .then(|| RawValue::from_string(redact_participant::participant(participant)).unwrap_or_default());
            let headers = impersonation.headers(masked.as_ref().unwrap_or(participant))?;
            print_headers(host, args.output, &headers, &shared)
        }
        _ if args.redact => {
            let masked: Vec<String> = items.iter().map(|item| redact_participant::participant(item)).collect();
            host.ui.print(&json_text::passed_through(host, &format!("[{}]", masked.join(","))))
        }
        _ if everything => host.ui.print(&json_text::passed_through(host, &found.array)),
        _ => {
            let kept: Vec<&str> = items.iter().map(|item| item.get()).collect();
            host.ui.print(&json_text::passed_through(host, &format!("[{}]", kept.join(","))))
        }
    }
}

fn print_headers(host: &Host, format: Format, headers: &[(String, String)], shared: &[(String, Secret)]) -> Result<()> {
    let ours = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let text = match format {
        Format::Curl => {
            curl_config::curl(shared.iter().map(|(name, value)| (name.as_str(), value.expose())).chain(ours))
        }
        _ => curl_config::lines(ours),
    };
    host.ui.print(text.as_bytes())
}
