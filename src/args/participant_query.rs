//! One participant named by a flag: login or CPF, and what to suggest if the lookup finds no one. Refuses to look
//! anyone up.

use crate::participants::cpf::Cpf;
use crate::participants::lookup::Query;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;

/// How the flags for login and CPF begin in a command.
#[derive(Clone, Copy, Debug)]
pub struct FlagPrefix(pub &'static str);

impl FlagPrefix {
    /// Adds what to try if no participant matches: a login may have been given as a CPF, or the other way round.
    pub fn advise(self, error: Error, query: &Query) -> Error {
        let prefix = self.0;
        let unexplained = error.kind() == ErrorKind::NotFound && error.hints().is_empty();
        match query {
            Query::Cpf(_) if unexplained => error.hint(format!(
                "login and CPF are different things: a login that looks like a CPF is looked up with `{prefix}login`"
            )),
            Query::Login(login) if unexplained && Cpf::parse(login).is_ok() => {
                error.hint(format!("the login looks like a CPF, and a CPF is looked up with `{prefix}cpf`"))
            }
            _ => error,
        }
    }
}

/// A login or CPF given as a flag, registered as personal data before anything can fail.
///
/// # Errors
/// Usage: the login is empty, the CPF is not one.
pub fn read_query(
    host: &Host,
    login: Option<&String>,
    cpf: Option<&String>,
    FlagPrefix(prefix): FlagPrefix,
) -> Result<Option<Query>> {
    for value in [login, cpf].into_iter().flatten() {
        host.ui.redactor.register_personal_data(value);
    }
    match (login, cpf) {
        (Some(login), _) if login.trim().is_empty() => Err(Error::usage("the login is empty")),
        (Some(login), _) => Ok(Some(Query::Login(login.clone()))),
        (None, Some(cpf)) => Cpf::parse(cpf)
            .map(|cpf| Some(Query::Cpf(cpf)))
            .map_err(|error| error.hint(format!("if it is a login, use `{prefix}login`"))),
        (None, None) => Ok(None),
    }
}
