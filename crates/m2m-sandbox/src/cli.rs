//! The command line, with its help. What the options do is decided elsewhere.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::catalog::{self, FaultSpec};
use crate::client_key::PublicKey;
use crate::participants::directory::MAX_GENERATED;

/// Ten years: longer than any token lives, and safe to add to any time.
const MAX_TOKEN_TTL_SECS: u64 = 10 * 365 * 24 * 60 * 60;

/// The last port that leaves room for three more.
const LAST_PORT: u64 = 65_532;

/// A local stand-in for CloudLoyalty and LoyaltyOne, to try m2m without an account
///
/// Serves an identity server that behaves as Amazon Cognito does, one that behaves as Auth0 does, and
/// the API, on loopback. Without a command it prints the settings to use and serves until it is
/// stopped; with one it runs the command with M2M_CONFIG set, and exits with its status.
#[derive(Parser)]
#[command(
    name = "m2m-sandbox",
    version,
    verbatim_doc_comment,
    override_usage = "m2m-sandbox [OPTIONS] [-- CMD...]",
    after_help = catalog::help()
)]
pub(crate) struct Cli {
    /// Register this key for the assertions of both clients: a file with its public JWK (repeatable)
    #[arg(long = "client-jwk", value_name = "FILE", value_parser = PublicKey::from_file)]
    pub(crate) client_keys: Vec<PublicKey>,

    /// Misbehave (repeatable; the faults are listed below)
    #[arg(long = "fault", value_name = "NAME[:N]")]
    pub(crate) faults: Vec<FaultSpec>,

    /// Delay every answer by this, such as 50ms
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) latency: Duration,

    /// Append one JSON line per request to this file; no query strings, headers or bodies
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// How many participants to generate, in addition to the three special ones
    #[arg(
        long,
        value_name = "N",
        default_value = "300",
        value_parser = RangedU64ValueParser::<u32>::new().range(..=u64::from(MAX_GENERATED))
    )]
    pub(crate) participants: u32,

    /// Listen on this port and the next three [default: free ports]
    #[arg(long, value_name = "PORT", value_parser = RangedU64ValueParser::<u16>::new().range(1..=LAST_PORT))]
    pub(crate) port: Option<u16>,

    /// Lifetime of tokens in seconds [default: 3600 from Cognito, 86400 from Auth0]
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=MAX_TOKEN_TTL_SECS)
    )]
    pub(crate) token_ttl: Option<u64>,

    /// The command to run, after `--`
    #[arg(last = true, value_name = "CMD", num_args = 1..)]
    pub(crate) command: Vec<OsString>,
}

impl Cli {
    /// Parses the command line of this process. Help and usage errors end the process here.
    pub(crate) fn from_process() -> Self {
        let cli = Self::parse();
        // `m2m-sandbox -- $CMD` with nothing in CMD would otherwise serve forever, and clap does not report the `--`.
        if cli.command.is_empty() && env::args_os().next_back().is_some_and(|last| last == "--") {
            Self::command().error(ErrorKind::MissingRequiredArgument, "no command after `--`").exit();
        }
        cli
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_command_is_everything_after_two_dashes() {
        let cli = Cli::try_parse_from(["m2m-sandbox", "--fault", "429:2", "--", "m2m", "--fault"]).unwrap();
        assert_eq!(cli.command, ["m2m", "--fault"]);
        assert_eq!(cli.faults.len(), 1);
    }
}
