//! `--profile`, `--config`, `-v`, `-q`, `--error-format`: what every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::platform::host::Host;
use crate::platform::ui::Verbosity;
use crate::settings::resolved::Choice;

/// Which profile, and how much is logged.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "General")]
pub struct GeneralArgs {
    /// Profile of the config file to use [env: M2M_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Whether the profile is an argument of the command instead.
    #[arg(skip)]
    pub by_argument: bool,
    /// Config file [env: M2M_CONFIG] [default: $XDG_CONFIG_HOME/m2m/config.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Log requests, timings and decisions to stderr; -vv adds headers. Secrets stay hidden
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// No notes on stderr; warnings and errors stay
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// How errors are written: text, json [env: M2M_ERROR_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub error_format: Option<String>,
}

impl GeneralArgs {
    /// The part that says where settings come from.
    pub fn choice(&self) -> Choice {
        Choice { profile: self.profile.clone(), by_argument: self.by_argument, config: self.config.clone() }
    }

    /// Sets how much is logged.
    pub fn apply(&self, host: &Host) {
        host.ui.set_verbosity(match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Headers,
        });
    }
}
