//! `m2m exec`: run a program with the token in its environment.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;

use crate::args::api::ApiArgs;
use crate::args::grant::GrantArgs;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::report;
use crate::report::ErrorFormat;
use crate::tokens::child_process;
use crate::tokens::child_process::CannotRun;
use crate::tokens::session::TokenSession;

/// Run a program with the token in its environment
///
/// The program gets the token as M2M_ACCESS_TOKEN, and no variable that holds a configured secret. On Unix it replaces
/// this process, so its status and signals are its own; 127 and 126 mean that it could not be started.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  m2m exec -- ./deploy.sh
  m2m exec --as TOKEN --profile uat -- sh -c 'curl -H @- https://api.example.com <<< \"Authorization: Bearer $TOKEN\"'")]
pub struct ExecArgs {
    /// Variable that holds the token
    #[arg(long = "as", value_name = "NAME", default_value = "M2M_ACCESS_TOKEN")]
    variable: String,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

/// Runs the command; comes back only when the program could not be started, or where processes cannot be replaced.
///
/// # Errors
/// Usage, or whatever keeps a token from being granted.
pub fn run(host: &Host, args: &ExecArgs, format: ErrorFormat) -> Result<ExitCode> {
    let fits = !args.variable.starts_with(|c: char| c.is_ascii_digit())
        && !args.variable.is_empty()
        && args.variable.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits {
        return Err(Error::usage(format!("`--as {}` is not the name of a variable", args.variable))
            .hint("letters, digits and `_`, such as `API_TOKEN`"));
    }
    let mut flags = args.grant.layer()?;
    args.api.add_to(&mut flags);
    let session = TokenSession::prepare(host, &args.grant.choice(), flags, args.grant.cache.mode())?;
    let token = session.token(host)?;
    session.settings.register_free_secrets(host);
    let environment =
        child_process::environment(host, &session.settings.secret_variables(), &args.variable, &token.access_token);
    match child_process::become_program(&args.command, environment) {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(CannotRun { error, code }) => {
            report::error(host, &error, format);
            Ok(ExitCode::from(code))
        }
    }
}
