//! Every exit code and its meaning. A test holds codes and kinds of the README's table to this one.

use std::process::ExitCode;

use crate::platform::error::ErrorKind;

/// A class of failure as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The process's exit code.
    pub code: u8,
    /// The `kind` in JSON errors.
    pub kind: &'static str,
    /// When it happens.
    pub when: &'static str,
}

/// The exit of every kind of error. Exhaustive on purpose: a new kind cannot forget its code.
pub fn of(kind: ErrorKind) -> Exit {
    let exit = |code, kind, when| Exit { code, kind, when };
    match kind {
        ErrorKind::Internal => exit(1, "internal", "a bug or an unexpected local failure"),
        ErrorKind::Usage => exit(
            2,
            "usage",
            "arguments, configuration, a secret that cannot be read, a CPF whose check digits are wrong",
        ),
        ErrorKind::CredentialsRejected => {
            exit(3, "credentials_rejected", "the server refused the client, or the grant for this client")
        }
        ErrorKind::ScopeRejected => {
            exit(4, "scope_rejected", "scope, audience or resource refused, or granted less than required")
        }
        ErrorKind::Unreachable => exit(5, "unreachable", "DNS, connect, TLS, deadline"),
        ErrorKind::Throttled => exit(6, "throttled", "429, quota"),
        ErrorKind::BadResponse => {
            exit(7, "bad_response", "a malformed or foreign answer, a redirect, 5xx after retries")
        }
        ErrorKind::ApiRefused => exit(8, "api_refused", "the API answered 4xx"),
        ErrorKind::NotFound => exit(9, "not_found", "no participant matches, or more than one where one was asked for"),
        ErrorKind::Interrupted => exit(130, "interrupted", "interrupted"),
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code)
    }
}

/// All kinds, in the order of their codes.
pub const KINDS: [ErrorKind; 10] = [
    ErrorKind::Internal,
    ErrorKind::Usage,
    ErrorKind::CredentialsRejected,
    ErrorKind::ScopeRejected,
    ErrorKind::Unreachable,
    ErrorKind::Throttled,
    ErrorKind::BadResponse,
    ErrorKind::ApiRefused,
    ErrorKind::NotFound,
    ErrorKind::Interrupted,
];
