//! The lines of a bulk lookup: one JSON object a line, participants as the API sent them.

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::output::redact_participant;
use crate::platform::redactor::HIDDEN;

/// What became of one line of the input.
pub enum Outcome<'a> {
    /// Participants that match.
    Found(&'a [Box<RawValue>]),
    /// Nobody matches.
    NotFound,
    /// The value cannot be looked up; nothing was sent.
    Invalid(Failure),
    /// The lookup failed.
    Error(Failure),
}

/// Why a line has no answer.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// The kind, as in the table of exit codes.
    pub kind: &'static str,
    /// What happened.
    pub message: String,
    /// Why.
    pub causes: Vec<String>,
    /// The status of the API's answer.
    pub http_status: Option<u16>,
}

/// One line, with its line end. `field` is `login` or `cpf`.
#[must_use]
pub fn line(number: u64, field: &str, value: &str, outcome: &Outcome<'_>, redact: bool) -> String {
    let shown = if redact { HIDDEN } else { value };
    let query = json!({ field: shown });
    let head = |status: &str| format!("{{\"line\":{number},\"query\":{query},\"status\":\"{status}\"");
    match outcome {
        Outcome::Found(items) => {
            let mut out = head("found");
            out.push_str(",\"participants\":[");
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                if redact {
                    out.push_str(&redact_participant::participant(item))
                } else {
                    push_on_one_line(&mut out, item.get())
                }
            }
            out.push_str("]}\n");
            out
        }
        Outcome::NotFound => format!("{},\"participants\":[]}}\n", head("not_found")),
        Outcome::Invalid(failure) => format!("{},\"error\":{}}}\n", head("invalid"), json!(failure)),
        Outcome::Error(failure) => format!("{},\"error\":{}}}\n", head("error"), json!(failure)),
    }
}

/// In valid JSON a raw line end can only be white space between tokens, so a space says the same.
fn push_on_one_line(out: &mut String, json: &str) {
    if !json.contains('\n') && !json.contains('\r') {
        return out.push_str(json);
    }
    out.extend(json.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn participants_stay_as_they_were_on_one_line() {
        let items = [RawValue::from_string("{\"a\":1.50,\r\n \"b\":\"x\\ny\"}".into()).unwrap()];
        assert_eq!(
            line(7, "cpf", "529.982.247-25", &Outcome::Found(&items), false),
            "{\"line\":7,\"query\":{\"cpf\":\"529.982.247-25\"},\"status\":\"found\",\"participants\":[{\"a\":1.50,   \"b\":\"x\\ny\"}]}\n"
        );
        assert!(!line(7, "cpf", "529.982.247-25", &Outcome::NotFound, true).contains("529"));
    }
}
