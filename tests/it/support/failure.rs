//! A refusal in both error formats: the documented JSON, and one scenario run in text and in JSON.

use serde_json::Value;

use crate::support::binary::command::Cli;

/// The members of the JSON error that say nothing when they have no value.
const OPTIONAL: [&str; 6] = ["correlation_id", "http_status", "idempotency_key", "oauth_error", "request_id", "url"];

/// The documented error line of `--error-format json`.
#[derive(Clone, Debug)]
pub struct JsonError {
    pub kind: String,
    pub exit_code: i64,
    pub message: String,
    pub causes: Vec<String>,
    pub hints: Vec<String>,
    pub oauth_error: Option<String>,
    pub http_status: Option<i64>,
    pub url: Option<String>,
    pub request_id: Option<String>,
}

impl JsonError {
    /// Parses one line. Panics unless it has exactly the documented members, each of its type.
    #[track_caller]
    pub fn parse(line: &str) -> Self {
        let document: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("JSON ({error}): {line}"));
        let outer = document.as_object().expect("an object");
        assert_eq!(outer.keys().collect::<Vec<_>>(), ["error"], "{line}");
        let inner = outer["error"].as_object().expect("an object");
        let always = ["kind", "code", "exit_code", "message", "causes", "hints"];
        for key in inner.keys() {
            assert!(
                always.contains(&key.as_str()) || OPTIONAL.contains(&key.as_str()),
                "undocumented member {key}: {line}"
            );
        }
        let text = |key: &str| {
            inner.get(key).filter(|value| !value.is_null()).map(|value| value.as_str().expect("a string").to_owned())
        };
        let texts = |key: &str| -> Vec<String> {
            let list = inner.get(key).and_then(Value::as_array).unwrap_or_else(|| panic!("{key} is a list: {line}"));
            list.iter().map(|item| item.as_str().expect("a string").to_owned()).collect()
        };
        Self {
            kind: text("kind").expect("a kind"),
            exit_code: inner["exit_code"].as_i64().expect("an integer"),
            message: text("message").expect("a message"),
            causes: texts("causes"),
            hints: texts("hints"),
            oauth_error: text("oauth_error"),
            http_status: inner
                .get("http_status")
                .filter(|value| !value.is_null())
                .map(|value| value.as_i64().expect("an integer")),
            url: text("url"),
            request_id: text("request_id"),
        }
    }

    /// Everything that a person would read in it.
    pub fn words(&self) -> String {
        let parts = [vec![self.message.clone()], self.causes.clone(), self.hints.clone()].concat();
        parts.join("\n")
    }
}

/// One refusal, as text and as JSON.
#[derive(Debug)]
pub struct Refusal {
    pub text: String,
    pub json: JsonError,
}

impl Refusal {
    /// Asserts that both forms hold `words`.
    #[track_caller]
    pub fn names(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "{words:?} in the text: {}", self.text);
        let json = format!("{}\n{}", self.json.words(), self.json.url.as_deref().unwrap_or_default());
        assert!(json.contains(words), "{words:?} in the JSON: {:#?}", self.json);
        self
    }

    /// Asserts that a hint holds `words`, in both forms.
    #[track_caller]
    pub fn hints_at(&self, words: &str) -> &Self {
        assert!(self.json.hints.iter().any(|hint| hint.contains(words)), "{words:?} in a hint: {:#?}", self.json);
        let (_, hints) = self.text.split_once("hint: ").unwrap_or_else(|| panic!("a hint: {}", self.text));
        assert!(hints.contains(words), "{words:?} in a hint: {}", self.text);
        self
    }

    /// Asserts that neither form holds `words`, in any case.
    #[track_caller]
    pub fn never_says(&self, words: &str) -> &Self {
        let all = format!("{}\n{:?}", self.text, self.json).to_lowercase();
        assert!(!all.contains(&words.to_lowercase()), "{words:?} in: {all}");
        self
    }
}

/// Runs what `cli` builds in both error formats, and asserts the exit code and the kind.
#[track_caller]
pub fn refused(code: i32, kind: &str, cli: impl Fn() -> Cli) -> Refusal {
    let text = cli().run().fails(code);
    let json = cli().env("M2M_ERROR_FORMAT", "json").run().fails_in_json(code);
    assert_eq!(json.kind, kind);
    Refusal { text, json }
}

#[test]
fn an_undocumented_member_is_noticed() {
    let line = r#"{"error":{"kind":"usage","exit_code":2,"message":"m","causes":[],"hints":["h"],"url":null}}"#;
    assert_eq!(JsonError::parse(line).hints, ["h"]);
    let odd = line.replace("\"url\"", "\"uri\"");
    assert!(std::panic::catch_unwind(|| JsonError::parse(&odd)).is_err());
}
