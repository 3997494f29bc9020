//! The JSON report of `m2m check`, held to its schema, and what it found.

use serde_json::Value;

use crate::support::binary::outcome::Outcome;

/// The report of one run, and how the run ended.
#[derive(Debug)]
pub struct CheckReport {
    pub code: i32,
    pub json: Value,
}

impl CheckReport {
    /// Reads stdout. Panics unless it has exactly the documented shape, and agrees with itself and with the exit code.
    #[track_caller]
    pub fn of(outcome: Outcome) -> Self {
        assert_eq!(outcome.stderr, "", "a report says it all: {outcome:#?}");
        let report: Value =
            serde_json::from_str(&outcome.stdout).unwrap_or_else(|e| panic!("JSON ({e}): {outcome:#?}"));
        assert_eq!(outcome.stdout.lines().count(), 1, "one line");
        assert_eq!(members(&report), ["ok", "profiles"]);
        let profiles = list(&report["profiles"]);
        for profile in profiles {
            assert_eq!(members(profile), ["checks", "ok", "profile"]);
            assert!(profile["profile"].is_string());
            let statuses: Vec<&str> = list(&profile["checks"]).iter().map(status_of).collect();
            assert_eq!(profile["ok"], !statuses.contains(&"fail"));
        }
        assert_eq!(report["ok"], profiles.iter().all(|profile| profile["ok"] == true));
        assert_eq!(report["ok"], outcome.code == 0, "{outcome:#?}");
        Self { code: outcome.code, json: report }
    }

    /// The ids of all checks of the first profile.
    pub fn ids(&self) -> Vec<&str> {
        self.checks(0).iter().map(|check| check["id"].as_str().expect("a string")).collect()
    }

    fn checks(&self, profile: usize) -> &[Value] {
        list(&self.json["profiles"][profile]["checks"])
    }

    /// A check of the first profile.
    #[track_caller]
    pub fn check(&self, id: &str) -> &Value {
        self.checks(0).iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id}: {self:#?}"))
    }

    /// Asserts how a check of the first profile ended, and what it says, hint included.
    #[track_caller]
    pub fn says(&self, id: &str, status: &str, words: &str) -> &Self {
        let check = self.check(id);
        let text = format!("{}\n{}", check["message"].as_str().unwrap(), check["hint"].as_str().unwrap_or_default());
        assert_eq!(check["status"], status, "{check}");
        assert!(text.contains(words), "{words:?} in {check}");
        self
    }

    /// What warns and fails in all profiles: `STATUS ID`.
    pub fn problems(&self) -> Vec<String> {
        let checks = list(&self.json["profiles"]).iter().flat_map(|profile| list(&profile["checks"]));
        checks
            .filter(|check| check["status"] == "warn" || check["status"] == "fail")
            .map(|check| format!("{} {}", check["status"].as_str().unwrap(), check["id"].as_str().unwrap()))
            .collect()
    }

    /// Asserts that nothing warns or fails.
    #[track_caller]
    pub fn passes(&self) -> &Self {
        assert_eq!((self.code, self.problems()), (0, Vec::new()), "{self:#?}");
        self
    }

    /// Asserts that this check alone warns, with these words in message or hint.
    #[track_caller]
    pub fn warns(&self, id: &str, words: &str) -> &Self {
        assert_eq!((self.code, self.problems()), (0, vec![format!("warn {id}")]), "{self:#?}");
        self.says(id, "warn", words)
    }

    /// Asserts that this check alone fails and none warns, with these words in message or hint, and exit `code`.
    #[track_caller]
    pub fn fails(&self, code: i32, id: &str, words: &str) -> &Self {
        assert_eq!((self.code, self.problems()), (code, vec![format!("fail {id}")]), "{self:#?}");
        self.says(id, "fail", words)
    }
}

#[track_caller]
fn status_of(check: &Value) -> &str {
    assert_eq!(members(check), ["hint", "id", "message", "ms", "status"]);
    assert!(check["ms"].is_u64() && check["message"].as_str().is_some_and(|text| !text.is_empty()), "{check}");
    assert!(check["hint"].is_null() || check["hint"].is_string(), "{check}");
    let status = check["status"].as_str().expect("a string");
    assert!(["pass", "info", "skip", "warn", "fail"].contains(&status), "{check}");
    status
}

/// The names of an object's members, sorted.
#[track_caller]
fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}
