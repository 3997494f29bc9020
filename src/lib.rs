//! m2m: OAuth 2.0 machine-to-machine access tokens, and what is done with them.
//!
//! Data flows one way: argv, settings, metadata, authenticated request, token,
//! cache entry, bytes on stdout. A module knows only what
//! is below it; `tests/it/layers.rs` fails on an upward import.
//!
//! | layer | what it holds | may use |
//! |---|---|---|
//! | [`cli`] | the table of contents | commands, args, exit, report |
//! | [`commands`] | one file a command | args, flows, output, settings, cache, platform |
//! | [`args`] | flag groups | settings, platform |
//! | [`flows`] | what commands do | settings, oauth, cache, platform |
//! | [`settings`] | layers to validated values | oauth's types, platform |
//! | [`oauth`] | the RFCs | platform |
//! | [`cache`] | entries on disk, locks | platform |
//! | [`output`] | values to bytes | platform |
//! | [`report`], [`mod@exit`] | errors to people and scripts | platform |
//! | [`platform`] | process, network, files, text | nothing above it |
//!
//! To add a command: a file in `commands/` with its `Args` and `run`, one line in [`cli`]'s `Command`, a flow if it does
//! more than call one function, and a black-box test.

pub mod api;
pub mod args;
pub mod cache;
pub mod check;
pub mod cli;
pub mod commands;
pub mod exit;
pub mod http;
pub mod oauth;
pub mod output;
pub mod participants;
pub mod platform;
pub mod report;
pub mod secrets;
pub mod settings;
pub mod tokens;

use std::process::ExitCode;

use platform::error::{Error, Result};
use platform::host::Host;
use report::ErrorFormat;

/// Runs the program in the given world.
pub fn run(host: &Host) -> ExitCode {
    match cli::error_format(host) {
        Ok(format) => start(host, format).unwrap_or_else(|error| fail(host, &error, format)),
        Err(error) => fail(host, &error, ErrorFormat::default()),
    }
}

fn start(host: &Host, format: ErrorFormat) -> Result<ExitCode> {
    match cli::parse(&host.argv)? {
        cli::Parsed::Text(text) => host.print(text.as_bytes()).map(|()| ExitCode::SUCCESS),
        cli::Parsed::Run(cli) => {
            let outcome = cli.run(host, format);
            host.warn_of_hidden_data();
            outcome
        }
    }
}

fn fail(host: &Host, error: &Error, format: ErrorFormat) -> ExitCode {
    report::error(host, error, format);
    exit::of(error.kind()).into()
}
