//! Renders the error of a command: text for people, one JSON line for machines. Secrets are hidden, foreign text is
//! escaped, capped and quoted, so that it never begins a line. Reports of `check` and rows of bulk lookups render theirs.

use serde::Serialize;

use crate::exit;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::host::Host;
use crate::platform::text;

/// How errors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `error:`, `cause:` and `hint:` lines.
    #[default]
    Text,
    /// One JSON object on one line.
    Json,
}

/// Writes an error to stderr.
pub fn error(host: &Host, error: &Error, format: ErrorFormat) {
    match format {
        ErrorFormat::Text => {
            host.ui.write_stderr_line(&format!("error: {}", error.message()));
            for cause in error.causes() {
                host.ui.write_stderr_line(&format!("  cause: {}", host.ui.redactor.render(cause)));
            }
            for hint in error.hints() {
                host.ui.write_stderr_line(&format!("  hint: {hint}"));
            }
        }
        ErrorFormat::Json => host.ui.write_stderr_line(&json(host, error)),
    }
}

/// Reports a panic and ends the process as an internal error. What the panic says is left out: it may hold a secret.
pub fn panic_report(host: &Host, place: Option<&std::panic::Location<'_>>) {
    let place =
        place.map_or_else(|| "an unknown place".to_owned(), |place| format!("{}:{}", place.file(), place.line()));
    let bug = Error::new(ErrorKind::Internal, "this is a bug in m2m").cause(format!("it panicked at {place}"));
    error(host, &bug, ErrorFormat::Text);
    std::process::exit(i32::from(exit::of(ErrorKind::Internal).code));
}

/// An error as the JSON object of the contract, without its line end.
pub fn json(host: &Host, error: &Error) -> String {
    #[derive(Serialize)]
    struct Wire<'a> {
        error: Body<'a>,
    }
    #[derive(Serialize)]
    struct Body<'a> {
        kind: &'a str,
        code: &'a str,
        exit_code: u8,
        message: String,
        causes: Vec<String>,
        hints: Vec<String>,
        oauth_error: Option<String>,
        http_status: Option<u16>,
        url: Option<String>,
        request_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        correlation_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        idempotency_key: Option<String>,
    }
    let exit = exit::of(error.kind());
    let facts = error.http();
    // Here and not when the line is written: our escapes are not JSON's.
    let clean = |text: &str| text::sanitize(&host.ui.redactor.hide(text)).into_owned();
    let wire = Wire {
        error: Body {
            kind: exit.kind,
            code: error.own_code().unwrap_or(exit.kind),
            exit_code: exit.code,
            message: clean(error.message()),
            causes: error.causes().iter().map(|cause| clean(&host.ui.redactor.render(cause))).collect(),
            hints: error.hints().iter().map(|hint| clean(hint)).collect(),
            oauth_error: facts.oauth_error.as_deref().map(|code| host.ui.redactor.quote(code)),
            http_status: facts.http_status,
            url: facts.url.as_deref().map(clean),
            request_id: facts.request_id.as_deref().map(|id| host.ui.redactor.quote(id)),
            correlation_id: error.correlation().map(clean),
            idempotency_key: error.idempotency_key().map(clean),
        },
    };
    serde_json::to_string(&wire).unwrap_or_default()
}
