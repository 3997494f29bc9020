//! The report of the checks of one profile, in the order of the catalog. Redacts and sanitizes everything that enters
//! it.

use std::time::Duration;

use crate::check::checks::CHECKS;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::host::Host;
use crate::platform::text;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Good.
    Pass,
    /// A fact.
    Info,
    /// Not applicable, or not to be known.
    Skip,
    /// Usable, needs attention.
    Warn,
    /// The pipeline must stop.
    Fail,
}

impl Status {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Info => "info",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One check of one profile.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its stable id.
    pub id: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was found, in a sentence.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to try.
    pub hints: Vec<String>,
    /// How long it took.
    pub took: Duration,
    /// The class of failure.
    pub kind: ErrorKind,
    /// For a failure: whether the credentials may be good for all that is known, because they could not be tried.
    pub undecided: bool,
}

impl Check {
    /// Message and causes in one line.
    pub fn finding(&self) -> String {
        [std::slice::from_ref(&self.message), &self.causes[..]].concat().join("; ")
    }

    /// All hints in one line.
    pub fn hint(&self) -> Option<String> {
        (!self.hints.is_empty()).then(|| self.hints.join("; "))
    }
}

/// All checks of one profile.
#[derive(Clone, Debug)]
pub struct Report {
    /// The profile's name.
    pub profile: String,
    /// Its checks, in the order of the catalog.
    pub checks: Vec<Check>,
}

impl Report {
    /// The first check that failed.
    pub fn first_failure(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.status == Status::Fail)
    }

    /// Whether nothing failed.
    pub fn is_ok(&self) -> bool {
        self.first_failure().is_none()
    }

    /// Turns warnings into failures (`--strict`).
    pub fn promote_warnings(&mut self) {
        for check in &mut self.checks {
            if check.status == Status::Warn {
                check.status = Status::Fail;
            }
        }
    }
}

/// Collects the checks of one profile.
pub(crate) struct Recorder<'h> {
    host: &'h Host,
    checks: Vec<Check>,
}

impl<'h> Recorder<'h> {
    pub(crate) fn new(host: &'h Host) -> Self {
        Self { host, checks: Vec::new() }
    }

    pub(crate) fn pass(&mut self, id: &'static str, message: impl Into<String>) {
        self.add(id, Status::Pass, Words::of(message), ErrorKind::Internal, false);
    }

    pub(crate) fn info(&mut self, id: &'static str, message: impl Into<String>) {
        self.add(id, Status::Info, Words::of(message), ErrorKind::Internal, false);
    }

    pub(crate) fn skip(&mut self, id: &'static str, why: impl Into<String>) {
        self.add(id, Status::Skip, Words::of(why), ErrorKind::Internal, false);
    }

    pub(crate) fn warn(&mut self, id: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(id, Status::Warn, Words::of(message).hint(hint), kind_of(id), false);
    }

    /// A failure with the class that belongs to its check.
    pub(crate) fn fail(&mut self, id: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(id, Status::Fail, Words::of(message).hint(hint), kind_of(id), false);
    }

    /// A failure that an error explains.
    pub(crate) fn fail_with(&mut self, id: &'static str, error: &Error) {
        self.add_error(id, Status::Fail, error);
    }

    /// A warning that an error explains.
    pub(crate) fn warn_with(&mut self, id: &'static str, error: &Error) {
        self.add_error(id, Status::Warn, error);
    }

    /// How long the last check took.
    pub(crate) fn took(&mut self, took: Duration) {
        if let Some(last) = self.checks.last_mut() {
            last.took = took;
        }
    }

    /// Server text, fit to be shown.
    pub(crate) fn quote(&self, text: &str) -> String {
        self.host.ui.redactor.quote(text)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.checks.iter().any(|check| check.id == id)
    }

    /// The report: what was not reached is skipped, and says so.
    pub(crate) fn finish(mut self, profile: &str) -> Report {
        for entry in CHECKS {
            if !self.has(entry.id) {
                self.skip(entry.id, "not tried, since an earlier check failed");
            }
        }
        let place = |id: &str| CHECKS.iter().position(|entry| entry.id == id);
        self.checks.sort_by_key(|check| place(check.id));
        Report { profile: self.clean(profile), checks: self.checks }
    }

    fn add_error(&mut self, id: &'static str, status: Status, error: &Error) {
        let words = Words {
            message: error.message().to_owned(),
            causes: error.causes().iter().map(|cause| self.host.ui.redactor.render(cause)).collect(),
            hints: error.hints().to_vec(),
        };
        self.add(id, status, words, error.kind(), !is_conclusive(error.kind()));
    }

    fn add(&mut self, id: &'static str, status: Status, words: Words, kind: ErrorKind, undecided: bool) {
        if self.has(id) {
            return;
        }
        let clean_all = |texts: Vec<String>| texts.iter().map(|text| self.clean(text)).collect();
        let check = Check {
            id,
            status,
            message: self.clean(&words.message),
            causes: clean_all(words.causes),
            hints: clean_all(words.hints),
            took: Duration::ZERO,
            kind,
            undecided,
        };
        self.checks.push(check);
    }

    fn clean(&self, text: &str) -> String {
        text::sanitize(&self.host.ui.redactor.hide(text)).into_owned()
    }
}

/// What a check has to say.
struct Words {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

impl Words {
    fn of(message: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Whether an error of this kind says something about the credentials. Where nothing usable was answered, by a server
/// that fails or by something else in its place, they may well be good.
fn is_conclusive(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Usage
        | ErrorKind::CredentialsRejected
        | ErrorKind::ScopeRejected
        | ErrorKind::ApiRefused
        | ErrorKind::NotFound => true,
        ErrorKind::BadResponse
        | ErrorKind::Unreachable
        | ErrorKind::Throttled
        | ErrorKind::Internal
        | ErrorKind::Interrupted => false,
    }
}

/// The class of a failure that no error explains.
fn kind_of(id: &str) -> ErrorKind {
    match id {
        "config.settings" | "config.scope" | "secret.source" | "secret.expiry" => ErrorKind::Usage,
        "token.scope" | "jwt.audience" => ErrorKind::ScopeRejected,
        "server.connection" | "server.certificate" => ErrorKind::Unreachable,
        "token.quota" => ErrorKind::Throttled,
        _ => ErrorKind::BadResponse,
    }
}
