//! Annotations and the step summary of a GitHub Actions job.

use crate::check::report::{Report, Status};
use crate::output::check_report::{mark, summary};

/// GitHub annotations: one workflow command for every warning and failure.
pub fn annotations(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        for check in &report.checks {
            let command = match check.status {
                Status::Fail => "error",
                Status::Warn => "warning",
                Status::Pass | Status::Info | Status::Skip => continue,
            };
            let title = format!("m2m check {}: {}", report.profile, check.id);
            let mut body = check.message.clone();
            check.causes.iter().for_each(|cause| body.push_str(&format!("\ncause: {cause}")));
            check.hints.iter().for_each(|hint| body.push_str(&format!("\nhint: {hint}")));
            out.push_str(&format!("::{command} title={}::{}\n", property(&title), data(&body)));
        }
    }
    out
}

/// Escapes the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A GitHub step summary, in Markdown.
pub fn markdown(reports: &[Report]) -> String {
    let mut out = format!("### m2m check\n\n{}\n", summary(reports));
    for report in reports {
        out.push_str(&format!("\n**{}**\n\n| status | check | finding |\n|---|---|---|\n", cell(&report.profile)));
        for check in report.checks.iter().filter(|check| check.status != Status::Skip) {
            let hint = check.hint().map_or(String::new(), |hint| format!("; hint: {}", cell(&hint)));
            out.push_str(&format!("| {} | `{}` | {}{hint} |\n", mark(check.status), check.id, cell(&check.finding())));
        }
    }
    out
}

/// Text for a cell of a Markdown table: nothing in it is markup.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::check_report::tests::reports;

    #[test]
    fn annotations_are_escaped() {
        let text = annotations(&reports("50% of\r\n::error::x"));
        assert_eq!(
            text.lines().next().unwrap(),
            "::error title=m2m check u<at%3A b.fail::50%25 of%0D%0A::error::x%0Ahint: do \"x\""
        );
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn a_cell_holds_no_markup() {
        assert!(markdown(&reports("a|b <img> `c`")).contains("a\\|b &lt;img&gt; \\`c\\`"));
    }
}
