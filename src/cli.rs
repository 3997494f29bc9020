//! The table of contents: every command, and where it goes.

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::process::ExitCode;

use clap::error::ErrorKind as ClapKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::args::general::GeneralArgs;
use crate::args::usage_error;
use crate::commands::{cache, check, completions, discover, exec, inspect, man, participant, profile, request, token};
use crate::exit;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::report::ErrorFormat;

/// Get OAuth 2.0 machine-to-machine access tokens, and use them
#[derive(Debug, Parser)]
#[command(name = "m2m", version, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

// Commands that are not used are not built: see `defer`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Print a valid access token
    Token(Box<token::TokenArgs>),
    /// Look participants up by login or CPF, one or many
    Participant(Box<participant::ParticipantArgs>),
    /// Call the API with a token, optionally on behalf of a participant
    Request(Box<request::RequestArgs>),
    /// Print the authorization server's metadata
    Discover(Box<discover::DiscoverArgs>),
    /// Smoke-test credentials
    Check(Box<check::CheckArgs>),
    /// Run a program with the token in its environment
    Exec(Box<exec::ExecArgs>),
    /// Decode, and with --verify verify, a JWT access token
    Inspect(Box<inspect::InspectArgs>),
    /// List, show and start profiles
    Profile(profile::ProfileArgs),
    /// List and clear cached tokens
    Cache(cache::CacheArgs),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
    /// Print a manual page
    Man(man::ManArgs),
}

/// What the arguments ask for.
pub enum Parsed {
    /// A command.
    Run(Cli),
    /// Text for stdout: help or version.
    Text(String),
}

/// Reads the arguments, the program's name first.
pub fn parse(argv: &[OsString]) -> Result<Parsed> {
    // The process ends soon: taking the definitions down would cost every run a tenth of its parsing.
    let mut m2m = ManuallyDrop::new(Cli::command());
    let parsed = m2m.try_get_matches_from_mut(argv).and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    match parsed {
        Ok(cli) => Ok(Parsed::Run(cli)),
        Err(e) if matches!(e.kind(), ClapKind::DisplayHelp | ClapKind::DisplayVersion) => {
            Ok(Parsed::Text(render_help(argv)))
        }
        Err(e) => Err(usage_error::from_clap(&e, &command_path(argv))),
    }
}

/// m2m with everything that it says of itself.
fn command_with_after_help() -> clap::Command {
    Cli::command().after_help(after_help())
}

/// The help or version that the arguments ask for, as lines.
fn render_help(argv: &[OsString]) -> String {
    let text =
        command_with_after_help().try_get_matches_from(argv).err().map(|e| e.render().to_string()).unwrap_or_default();
    format!("{}\n", text.trim_end())
}

/// The command that the arguments name: `m2m`, `m2m token`, `m2m profile init`.
fn command_path(argv: &[OsString]) -> String {
    let mut m2m = Cli::command();
    m2m.build();
    let names = argv.iter().skip(1).map_while(|word| word.to_str());
    names
        .scan(&m2m, |command, name| {
            *command = command.find_subcommand(name)?;
            Some(command.get_name())
        })
        .fold("m2m".to_owned(), |called, name| called + " " + name)
}

impl Cli {
    /// Runs the command.
    pub fn run(&self, host: &Host, format: ErrorFormat) -> Result<ExitCode> {
        if let Some(general) = self.general() {
            general.apply(host);
        }
        match &self.command {
            Command::Token(args) => token::run(host, args),
            Command::Participant(args) => participant::run(host, args),
            Command::Request(args) => request::run(host, args),
            Command::Discover(args) => discover::run(host, args),
            Command::Check(args) => return check::run(host, args),
            Command::Exec(args) => return exec::run(host, args, format),
            Command::Inspect(args) => inspect::run(host, args),
            Command::Profile(args) => profile::run(host, args),
            Command::Cache(args) => cache::run(host, args),
            Command::Completions(args) => completions::run(host, args, command_with_after_help()),
            Command::Man(args) => man::run(host, args, command_with_after_help()),
        }
        .map(|()| ExitCode::SUCCESS)
    }

    /// The flags that every command has but those that only print what m2m says of itself.
    fn general(&self) -> Option<&GeneralArgs> {
        Some(match &self.command {
            Command::Token(args) => &args.grant.general,
            Command::Participant(args) => &args.grant.general,
            Command::Request(args) => &args.grant.general,
            Command::Discover(args) => &args.general,
            Command::Check(args) => &args.general,
            Command::Exec(args) => &args.grant.general,
            Command::Inspect(args) => &args.grant.general,
            Command::Profile(args) => args.general(),
            Command::Cache(args) => args.general(),
            Command::Completions(_) | Command::Man(_) => return None,
        })
    }
}

/// The error format, found before the arguments are parsed: mistakes in them are errors too.
///
/// # Errors
/// Usage: a format that does not exist.
pub fn error_format(host: &Host) -> Result<ErrorFormat> {
    let read = |text: &str, origin: &str| match text {
        "text" => Ok(ErrorFormat::Text),
        "json" => Ok(ErrorFormat::Json),
        other => Err(Error::usage(format!("cannot use the error format `{other}` (from {origin})"))
            .hint("the formats are `text` and `json`")),
    };
    let mut args = host.process.argv.iter().skip(1).take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        let Some(text) = arg.to_str() else { continue };
        let given = match text.strip_prefix("--error-format") {
            Some("") => args.next().and_then(|next| next.to_str()),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(given) = given {
            return read(given, "flag `--error-format`");
        }
    }
    host.process.var("M2M_ERROR_FORMAT")?.map_or(Ok(ErrorFormat::Text), |text| read(text, "env `M2M_ERROR_FORMAT`"))
}

fn after_help() -> String {
    let rows: Vec<String> = exit::KINDS
        .iter()
        .map(|kind| exit::of(*kind))
        .map(|e| format!("  {:>3}  {:<21} {}", e.code, e.kind, e.when))
        .collect();
    format!(
        "Settings come from flags, then the environment, then the profile, then the provider's preset.\n\nExit codes:\n    0  success\n{}",
        rows.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::key::SETTINGS;

    /// Help is literal text, since building it from the table would cost every run; so this holds the two together.
    #[test]
    fn help_names_the_variable_and_the_default_of_every_setting_with_a_flag() {
        let (mut m2m, mut seen) = (Cli::command(), std::collections::BTreeSet::new());
        m2m.build();
        for command in m2m.get_subcommands().filter(|command| command.get_name() != "profile") {
            for arg in command.get_arguments() {
                let flag = arg.get_long().map(|long| format!("--{long}")).unwrap_or_default();
                let Some(setting) = SETTINGS.iter().find(|setting| setting.flag == Some(&flag)) else { continue };
                seen.insert(setting.name);
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let at = format!("{} {flag}: {help}", command.get_name());
                assert_eq!(help.contains("[env: "), setting.env.is_some(), "{at}");
                assert!(setting.env.is_none_or(|variable| help.contains(&format!("[env: {variable}"))), "{at}");
                if let Some(default) = setting.default {
                    assert!(help.contains(&format!("[default: {default}]")), "{at}");
                }
            }
        }
        let unseen: Vec<_> =
            SETTINGS.iter().filter(|setting| setting.flag.is_some() && !seen.contains(setting.name)).collect();
        assert!(unseen.is_empty(), "no command takes these flags: {unseen:?}");
    }
}
