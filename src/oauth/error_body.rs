//! What a refusal says, in whatever shape servers write it: RFC 6749 section 5.2, and the habits of gateways and APIs.
//! Reads tolerantly and judges nothing.

use serde_json::Value;

use crate::http::message::Response;
use crate::platform::json;

/// The words of a refusal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// The error code, as sent.
    pub code: Option<String>,
    /// The explanation, as sent.
    pub description: Option<String>,
    /// An identifier that the server's support can find, from the body.
    pub trace: Option<String>,
}

impl ErrorBody {
    /// Reads a body whatever its media type: servers label JSON as HTML and send text without a label.
    pub fn of(reply: &Response) -> Self {
        Self::parse(&reply.body)
    }

    fn parse(body: &[u8]) -> Self {
        match json::parse::<Value>(body) {
            Ok(Value::Object(object)) => Self::from_object(&Value::Object(object)),
            Ok(_) => Self::default(),
            Err(_) => Self { description: plain_text(body), ..Self::default() },
        }
    }

    fn from_object(body: &Value) -> Self {
        let text = |path: &[&str]| {
            let value = path.iter().try_fold(body, |at, name| match name.parse::<usize>() {
                Ok(index) => at.get(index),
                Err(_) => at.get(name),
            })?;
            match value {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        };
        let first = |paths: &[&[&str]]| paths.iter().find_map(|path| text(path));
        Self {
            code: first(&[
                &["error"],
                &["error", "code"],
                &["errors", "0", "code"],
                &["errorCode"],
                &["code"],
                &["__type"],
            ]),
            description: first(&[
                &["error_description"],
                &["error", "message"],
                &["errors", "0", "message"],
                &["message"],
                &["errorSummary"],
                &["detail"],
                &["title"],
            ]),
            trace: first(&[&["correlation_id"], &["trace_id"], &["requestId"], &["activityId"]]),
        }
    }

    /// Whether code or explanation holds any of these words, in any case.
    pub fn mentions(&self, words: &[&str]) -> bool {
        let all =
            format!("{} {}", self.code.as_deref().unwrap_or_default(), self.description.as_deref().unwrap_or_default())
                .to_lowercase();
        words.iter().any(|word| all.contains(&word.to_lowercase()))
    }

    /// The code, when it keeps to the grammar of RFC 6749 section 5.2 and to a sane length: fit to be shown bare.
    pub fn printable_code(&self) -> Option<String> {
        let tidy = |c: &&String| c.len() <= 64 && c.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        self.code.as_ref().filter(tidy).cloned()
    }

    /// Code and explanation for a person, as the server wrote them.
    pub fn words(&self) -> Option<String> {
        match (&self.code, &self.description) {
            (Some(code), Some(description)) => Some(format!("{code}: {description}")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }
}

/// A short body that is not JSON and not a page.
fn plain_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(json::without_bom(body)).trim().to_owned();
    (!text.is_empty() && !text.starts_with('<')).then_some(text)
}

/// The ways in which servers say that there were too many requests, whatever the status.
pub const THROTTLE_WORDS: [&str; 6] = [
    "too_many_requests",
    "TooManyRequests",
    "too many requests",
    "Rate exceeded",
    "out of call volume quota",
    "slow_down",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_known_shape() {
        for (body, code, description) in [
            (r#"{"error":"invalid_client"}"#, Some("invalid_client"), None),
            (
                r#"{"error":"invalid_client","error_description":"Bad\r\nthing"}"#,
                Some("invalid_client"),
                Some("Bad\r\nthing"),
            ),
            (r#"{"error":{"code":"E1","message":"m"}}"#, Some("E1"), Some("m")),
            (r#"{"statusCode":401,"message":"Access denied"}"#, None, Some("Access denied")),
            (
                r#"{"errors":[{"code":"113","message":"Participante não encontrado."}]}"#,
                Some("113"),
                Some("Participante não encontrado."),
            ),
            (r#"{"statusCode":400,"errors":[{"code":100,"message":"x"}]}"#, Some("100"), Some("x")),
            (r#"{"errorCode":"E0000007","errorSummary":"Not found"}"#, Some("E0000007"), Some("Not found")),
            ("Unauthorized", None, Some("Unauthorized")),
            ("<html>no</html>", None, None),
            ("", None, None),
            ("[1]", None, None),
            (r#"{"error":null}"#, None, None),
        ] {
            let read = ErrorBody::parse(body.as_bytes());
            assert_eq!((read.code.as_deref(), read.description.as_deref()), (code, description), "{body}");
        }
    }

    #[test]
    fn an_untidy_code_is_not_shown_bare() {
        for code in ["a b", "a\nb", "\u{1b}[0m", &"x".repeat(65)] {
            assert_eq!(ErrorBody { code: Some(code.into()), ..ErrorBody::default() }.printable_code(), None, "{code}");
        }
    }
}
