//! m2m: OAuth 2.0 machine-to-machine access tokens, and what is done with them.
//!
//! This library is the binary's own: [`run`], [`Host`], [`exit`], and the [`Error`] type are public, and nothing else
//! is. ARCHITECTURE.md has the map of the modules and the way from `main` to a token; `tests/it/structure/layers.rs`
//! keeps the arrows between them one-way.

mod api;
mod args;
mod cache;
mod check;
mod cli;
mod commands;
pub mod exit;
mod http;
mod oauth;
mod output;
mod participants;
mod platform;
mod report;
mod secrets;
mod settings;
mod tokens;

use std::process::ExitCode;

use platform::error::Result;
pub use platform::error::{Cause, Error, ErrorKind, HttpContext};
pub use platform::host::Host;
use report::ErrorFormat;

/// The modules, for the fuzz targets and property tests of this repository. Not an API: it changes without notice, and
/// exists only with the feature `internals`.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    /// The redactor of a host.
    pub fn redactor(host: &crate::Host) -> &crate::platform::redaction::redactor::Redactor {
        &host.ui.redactor
    }

    pub mod api {
        pub use crate::api::*;
    }
    pub mod cache {
        pub use crate::cache::*;
    }
    pub mod check {
        pub use crate::check::*;
    }
    pub mod http {
        pub use crate::http::*;
    }
    pub mod oauth {
        pub use crate::oauth::*;
    }
    pub mod output {
        pub use crate::output::*;
    }
    pub mod participants {
        pub use crate::participants::*;
    }
    pub mod platform {
        pub use crate::platform::*;
    }
    pub mod report {
        pub use crate::report::*;
    }
    pub mod secrets {
        pub use crate::secrets::*;
    }
    pub mod settings {
        pub use crate::settings::*;
    }
    pub mod tokens {
        pub use crate::tokens::*;
    }
}

/// Runs the program in the given environment and returns its exit code.
pub fn run(host: &Host) -> ExitCode {
    match cli::error_format(host) {
        Ok(format) => start(host, format).unwrap_or_else(|error| fail(host, &error, format)),
        Err(error) => fail(host, &error, ErrorFormat::default()),
    }
}

/// Reports a panic on stderr as a bug in m2m, and ends the process with the exit code of an internal error. The panic's
/// message is left out: it may hold a secret.
pub fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    report::panic_report(&Host::system(), panic.location());
}

fn start(host: &Host, format: ErrorFormat) -> Result<ExitCode> {
    match cli::parse(&host.process.argv)? {
        cli::Parsed::Text(text) => host.ui.print(text.as_bytes()).map(|()| ExitCode::SUCCESS),
        cli::Parsed::Run(cli) => {
            let outcome = cli.run(host, format);
            host.ui.warn_of_hidden_data();
            outcome
        }
    }
}

fn fail(host: &Host, error: &Error, format: ErrorFormat) -> ExitCode {
    report::error(host, error, format);
    exit::of(error.kind()).into()
}
