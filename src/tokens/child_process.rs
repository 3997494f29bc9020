//! A program with the token in its environment, and no configured secret.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::platform::error::Error;
use crate::platform::host::Host;
use crate::platform::secret::Secret;

/// Our own variables that hold secrets, whether or not a setting names them.
const OURS: [&str; 2] = ["M2M_CLIENT_SECRET", "M2M_SUBSCRIPTION_KEY"];

/// The environment of the child: ours, less every variable that holds a known secret or is named as a secret's source,
/// plus the token under `name`.
pub fn environment(host: &Host, sources: &[String], name: &str, token: &Secret) -> BTreeMap<OsString, OsString> {
    let holds_secret = |value: &OsStr| host.ui.redactor.contains_secret(value.as_encoded_bytes());
    let named = |variable: &OsStr| {
        OURS.iter().any(|ours| variable == *ours) || sources.iter().any(|source| variable == source.as_str())
    };
    let (removed, mut environment): (BTreeMap<_, _>, BTreeMap<_, _>) =
        host.process.env().iter().cloned().partition(|(variable, value)| named(variable) || holds_secret(value));
    removed.keys().for_each(|variable| tell_removed(host, variable));
    environment.insert(name.into(), token.expose().into());
    environment
}

/// Warn only about variables that programs usually need.
fn tell_removed(host: &Host, variable: &OsStr) {
    let told =
        format!("the program runs without the variable `{}`, which holds a configured secret", variable.display());
    if variable == "PATH" || variable == "HOME" { host.ui.warn(&told) } else { host.ui.verbose(|| told) }
}

/// What kept a program from running, and the exit code that shells give to it.
pub struct CannotRun {
    /// For the report.
    pub error: Error,
    /// 127: not found; 126: found, but not to be started.
    pub code: u8,
}

/// Becomes the program: on Unix this process is replaced, so status and signals are the program's own. Comes back only
/// with the reason why it could not; elsewhere with the program's exit code.
///
/// # Errors
/// The program cannot be started.
pub fn become_program(argv: &[OsString], environment: BTreeMap<OsString, OsString>) -> Result<u8, CannotRun> {
    let Some((program, args)) = argv.split_first() else {
        return Err(CannotRun { error: Error::usage("there is no command to run"), code: 2 });
    };
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(environment);
    let failed = |e: std::io::Error| {
        let code = if e.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 };
        CannotRun { error: Error::usage(format!("cannot run `{}`", program.display())).caused_by(e), code }
    };
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        Err(failed(command.exec()))
    }
    #[cfg(not(unix))]
    {
        let status = command.status().map_err(failed)?;
        Ok(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1))
    }
}
