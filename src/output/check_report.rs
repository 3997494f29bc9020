//! Reports of the smoke test: text for people, JSON for scripts, JUnit for CI, annotations and a summary for GitHub.
//! Everything that arrives here is fit to be shown already.

use serde::Serialize;

use crate::platform::text;

/// One check, as reports show it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The stable id.
    pub id: &'static str,
    /// `pass`, `info`, `skip`, `warn` or `fail`.
    pub status: &'static str,
    /// A sentence.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to try.
    pub hints: Vec<String>,
    /// How long it took, in milliseconds.
    pub ms: u128,
    /// For a failure: whether it could not be told whether the credentials are good.
    pub undecided: bool,
}

impl Line {
    /// Message and causes in one line.
    fn finding(&self) -> String {
        [std::slice::from_ref(&self.message), &self.causes[..]].concat().join("; ")
    }

    /// All hints in one line.
    fn hint(&self) -> Option<String> {
        (!self.hints.is_empty()).then(|| self.hints.join("; "))
    }
}

/// The checks of one profile.
#[derive(Clone, Debug)]
pub struct Section {
    /// The profile's name.
    pub profile: String,
    /// Whether nothing failed.
    pub ok: bool,
    /// Its checks.
    pub checks: Vec<Line>,
}

/// How far messages are indented in text.
const MESSAGE_COLUMN: usize = 32;

/// Text: grouped by profile, causes and hints under what failed or warned, a last line that sums up. Skipped checks are
/// shown only if `all`. Lines are wrapped to `width` characters, if there is one.
#[must_use]
pub fn text(sections: &[Section], all: bool, width: Option<usize>) -> String {
    let mut out = String::new();
    let width = width.unwrap_or(usize::MAX);
    // On a narrow terminal a deep indent leaves too little for words.
    let indent = if width < MESSAGE_COLUMN * 2 { 8 } else { MESSAGE_COLUMN };
    for section in sections {
        out.push_str(&format!("{}\n", section.profile));
        for line in section.checks.iter().filter(|line| all || line.status != "skip") {
            let prefix = format!("  {:4}  {:23} ", mark(line.status), line.id);
            out.push_str(&text::wrap_hanging(&prefix, &line.message, indent, width));
            line.causes.iter().for_each(|cause| out.push_str(&text::wrap_hanging("        cause: ", cause, 15, width)));
            line.hints.iter().for_each(|hint| out.push_str(&text::wrap_hanging("        hint: ", hint, 14, width)));
        }
        out.push('\n');
    }
    let skipped = sections.iter().flat_map(|section| &section.checks).any(|line| line.status == "skip");
    let more = if skipped && !all { " (-v tells why)" } else { "" };
    out.push_str(&format!("{}{more}\n", summary(sections)));
    out
}

/// Capitals make trouble stand out without colour.
fn mark(status: &str) -> &str {
    match status {
        "pass" => "ok",
        "warn" => "WARN",
        "fail" => "FAIL",
        other => other,
    }
}

fn summary(sections: &[Section]) -> String {
    let count = |status: &str| sections.iter().flat_map(|s| &s.checks).filter(|line| line.status == status).count();
    let bad = sections.iter().filter(|s| !s.ok).count();
    let profiles = if sections.len() == 1 { "1 profile".to_owned() } else { format!("{} profiles", sections.len()) };
    let conclusion = match (bad, sections.len()) {
        (0, _) if count("warn") > 0 => "usable, with warnings".to_owned(),
        (0, _) => "all good".to_owned(),
        (_, 1) => "failed".to_owned(),
        _ => format!("{bad} failed"),
    };
    format!(
        "{profiles}, {conclusion}: {} passed, {} warned, {} failed, {} skipped",
        count("pass") + count("info"),
        count("warn"),
        count("fail"),
        count("skip")
    )
}

/// The JSON of the contract, in its order.
#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    profiles: Vec<Profile<'a>>,
}

#[derive(Serialize)]
struct Profile<'a> {
    profile: &'a str,
    ok: bool,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    id: &'static str,
    status: &'static str,
    message: String,
    hint: Option<String>,
    ms: u128,
}

/// The JSON of the contract, on one line.
#[must_use]
pub fn json(sections: &[Section]) -> String {
    let check = |line: &Line| Check {
        id: line.id,
        status: line.status,
        message: line.finding(),
        hint: line.hint(),
        ms: line.ms,
    };
    let profiles: Vec<Profile<'_>> = sections
        .iter()
        .map(|section| Profile {
            profile: &section.profile,
            ok: section.ok,
            checks: section.checks.iter().map(check).collect(),
        })
        .collect();
    let document = Document { ok: profiles.iter().all(|profile| profile.ok), profiles };
    format!("{}\n", serde_json::to_string(&document).unwrap_or_default())
}

/// JUnit: a suite a profile, a case a check. A failure says that the credentials are bad, an error that it could not be
/// told.
#[must_use]
pub fn junit(sections: &[Section]) -> String {
    let all: Vec<&Line> = sections.iter().flat_map(|section| &section.checks).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites name=\"m2m check\" {}>\n", counts(&all)));
    for section in sections {
        let lines: Vec<&Line> = section.checks.iter().collect();
        out.push_str(&format!(
            "  <testsuite name=\"{}\" {} skipped=\"{}\">\n",
            xml(&section.profile),
            counts(&lines),
            number(&lines, "skip")
        ));
        for line in &section.checks {
            let class = format!("m2m.check.{}", section.profile);
            out.push_str(&format!(
                "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\">",
                line.id,
                xml(&class),
                seconds(line.ms)
            ));
            let message = xml(&line.finding());
            let detail = xml(&line.hint().unwrap_or_default());
            match (line.status, line.undecided) {
                ("fail", false) => {
                    out.push_str(&format!("<failure message=\"{message}\" type=\"{}\">{detail}</failure>", line.id))
                }
                ("fail", true) => {
                    out.push_str(&format!("<error message=\"{message}\" type=\"{}\">{detail}</error>", line.id))
                }
                ("skip", _) => out.push_str(&format!("<skipped message=\"{message}\"/>")),
                (status, _) => out.push_str(&format!(
                    "<system-out>{status}: {message}{}</system-out>",
                    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
                )),
            }
            out.push_str("</testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(lines: &[&Line]) -> String {
    let failed = |undecided| lines.iter().filter(|line| line.status == "fail" && line.undecided == undecided).count();
    let ms: u128 = lines.iter().map(|line| line.ms).sum();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\"",
        lines.len(),
        failed(false),
        failed(true),
        seconds(ms)
    )
}

fn number(lines: &[&Line], status: &str) -> usize {
    lines.iter().filter(|line| line.status == status).count()
}

fn seconds(ms: u128) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// Text for XML: escaped, and without the characters that XML 1.0 cannot hold at all.
fn xml(text: &str) -> String {
    let holdable =
        |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let text: String = text.chars().filter(holdable).collect();
    quick_xml::escape::escape(&text).into_owned()
}

/// GitHub annotations: one workflow command for every warning and failure.
#[must_use]
pub fn annotations(sections: &[Section]) -> String {
    let mut out = String::new();
    for section in sections {
        for line in &section.checks {
            let command = match line.status {
                "fail" => "error",
                "warn" => "warning",
                _ => continue,
            };
            let title = format!("m2m check {}: {}", section.profile, line.id);
            let mut body = line.message.clone();
            line.causes.iter().for_each(|cause| body.push_str(&format!("\ncause: {cause}")));
            line.hints.iter().for_each(|hint| body.push_str(&format!("\nhint: {hint}")));
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
#[must_use]
pub fn markdown(sections: &[Section]) -> String {
    let mut out = format!("### m2m check\n\n{}\n", summary(sections));
    for section in sections {
        out.push_str(&format!("\n**{}**\n\n| status | check | finding |\n|---|---|---|\n", cell(&section.profile)));
        for line in section.checks.iter().filter(|line| line.status != "skip") {
            let hint = line.hint().map_or(String::new(), |hint| format!("; hint: {}", cell(&hint)));
            out.push_str(&format!("| {} | `{}` | {}{hint} |\n", mark(line.status), line.id, cell(&line.finding())));
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

    fn sections(message: &str) -> Vec<Section> {
        let line = |id, status, hint: Option<&str>, undecided| Line {
            id,
            status,
            message: message.into(),
            causes: Vec::new(),
            hints: hint.map(str::to_owned).into_iter().collect(),
            ms: 1204,
            undecided,
        };
        vec![Section {
            profile: "u<at".into(),
            ok: false,
            checks: vec![
                line("a.pass", "pass", None, false),
                line("b.fail", "fail", Some("do \"x\""), false),
                line("c.error", "fail", None, true),
                line("d.skip", "skip", None, false),
            ],
        }]
    }

    #[test]
    fn junit_is_escaped_and_tells_failure_from_error() {
        assert_eq!(
            junit(&sections("]]> & \u{1b}\u{fffe}<b>")),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites name=\"m2m check\" tests=\"4\" failures=\"1\" errors=\"1\" time=\"4.816\">\n  \
             <testsuite name=\"u&lt;at\" tests=\"4\" failures=\"1\" errors=\"1\" time=\"4.816\" skipped=\"1\">\n    \
             <testcase name=\"a.pass\" classname=\"m2m.check.u&lt;at\" time=\"1.204\"><system-out>pass: ]]&gt; &amp; &lt;b&gt;</system-out></testcase>\n    \
             <testcase name=\"b.fail\" classname=\"m2m.check.u&lt;at\" time=\"1.204\"><failure message=\"]]&gt; &amp; &lt;b&gt;\" type=\"b.fail\">do &quot;x&quot;</failure></testcase>\n    \
             <testcase name=\"c.error\" classname=\"m2m.check.u&lt;at\" time=\"1.204\"><error message=\"]]&gt; &amp; &lt;b&gt;\" type=\"c.error\"></error></testcase>\n    \
             <testcase name=\"d.skip\" classname=\"m2m.check.u&lt;at\" time=\"1.204\"><skipped message=\"]]&gt; &amp; &lt;b&gt;\"/></testcase>\n  \
             </testsuite>\n</testsuites>\n"
        );
    }

    #[test]
    fn text_is_wrapped_for_a_terminal_and_foreign_words_begin_no_line() {
        let mut all = sections("granted: read:a ::error::x write:a and so on");
        all[0].checks.truncate(2);
        assert_eq!(
            text(&all, false, Some(66)),
            "u<at\n  ok    a.pass                  granted: read:a ::error::x write:a\n                              | and so on\n  \
             FAIL  b.fail                  granted: read:a ::error::x write:a\n                              | and so on\n        \
             hint: do \"x\"\n\n1 profile, failed: 1 passed, 0 warned, 1 failed, 0 skipped\n"
        );
    }

    #[test]
    fn annotations_are_escaped() {
        let text = annotations(&sections("50% of\r\n::error::x"));
        assert_eq!(
            text.lines().next().unwrap(),
            "::error title=m2m check u<at%3A b.fail::50%25 of%0D%0A::error::x%0Ahint: do \"x\""
        );
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn a_cell_holds_no_markup() {
        assert!(markdown(&sections("a|b <img> `c`")).contains("a\\|b &lt;img&gt; \\`c\\`"));
    }
}
