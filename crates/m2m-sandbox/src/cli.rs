//! The command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::catalog::{self, Order};
use crate::client_key::PublicKey;
use crate::participants::directory::MOST_GENERATED;

/// Ten years: far beyond any token, and safe to add to any time.
const LONGEST_TOKEN_TTL_SECS: u64 = 10 * 365 * 24 * 60 * 60;

/// The last port that leaves room for three more.
const LAST_PORT: u64 = 65_532;

/// A local stand-in for CloudLoyalty and LoyaltyOne, to try m2m with no account
///
/// Serves an identity server in the manner of Amazon Cognito, one in the manner of Auth0, and the API,
/// on loopback. Without a command it prints the settings to use and serves until it is stopped; with
/// one it runs the command with M2M_CONFIG set, and exits with its status.
#[derive(Parser)]
#[command(
    name = "m2m-sandbox",
    version,
    verbatim_doc_comment,
    override_usage = "m2m-sandbox [OPTIONS] [-- CMD...]",
    after_help = catalog::help()
)]
pub(crate) struct Cli {
    /// Let both clients sign assertions with this key as well: a file with its public JWK (repeatable)
    #[arg(long = "client-jwk", value_name = "FILE", value_parser = PublicKey::from_file)]
    pub(crate) client_keys: Vec<PublicKey>,

    /// Misbehave (repeatable; the faults are listed below)
    #[arg(long = "fault", value_name = "NAME[:N]")]
    pub(crate) faults: Vec<Order>,

    /// Add this to the time of every answer, such as 50ms
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) latency: Duration,

    /// Append one JSON line per request to this file; no query strings, headers or bodies
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// How many participants to generate, beside the three special ones
    #[arg(
        long,
        value_name = "N",
        default_value = "300",
        value_parser = RangedU64ValueParser::<u32>::new().range(..=u64::from(MOST_GENERATED))
    )]
    pub(crate) participants: u32,

    /// Listen on this port and the next three instead of on free ones
    #[arg(long, value_name = "PORT", value_parser = RangedU64ValueParser::<u16>::new().range(1..=LAST_PORT))]
    pub(crate) port: Option<u16>,

    /// How many seconds tokens live [default: 3600 from Cognito, 86400 from Auth0]
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=LONGEST_TOKEN_TTL_SECS)
    )]
    pub(crate) token_ttl: Option<u64>,

    /// The command to run, after `--`
    #[arg(last = true, value_name = "CMD", num_args = 1..)]
    pub(crate) command: Vec<OsString>,
}

impl Cli {
    /// The command line of this process. Help, and anything that makes no sense, end the process here.
    pub(crate) fn from_process() -> Self {
        let cli = Self::parse();
        // `m2m-sandbox -- $CMD` with nothing in CMD would otherwise wait for ever, and clap cannot tell.
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
