//! What one run of the binary did: its exit code and both streams, with the assertions that every theme needs.

use std::time::Duration;

use serde_json::Value;

use crate::support::failure::JsonError;

/// The end of one run.
#[derive(Clone, Debug)]
#[must_use]
pub struct Outcome {
    /// The exit code; minus the signal's number when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Outcome {
    /// Asserts success without a word on stderr, and returns stdout.
    #[track_caller]
    pub fn succeeds(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "success in silence; stdout: {}", self.stdout);
        self.stdout
    }

    /// Asserts success with at least one warning and no other kind of line, and returns stdout with the warnings.
    #[track_caller]
    pub fn succeeds_with_a_warning(self) -> (String, String) {
        assert_eq!(self.code, 0, "{self:#?}");
        assert!(self.stderr.lines().any(|line| line.starts_with("warning: ")), "a warning: {self:#?}");
        assert!(!self.stderr.contains("error:"), "no error: {self:#?}");
        (self.stdout, self.stderr)
    }

    /// Asserts success with one warning and no other line on stderr, and returns stdout with the warning.
    #[track_caller]
    pub fn succeeds_with_one_warning(self) -> (String, String) {
        let (code, stdout, stderr) = (self.code, self.stdout, self.stderr);
        assert_eq!(code, 0, "stderr: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "one line on stderr: {stderr:?}");
        assert!(stderr.starts_with("warning: "), "a warning: {stderr}");
        (stdout, stderr)
    }

    /// Asserts exit `code` with an error for people and an empty stdout, and returns stderr.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "stderr: {}", self.stderr);
        let errors = self.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(errors, 1, "one error: {}", self.stderr);
        self.stderr
    }

    /// Asserts exit `code` with one line of JSON of the documented shape, warnings apart, and an empty stdout.
    #[track_caller]
    pub fn fails_in_json(self, code: i32) -> JsonError {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "stderr: {}", self.stderr);
        let (json, rest): (Vec<_>, Vec<_>) = self.stderr.lines().partition(|line| line.starts_with('{'));
        assert!(
            rest.iter().all(|line| line.starts_with("warning: ")),
            "only warnings stand beside the JSON: {}",
            self.stderr
        );
        assert_eq!(json.len(), 1, "one line of JSON: {}", self.stderr);
        let error = JsonError::parse(json[0]);
        assert_eq!(error.exit_code, i64::from(code));
        error
    }

    /// Asserts success in silence, and returns stdout as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        let stdout = self.succeeds();
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("stdout is JSON ({error}): {stdout}"))
    }
}
