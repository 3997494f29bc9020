//! `m2m check`: do the credentials still work, and if not, what exactly is wrong?

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::args::api::ApiArgs;
use crate::args::client::ClientArgs;
use crate::args::general::GeneralArgs;
use crate::args::network::NetworkArgs;
use crate::args::participant_query::{FlagPrefix, read_query};
use crate::args::server::ServerArgs;
use crate::check;
use crate::check::checks::CHECKS;
use crate::check::context::Expectations;
use crate::check::report::Report;
use crate::exit;
use crate::output::check_report;
use crate::output::columns;
use crate::platform::deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::runtime;
use crate::platform::ui::Verbosity;
use crate::settings::config::file::ConfigFile;
use crate::settings::key::SettingKey;
use crate::settings::layer::Layer;
use crate::settings::resolved::{Choice, Settings};

/// Smoke-test credentials
///
/// Checks settings, secret, servers, token and (if asked) API of one profile or many, side by side. The cache is never
/// read; every profile costs one token request. Exits with the class of the first failure: 3 credentials rejected, 5
/// could not reach, 6 throttled, ..
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  m2m check
  m2m check uat production --require-scope webpremios.backoffice/all.read
  m2m check --all --report junit=m2m.xml --api /v1/status
  m2m check --list")]
pub struct CheckArgs {
    /// Profiles to check; without one the profile that other commands would use
    #[arg(value_name = "PROFILE", conflicts_with_all = ["all", "profile"])]
    profiles: Vec<String>,
    /// Check every profile of the config file
    #[arg(long, conflicts_with = "profile")]
    all: bool,
    /// Print every check with its id and meaning, and check nothing
    #[arg(long)]
    list: bool,
    /// What to print: text, json, junit
    #[arg(short, long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    output: ReportFormat,
    /// Also write a report to a file: text=FILE, json=FILE or junit=FILE; repeatable
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<String>,
    /// Warnings fail too
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    expected: ExpectedArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    api_args: ApiArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    pub(crate) general: GeneralArgs,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    Text,
    Json,
    Junit,
}

/// What must hold beside the grant itself.
#[derive(Args, Debug)]
#[command(next_help_heading = "Expectations")]
struct ExpectedArgs {
    /// Scope that must be granted; repeatable
    #[arg(long, value_name = "SCOPE")]
    require_scope: Vec<String>,
    /// Audience that the token must name; repeatable
    #[arg(long, value_name = "AUDIENCE")]
    require_aud: Vec<String>,
    /// Least lifetime of the token
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    min_ttl: Option<String>,
    /// How long before `secret_expires` (profile) to warn
    #[arg(long, value_name = "DURATION", default_value = "30d", allow_hyphen_values = true)]
    warn_before: String,
    /// Read-only path of the API to call with the token
    #[arg(long, value_name = "PATH")]
    api: Option<String>,
    /// Participant to look up as the probe
    #[arg(long, value_name = "LOGIN", allow_hyphen_values = true)]
    login: Option<String>,
    /// Participant to look up as the probe
    #[arg(long, value_name = "CPF", conflicts_with = "login", allow_hyphen_values = true)]
    cpf: Option<String>,
    /// Also ask for a scope that does not exist, which must not be granted; one more token request
    #[arg(long)]
    negative: bool,
}

impl CheckArgs {
    fn layer(&self) -> Result<Layer> {
        let mut flags = Layer::default();
        self.server.add_to(&mut flags);
        self.client.add_to(&mut flags)?;
        self.api_args.add_to(&mut flags);
        self.network.add_to(&mut flags)?;
        flags.flag(SettingKey::MinTtl, self.expected.min_ttl.as_ref());
        Ok(flags)
    }

    fn expectations(&self, host: &Host) -> Result<Expectations> {
        let expected = &self.expected;
        let warn_before = deadline::parse_duration(&expected.warn_before);
        let others = Expectations {
            audiences: expected.require_aud.clone(),
            warn_before: warn_before.map_err(|why| {
                Error::usage(format!("cannot use `--warn-before {}`", expected.warn_before)).cause(why)
            })?,
            api_path: expected.api.clone(),
            query: read_query(host, expected.login.as_ref(), expected.cpf.as_ref(), FlagPrefix("--"))?,
            negative: expected.negative,
            ..Expectations::default()
        };
        others.require_scope(&expected.require_scope)
    }

    /// The profiles to check, each with what tells it apart.
    fn choices(&self, host: &Host) -> Result<Vec<Choice>> {
        let config = &self.general.config;
        let named = |name: String| Choice { profile: Some(name), by_argument: true, config: config.clone() };
        if self.all {
            let names = ConfigFile::load(host, config.as_deref())?.parse()?.names();
            if names.is_empty() {
                return Err(Error::usage("there are no profiles to check")
                    .hint("`m2m profile init --provider NAME` starts one"));
            }
            return Ok(names.into_iter().map(named).collect());
        }
        if self.profiles.is_empty() {
            return Ok(vec![self.general.choice()]);
        }
        // A profile that is named twice is checked once: every check costs a token.
        let file = ConfigFile::load(host, config.as_deref())?;
        let document = file.parse()?;
        let mut names: Vec<String> = Vec::new();
        for selector in &self.profiles {
            for name in document.select(selector)? {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        Ok(names.into_iter().map(named).collect())
    }
}

/// Runs the command.
///
/// # Errors
/// Usage: arguments or config file; a report that cannot be written. What the checks find is in the report, and in the
/// exit code.
pub fn run(host: &Host, args: &CheckArgs) -> Result<ExitCode> {
    if args.list {
        let rows = CHECKS.iter().map(|entry| [entry.id.to_owned(), entry.meaning.to_owned()]);
        return host.ui.print(columns::aligned(rows).as_bytes()).map(|()| ExitCode::SUCCESS);
    }
    let expected = args.expectations(host)?;
    let files = args.report.iter().map(|given| report_file(given)).collect::<Result<Vec<_>>>()?;
    let choices = args.choices(host)?;
    let flags = args.layer()?;
    let files =
        files.into_iter().map(|(format, path)| Ok((format, path, create(path)?))).collect::<Result<Vec<_>>>()?;
    let mut reports = runtime::run(async {
        let all = choices.iter().map(|choice| {
            // Warnings belong in the report of their profile.
            let host = host.capturing_warnings();
            let settings = Settings::resolve(&host, choice, flags.clone());
            let remarks = host.ui.take_warnings();
            let known = settings.as_ref().ok().and_then(|s| s.profile.clone()).or_else(|| choice.profile.clone());
            let name = known.unwrap_or_else(|| "(no profile)".into());
            let expected = &expected;
            async move { check::run(&host, &name, settings, &remarks, expected).await }
        });
        Ok(futures_util::future::join_all(all).await)
    })?;
    if args.strict {
        reports.iter_mut().for_each(Report::promote_warnings);
    }
    for (format, path, mut file) in files {
        file.write_all(render(format, &reports, true, None).as_bytes()).map_err(|e| write_error(path, e))?;
    }
    let on_github = host.process.var("GITHUB_ACTIONS")? == Some("true");
    let mut printed = render(args.output, &reports, host.ui.verbosity() >= Verbosity::Verbose, host.ui.columns());
    if on_github {
        write_step_summary(host, &reports)?;
        let annotations = check_report::annotations(&reports);
        if args.output == ReportFormat::Text {
            printed.push_str(&annotations);
        } else {
            annotations.lines().for_each(|line| host.ui.write_stderr_line(line));
        }
    }
    host.ui.print(printed.as_bytes())?;
    let failure = reports.iter().find_map(Report::first_failure);
    Ok(failure.map_or(ExitCode::SUCCESS, |check| exit::of(check.kind).into()))
}

fn render(format: ReportFormat, reports: &[Report], all: bool, width: Option<usize>) -> String {
    match format {
        ReportFormat::Json => check_report::json(reports),
        ReportFormat::Junit => check_report::junit(reports),
        ReportFormat::Text => check_report::text(reports, all, width),
    }
}

fn report_file(given: &str) -> Result<(ReportFormat, &Path)> {
    let parsed = given.split_once('=').filter(|(_, path)| !path.is_empty());
    parsed.and_then(|(format, path)| Some((ReportFormat::from_str(format, false).ok()?, Path::new(path)))).ok_or_else(
        || {
            Error::usage(format!("cannot use `--report {given}`"))
                .hint("write `--report junit=FILE`, `json=FILE` or `text=FILE`")
        },
    )
}

/// Opens the file of a report, before anything is sent: a report that cannot be written must not cost a token.
fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|e| write_error(path, e))
}

fn write_error(path: &Path, e: std::io::Error) -> Error {
    Error::usage(format!("cannot write the report `{}`", path.display())).caused_by(e)
}

/// Appends to the step's summary. That it cannot be written says nothing about the credentials.
fn write_step_summary(host: &Host, reports: &[Report]) -> Result<()> {
    let Some(path) = host.process.var("GITHUB_STEP_SUMMARY")? else { return Ok(()) };
    let written = File::options()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(check_report::markdown(reports).as_bytes()));
    if let Err(e) = written {
        host.ui.write_stderr_line(&format!("warning: cannot write the file in `GITHUB_STEP_SUMMARY`: {e}"));
    }
    Ok(())
}
