//! Takes down what the checks found, in the order of the catalogue. Everything that enters is made fit to be shown here:
//! secrets and personal data hidden, foreign text escaped.

use std::time::Duration;

use crate::flows::smoke::catalogue::CATALOGUE;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::host::Host;

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
    #[must_use]
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
    /// What to try.
    pub hint: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// The class of failure.
    pub kind: ErrorKind,
}

/// All checks of one profile.
#[derive(Clone, Debug)]
pub struct Report {
    /// The profile's name.
    pub profile: String,
    /// Its checks, in the order of the catalogue.
    pub checks: Vec<Check>,
}

impl Report {
    /// The first check that failed.
    #[must_use]
    pub fn first_failure(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.status == Status::Fail)
    }

    /// Whether nothing failed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.first_failure().is_none()
    }

    /// Turns warnings into failures (`--strict`).
    pub fn lift_warnings(&mut self) {
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
        self.add(id, Status::Pass, message.into(), None, ErrorKind::Internal);
    }

    pub(crate) fn info(&mut self, id: &'static str, message: impl Into<String>) {
        self.add(id, Status::Info, message.into(), None, ErrorKind::Internal);
    }

    pub(crate) fn skip(&mut self, id: &'static str, why: impl Into<String>) {
        self.add(id, Status::Skip, why.into(), None, ErrorKind::Internal);
    }

    pub(crate) fn warn(&mut self, id: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(id, Status::Warn, message.into(), Some(hint.into()), kind_of(id));
    }

    /// A failure with the class that belongs to its check.
    pub(crate) fn miss(&mut self, id: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(id, Status::Fail, message.into(), Some(hint.into()), kind_of(id));
    }

    /// A failure that an error explains.
    pub(crate) fn fail(&mut self, id: &'static str, error: &Error) {
        let (message, hint) = self.words(error);
        self.add(id, Status::Fail, message, hint, error.kind());
    }

    /// A warning that an error explains.
    pub(crate) fn warn_of(&mut self, id: &'static str, error: &Error) {
        let (message, hint) = self.words(error);
        self.add(id, Status::Warn, message, hint, error.kind());
    }

    /// How long the last check took.
    pub(crate) fn took(&mut self, took: Duration) {
        if let Some(last) = self.checks.last_mut() {
            last.took = took;
        }
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.checks.iter().any(|check| check.id == id)
    }

    /// The report: what was not reached is skipped, and says so.
    pub(crate) fn finish(mut self, profile: &str) -> Report {
        for entry in CATALOGUE {
            if !self.has(entry.id) {
                self.skip(entry.id, "not reached");
            }
        }
        let place = |id: &str| CATALOGUE.iter().position(|entry| entry.id == id);
        self.checks.sort_by_key(|check| place(check.id));
        Report { profile: profile.to_owned(), checks: self.checks }
    }

    fn words(&self, error: &Error) -> (String, Option<String>) {
        let mut message = error.message().to_owned();
        for cause in error.causes() {
            message.push_str("; ");
            message.push_str(&cause.render(&self.host.redactor));
        }
        let hint = (!error.hints().is_empty()).then(|| error.hints().join("; "));
        (message, hint)
    }

    fn add(&mut self, id: &'static str, status: Status, message: String, hint: Option<String>, kind: ErrorKind) {
        if self.has(id) {
            return;
        }
        let clean = |text: String| crate::platform::text::sanitise(&self.host.redactor.hide(&text)).into_owned();
        let check = Check { id, status, message: clean(message), hint: hint.map(clean), took: Duration::ZERO, kind };
        self.checks.push(check);
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
