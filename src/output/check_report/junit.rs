//! The JUnit report, for CI systems.

use crate::check::report::{Check, Report, Status};

/// JUnit: one suite per profile, one case per check. A failure says that the credentials are bad, an error that it
/// could not be told.
pub fn junit(reports: &[Report]) -> String {
    let all: Vec<&Check> = reports.iter().flat_map(|report| &report.checks).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites name=\"m2m check\" {}>\n", counts(&all)));
    for report in reports {
        let lines: Vec<&Check> = report.checks.iter().collect();
        out.push_str(&format!(
            "  <testsuite name=\"{}\" {} skipped=\"{}\">\n",
            xml(&report.profile),
            counts(&lines),
            number(&lines, Status::Skip)
        ));
        for check in &report.checks {
            let class = format!("m2m.check.{}", report.profile);
            out.push_str(&format!(
                "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\">",
                check.id,
                xml(&class),
                seconds(check.took.as_millis())
            ));
            let message = xml(&check.finding());
            let detail = xml(&check.hint().unwrap_or_default());
            match (check.status, check.undecided) {
                (Status::Fail, false) => {
                    out.push_str(&format!("<failure message=\"{message}\" type=\"{}\">{detail}</failure>", check.id))
                }
                (Status::Fail, true) => {
                    out.push_str(&format!("<error message=\"{message}\" type=\"{}\">{detail}</error>", check.id))
                }
                (Status::Skip, _) => out.push_str(&format!("<skipped message=\"{message}\"/>")),
                (status, _) => out.push_str(&format!(
                    "<system-out>{}: {message}{}</system-out>",
                    status.word(),
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

fn counts(lines: &[&Check]) -> String {
    let failed =
        |undecided| lines.iter().filter(|check| check.status == Status::Fail && check.undecided == undecided).count();
    let ms: u128 = lines.iter().map(|check| check.took.as_millis()).sum();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\"",
        lines.len(),
        failed(false),
        failed(true),
        seconds(ms)
    )
}

fn number(lines: &[&Check], status: Status) -> usize {
    lines.iter().filter(|check| check.status == status).count()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::check_report::tests::reports;

    #[test]
    fn junit_is_escaped_and_tells_failure_from_error() {
        assert_eq!(
            junit(&reports("]]> & \u{1b}\u{fffe}<b>")),
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
}
