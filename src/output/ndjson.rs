//! The lines of a bulk lookup: one JSON object per line of the input, participants as the API sent them. Refuses to
//! decide what became of a line.

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::exit;
use crate::output::redact_participant;
use crate::participants::bulk::{Answer, Field, Row};
use crate::platform::error::{Error, ErrorKind};
use crate::platform::redaction::redactor::{HIDDEN, Redactor};

/// Why a line has no answer.
#[derive(Serialize)]
struct Failure {
    kind: &'static str,
    message: String,
    causes: Vec<String>,
    http_status: Option<u16>,
}

/// One line, with its line end. With `redact`, personal data is masked.
pub fn line(redactor: &Redactor, field: Field, row: &Row, redact: bool) -> String {
    let shown = if redact { HIDDEN } else { row.line.shown() };
    let query = json!({ field.name(): shown });
    let head = |status: &str| format!("{{\"line\":{},\"query\":{query},\"status\":\"{status}\"", row.line.number);
    match &row.answer {
        Answer::Found { items, matches, then } => {
            let mut out = head("found");
            push_participants(&mut out, items, redact);
            out.push_str(if *matches { "" } else { ",\"matches\":false" });
            if let Some(then) = then {
                out.push_str(&format!(",\"then\":{{\"status\":{},\"body\":", then.status));
                push_masked(&mut out, &then.body, redact);
                out.push('}');
            }
            out.push_str("}\n");
            out
        }
        Answer::Ambiguous(items) => {
            let mut out = head("ambiguous");
            push_participants(&mut out, items, redact);
            out.push_str("}\n");
            out
        }
        Answer::NotFound => format!("{},\"participants\":[]}}\n", head("not_found")),
        Answer::Invalid(error) => {
            format!("{},\"error\":{}}}\n", head("invalid"), json!(failure(redactor, error, redact)))
        }
        Answer::Failed(error) => format!("{},\"error\":{}}}\n", head("error"), json!(failure(redactor, error, redact))),
    }
}

fn failure(redactor: &Redactor, error: &Error, redact: bool) -> Failure {
    // Server text may identify the participant; what tells several participants apart is our own text, and safe.
    let hide_quotes = redact && error.kind() != ErrorKind::NotFound;
    let causes = error.causes().iter().map(|cause| match &cause.quote {
        Some(_) if hide_quotes => format!("{}: {HIDDEN}", cause.text),
        _ => redactor.render(cause),
    });
    Failure {
        kind: exit::of(error.kind()).kind,
        message: redactor.hide(error.message()),
        causes: causes.map(|cause| redactor.hide(&cause)).collect(),
        http_status: error.http().http_status,
    }
}

fn push_participants(out: &mut String, items: &[Box<RawValue>], redact: bool) {
    out.push_str(",\"participants\":[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        push_masked(out, item, redact);
    }
    out.push(']');
}

fn push_masked(out: &mut String, item: &RawValue, redact: bool) {
    if redact {
        out.push_str(&redact_participant::participant(item));
    } else {
        push_on_one_line(out, item.get());
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
    use crate::participants::bulk_input::Line;

    fn row(answer: Answer) -> Row {
        Row { line: Line::of(7, "529.982.247-25"), answer }
    }

    #[test]
    fn participants_stay_as_they_were_on_one_line() {
        let items = vec![RawValue::from_string("{\"a\":1.50,\r\n \"b\":\"x\\ny\"}".into()).unwrap()];
        assert_eq!(
            line(&Redactor::default(), Field::Cpf, &row(Answer::Found { items, matches: true, then: None }), false),
            "{\"line\":7,\"query\":{\"cpf\":\"529.982.247-25\"},\"status\":\"found\",\"participants\":[{\"a\":1.50,   \"b\":\"x\\ny\"}]}\n"
        );
        assert!(!line(&Redactor::default(), Field::Cpf, &row(Answer::NotFound), true).contains("529"));
    }
}
