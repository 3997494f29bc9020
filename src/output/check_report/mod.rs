//! The report of `m2m check` as text, and its other formats beside it. Everything that arrives here is fit to be shown:
//! redacted and sanitized. Refuses to decide what a check means.

mod github;
mod json;
mod junit;

pub use github::{annotations, markdown};
pub use json::json;
pub use junit::junit;

use crate::check::report::{Report, Status};
use crate::platform::text;

/// With more profiles than this, those that work get a line each.
const MANY: usize = 5;

/// How far messages are indented in text.
const MESSAGE_COLUMN: usize = 32;

/// Text: grouped by profile, causes and hints under what failed or warned, a last line that sums up. Skipped checks are
/// shown only if `all`. Lines are wrapped to `width` characters, if there is one.
pub fn text(reports: &[Report], all: bool, width: Option<usize>) -> String {
    let mut out = String::new();
    let width = width.unwrap_or(usize::MAX);
    // On a narrow terminal a deep indent leaves too little for words.
    let indent = if width < MESSAGE_COLUMN * 2 { 8 } else { MESSAGE_COLUMN };
    for report in reports {
        if reports.len() > MANY && !all && report.is_ok() {
            out.push_str(&in_one_line(report));
            continue;
        }
        out.push_str(&format!("{}\n", report.profile));
        for check in report.checks.iter().filter(|check| all || check.status != Status::Skip) {
            let prefix = format!("  {:4}  {:23} ", mark(check.status), check.id);
            out.push_str(&text::wrap_hanging(&prefix, &check.message, indent, width));
            check
                .causes
                .iter()
                .for_each(|cause| out.push_str(&text::wrap_hanging("        cause: ", cause, 15, width)));
            check.hints.iter().for_each(|hint| out.push_str(&text::wrap_hanging("        hint: ", hint, 14, width)));
        }
        out.push('\n');
    }
    let skipped = reports.iter().flat_map(|report| &report.checks).any(|check| check.status == Status::Skip);
    let more = if skipped && !all { " (-v tells why)" } else { "" };
    out.push_str(&format!("{}{more}\n", summary(reports)));
    out
}

/// A profile that works, among many.
fn in_one_line(report: &Report) -> String {
    let warned: Vec<&str> =
        report.checks.iter().filter(|check| check.status == Status::Warn).map(|check| check.id).collect();
    if warned.is_empty() {
        format!("  ok    {}\n", report.profile)
    } else {
        format!("  WARN  {}: {}\n", report.profile, warned.join(", "))
    }
}

/// Capitals make trouble stand out without color.
fn mark(status: Status) -> &'static str {
    match status {
        Status::Pass => "ok",
        Status::Warn => "WARN",
        Status::Fail => "FAIL",
        Status::Info | Status::Skip => status.word(),
    }
}

fn summary(reports: &[Report]) -> String {
    let count = |status: Status| reports.iter().flat_map(|s| &s.checks).filter(|check| check.status == status).count();
    let bad = reports.iter().filter(|report| !report.is_ok()).count();
    let profiles = if reports.len() == 1 { "1 profile".to_owned() } else { format!("{} profiles", reports.len()) };
    let conclusion = match (bad, reports.len()) {
        (0, _) if count(Status::Warn) > 0 => "usable, with warnings".to_owned(),
        (0, _) => "all good".to_owned(),
        (_, 1) => "failed".to_owned(),
        _ => format!("{bad} failed"),
    };
    format!(
        "{profiles}, {conclusion}: {} passed, {} warned, {} failed, {} skipped",
        count(Status::Pass) + count(Status::Info),
        count(Status::Warn),
        count(Status::Fail),
        count(Status::Skip)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::check::report::Check;
    use crate::platform::error::ErrorKind;

    pub(super) fn reports(message: &str) -> Vec<Report> {
        let check = |id, status, hint: Option<&str>, undecided| Check {
            id,
            status,
            message: message.into(),
            causes: Vec::new(),
            hints: hint.map(str::to_owned).into_iter().collect(),
            took: Duration::from_millis(1204),
            kind: ErrorKind::BadResponse,
            undecided,
        };
        vec![Report {
            profile: "u<at".into(),
            checks: vec![
                check("a.pass", Status::Pass, None, false),
                check("b.fail", Status::Fail, Some("do \"x\""), false),
                check("c.error", Status::Fail, None, true),
                check("d.skip", Status::Skip, None, false),
            ],
        }]
    }

    #[test]
    fn text_is_wrapped_for_a_terminal_and_foreign_words_begin_no_line() {
        let mut all = reports("granted: read:a ::error::x write:a and so on");
        all[0].checks.truncate(2);
        assert_eq!(
            text(&all, false, Some(66)),
            "u<at\n  ok    a.pass                  granted: read:a ::error::x write:a\n                              | and so on\n  \
             FAIL  b.fail                  granted: read:a ::error::x write:a\n                              | and so on\n        \
             hint: do \"x\"\n\n1 profile, failed: 1 passed, 0 warned, 1 failed, 0 skipped\n"
        );
    }
}
