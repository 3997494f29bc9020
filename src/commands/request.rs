//! `m2m request`: an authorized API call, optionally on behalf of a participant.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;

use crate::api::request;
use crate::api::request::Payload;
use crate::api::session::{ApiSession, DeadlineScope};
use crate::args::api::ApiArgs;
use crate::args::grant::GrantArgs;
use crate::args::participant_filter::ParticipantFilterArgs;
use crate::args::participant_query::{FlagPrefix, read_query};
use crate::http::log::HIDDEN_HEADERS;
use crate::http::message::{Request, Response, ResponseEvent};
use crate::http::retry::RetryPolicy;
use crate::output::clean_stream::CleanStream;
use crate::participants::collector;
use crate::participants::identity;
use crate::participants::impersonation;
use crate::participants::impersonation::Impersonation;
use crate::participants::lookup::{ParticipantLookup, Query};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::local_input;
use crate::platform::local_input::LocalInput;
use crate::platform::redaction::redactor::HIDDEN;
use crate::platform::runtime;
use crate::platform::uuid;
use crate::settings::api::Api;
use crate::settings::key::SettingKey;
use crate::settings::resolved::Settings;
use crate::tokens::session::TokenSession;

/// The flags that name a participant.
const FLAGS: FlagPrefix = FlagPrefix("--as-");
/// The largest body sent, in bytes.
const BODY_LIMIT: u64 = 256 * 1024 * 1024;
/// The largest saved participant, in bytes.
const SAVED_LIMIT: u64 = 8 * 1024 * 1024;

/// Call the API with a token, optionally on behalf of a participant
///
/// The token goes to the origin of `api_url` only. The body of the answer goes to stdout whatever its status; anything
/// but 2xx is an error besides.
#[derive(Args, Debug)]
#[command(
    override_usage = "m2m request [OPTIONS] [METHOD] PATH-OR-URL",
    after_help = "Examples:
  m2m request /v1/things
  m2m request POST /v1/things --json '{\"name\":\"x\"}'
  m2m request @balance --as-cpf 529.982.247-25 --impersonator AgentID=9999
  m2m request POST /v1/orders --json @order.json --idempotent"
)]
pub struct RequestArgs {
    /// The method, if not GET (POST when there is a body); then a path that begins with one `/` and goes below
    /// `api_url`, the name of a path (`@balance`), or a URL on the origin of `api_url`
    #[arg(required = true, num_args = 1..=2, value_name = "PATH-OR-URL")]
    target: Vec<String>,
    /// Header to send; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// JSON body: the text, @FILE, or `-` for stdin
    #[arg(long, value_name = "JSON", conflicts_with = "data", allow_hyphen_values = true)]
    json: Option<String>,
    /// Body as it is: @FILE, or `-` for stdin
    #[arg(long, value_name = "@FILE", allow_hyphen_values = true)]
    data: Option<String>,
    /// Send an idempotency key, a new UUID or this one, with which a write is repeated like a GET; for calls whose
    /// documentation has such a key
    #[arg(long, value_name = "KEY", num_args = 0..=1, require_equals = true)]
    idempotent: Option<Option<String>>,
    /// Show status and headers of the answer on stderr
    #[arg(short, long)]
    include: bool,
    #[command(flatten)]
    behalf: BehalfArgs,
    #[command(flatten)]
    selection: ParticipantFilterArgs,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

/// For whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "On behalf of a participant")]
struct BehalfArgs {
    /// Act for the participant with this login; looked up first
    #[arg(long, value_name = "LOGIN", group = "behalf", allow_hyphen_values = true)]
    as_login: Option<String>,
    /// Act for the participant with this CPF; looked up first
    #[arg(long, value_name = "CPF", group = "behalf", allow_hyphen_values = true)]
    as_cpf: Option<String>,
    /// Act for a participant that was saved by `m2m participant`, `-` for stdin; not looked up
    #[arg(long, value_name = "FILE", group = "behalf")]
    as_participant: Option<PathBuf>,
    /// Act for this collector (AIR MILES), `-` for stdin; arguments can be read by others, a file cannot
    #[arg(long, value_name = "NUMBER", group = "behalf", allow_hyphen_values = true)]
    as_collector: Option<String>,
    /// Act for the collector whose number is in this file
    #[arg(long, value_name = "FILE", group = "behalf")]
    as_collector_file: Option<PathBuf>,
    /// Who acts, for the API's audit trail [env: M2M_IMPERSONATOR]
    #[arg(long, value_name = "WHO")]
    impersonator: Option<String>,
}

/// Where the participant comes from.
enum ActAs {
    Nobody,
    LookedUp(Query),
    Saved(Box<serde_json::value::RawValue>),
}

/// Runs the command.
///
/// # Errors
/// Usage, whatever keeps a token from being granted or the API from answering, and an answer that is not 2xx.
pub fn run(host: &Host, args: &RequestArgs) -> Result<()> {
    let query = read_query(host, args.behalf.as_login.as_ref(), args.behalf.as_cpf.as_ref(), FLAGS)?;
    if query.is_none() {
        args.selection.refuse()?;
    }
    let mut flags = args.grant.layer()?;
    args.api.add_to(&mut flags);
    flags.flag(SettingKey::Impersonator, args.behalf.impersonator.as_ref());
    let settings = Settings::resolve(host, &args.grant.choice(), flags)?;
    let mut api = Api::resolve(&settings)?;
    let behalf = match (query, &args.behalf.as_participant) {
        (Some(query), _) => ActAs::LookedUp(query),
        (None, Some(path)) => ActAs::Saved(read_saved(host, path)?),
        (None, None) => ActAs::Nobody,
    };
    let impersonation = (!matches!(behalf, ActAs::Nobody)).then(|| Impersonation::resolve(&settings)).transpose()?;
    let payload = payload(host, args)?;
    let (method, target) = match args.target.as_slice() {
        [method, target] => (method.as_str(), target.as_str()),
        [target] => (if payload.is_some() { "POST" } else { "GET" }, target.as_str()),
        _ => return Err(Error::usage("a path is missing")),
    };
    let mut request = request::build(&api, method, target, &args.headers, payload)?;
    // Errors name the id that was sent.
    if let Some(id) = request.headers.remove("x-correlation-id") {
        api.correlation_id = id.to_str().ok().map(str::to_owned);
    }
    if let Some(key) = &args.idempotent {
        let key = key.clone().map_or_else(uuid::random, Ok)?;
        host.ui.verbose(|| format!("idempotency key {key}"));
        request::make_idempotent(&mut request, &api, key)?;
    }
    learn_query(host, &request);
    if let Some(impersonation) = &impersonation {
        impersonation.refuse_among(&request.headers)?;
    }
    if let Some(number) = read_collector(host, &args.behalf)? {
        collector::act_for(&settings, &mut request, number.trim())?;
    }
    if let (ActAs::Saved(saved), Some(impersonation)) = (&behalf, &impersonation) {
        request.headers.extend(impersonation::header_map(&impersonation.saved_headers(saved)?)?);
    }
    let lookup = match &behalf {
        ActAs::LookedUp(_) => Some(ParticipantLookup::resolve(&settings)?),
        _ => None,
    };
    let session = TokenSession::new(host, settings, args.grant.cache.mode())?;
    let http = session.http()?;
    let provider = session.provider(host)?;
    let selection = args.selection.selection(true);
    let mut failure: Option<Error> = None;
    runtime::force_exit_after_interrupt(|| std::process::exit(crate::exit::of(ErrorKind::Interrupted).code.into()));
    let error = runtime::run(async {
        let first = if lookup.is_some() { RetryPolicy::Idempotent } else { request.retry };
        let session = ApiSession::open(host, &http, &provider, &api, DeadlineScope::PerCommand, first).await?;
        if let (ActAs::LookedUp(query), Some(lookup), Some(impersonation)) = (&behalf, &lookup, &impersonation) {
            let found = lookup.find(host, &session, query).await.map(|found| selection.apply(found.items));
            let found = found.and_then(|found| selection.require(&found).map(|()| found));
            let found = found.map_err(|error| FLAGS.advise(error, query))?;
            identity::require_same(host, query, &found[0])?;
            request.headers.extend(impersonation::header_map(&impersonation.headers(&found[0])?)?);
        }
        let mut clean = CleanStream::new(&host.ui.redactor);
        let mut print = |bytes: Vec<u8>| write_out(host, &bytes, &mut failure);
        let mut sink = |part: ResponseEvent<'_>| match part {
            ResponseEvent::Head(reply) => {
                if args.include {
                    show_head(host, reply);
                }
                ControlFlow::Continue(())
            }
            ResponseEvent::Chunk(piece) => print(clean.push(piece)),
        };
        let error = request::send(host, &session, request, &mut sink).await?;
        let _ = print(clean.finish());
        Ok(error)
    })?;
    match failure.or(error) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Hides the values of the query where the API's words repeat them: a CPF or a login may be among them. Short ones are
/// parts of other words.
fn learn_query(host: &Host, request: &Request) {
    for (_, value) in request.url.query_pairs().filter(|(_, value)| value.chars().count() >= 4) {
        host.ui.redactor.register_personal_data(&value);
    }
}

/// Writes a piece of the body; a reader that went away ends it without an error.
fn write_out(host: &Host, bytes: &[u8], failure: &mut Option<Error>) -> ControlFlow<()> {
    if bytes.is_empty() {
        return ControlFlow::Continue(());
    }
    match host.ui.write_stdout(bytes) {
        Ok(()) => ControlFlow::Continue(()),
        Err(e) => {
            if e.kind() != std::io::ErrorKind::BrokenPipe {
                *failure = Some(Error::new(ErrorKind::Internal, "cannot write to stdout").caused_by(e));
            }
            ControlFlow::Break(())
        }
    }
}

fn show_head(host: &Host, reply: &Response) {
    host.ui.write_stderr_line(&format!("< HTTP {}", reply.status));
    for (name, value) in &reply.headers {
        let secret = HIDDEN_HEADERS.contains(&name.as_str());
        let text = String::from_utf8_lossy(value.as_bytes());
        host.ui.write_stderr_line(&format!(
            "< {name}: {}",
            if secret { HIDDEN.to_owned() } else { host.ui.redactor.quote(&text) }
        ));
    }
}

fn payload(host: &Host, args: &RequestArgs) -> Result<Option<Payload>> {
    match (&args.json, &args.data) {
        (Some(json), _) => {
            let bytes = read_body(host, json, "--json")?;
            let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes);
            valid.map_err(|e| {
                Error::usage("the body of `--json` is not JSON (not shown)")
                    .cause(format!("at line {} column {}", e.line(), e.column()))
                    .hint("`--data` sends a body as it is")
            })?;
            Ok(Some(Payload { bytes, content_type: Some("application/json") }))
        }
        (None, Some(data)) if data == "-" || data.starts_with('@') => {
            Ok(Some(Payload { bytes: read_body(host, data, "--data")?, content_type: None }))
        }
        (None, Some(_)) => {
            Err(Error::usage("`--data` takes @FILE or `-` (stdin)").hint("`--json` takes the text itself"))
        }
        (None, None) => Ok(None),
    }
}

/// The text itself, `@FILE`, or `-` for stdin.
fn read_body(host: &Host, given: &str, flag: &str) -> Result<Vec<u8>> {
    if given == "-" {
        return host.read_stdin(&format!("`{flag}`"), BODY_LIMIT);
    }
    match given.strip_prefix('@') {
        Some(path) => read_file(host, path.as_ref(), flag, BODY_LIMIT),
        None => Ok(given.as_bytes().to_vec()),
    }
}

fn read_file(host: &Host, path: &std::path::Path, flag: &str, limit: u64) -> Result<Vec<u8>> {
    let read = LocalInput::open(path).and_then(|file| file.read(limit, host.process.input_timeout()));
    read.map_err(|e| Error::usage(format!("cannot read `{}` for `{flag}`", path.display())).caused_by(e))
}

/// The collector's number, from the place that was named.
fn read_collector(host: &Host, behalf: &BehalfArgs) -> Result<Option<String>> {
    let bytes = match (&behalf.as_collector, &behalf.as_collector_file) {
        (Some(dash), _) if dash == "-" => host.read_stdin("`--as-collector`", SAVED_LIMIT)?,
        (Some(number), _) => number.clone().into_bytes(),
        (None, Some(path)) => read_file(host, path, "--as-collector-file", SAVED_LIMIT)?,
        (None, None) => return Ok(None),
    };
    let number =
        local_input::text(bytes).map_err(|why| Error::usage("the collector's number cannot be read").cause(why))?;
    host.ui.redactor.register_personal_data(number.trim());
    Ok(Some(number))
}

fn read_saved(host: &Host, path: &std::path::Path) -> Result<Box<serde_json::value::RawValue>> {
    let bytes = if path.as_os_str() == "-" {
        host.read_stdin("`--as-participant`", SAVED_LIMIT)?
    } else {
        read_file(host, path, "--as-participant", SAVED_LIMIT)?
    };
    impersonation::read_saved(&bytes)
}
