//! Runs of the binary against a server of `tests/servers`, each with an empty environment and its own home, and what they
//! left behind.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::binary::tripwire::Tripwire;

/// One run of the built binary, with an empty environment and its own home.
#[must_use]
pub struct M2m {
    args: Vec<String>,
    secret: Option<String>,
    stdin: Option<String>,
    /// Where tokens are cached, when not in a home of its own.
    cache: Option<PathBuf>,
    /// What must not be shown, beside the two above.
    hidden: Vec<String>,
    home: TempDir,
}

impl M2m {
    pub fn new(args: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        Self { args: Vec::new(), secret: None, stdin: None, cache: None, hidden: Vec::new(), home }.args(args)
    }

    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Hands the client secret over in `M2M_CLIENT_SECRET`.
    pub fn secret(mut self, secret: &str) -> Self {
        self.secret = Some(secret.to_owned());
        self
    }

    /// Hands the client secret over on standard input.
    pub fn stdin(mut self, secret: &str) -> Self {
        self.stdin = Some(secret.to_owned());
        self
    }

    /// Shares a token cache with other runs.
    pub fn cache(mut self, folder: &Path) -> Self {
        self.cache = Some(folder.to_owned());
        self
    }

    /// Adds settings that have no flag, in a profile.
    pub fn settings(self, lines: &str) -> Self {
        let config = self.file("config.toml", &format!("[profiles.test]\n{lines}\n"));
        self.args(&["--config", config.to_str().unwrap(), "--profile", "test"])
    }

    /// Signs with the key in this file, and watches for its text.
    pub fn key(mut self, file: &str) -> Self {
        self.hidden.extend(fs::read_to_string(file).unwrap().lines().filter(|line| line.len() > 40).map(str::to_owned));
        self.args(&["--client-key", file])
    }

    /// Shows this certificate, whose key is in the same file or in `key`.
    pub fn certificate(self, file: &str, key: Option<&str>) -> Self {
        let run = self.args(&["--client-cert", file]);
        if let Some(key) = key { run.key(key) } else { run }
    }

    /// Writes a file, readable by its owner alone, that lives as long as the run.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Runs it, and fails when either output stream shows the secret.
    pub fn run(self) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_m2m"))
            .args(&self.args)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.secret.as_ref().map(|secret| ("M2M_CLIENT_SECRET", secret)))
            .envs(self.cache.as_ref().map(|folder| ("M2M_CACHE_DIR", folder)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A child that never reads it closes the pipe; what it makes of that is for the test to judge.
        child.stdin.take().unwrap().write_all(self.stdin.as_deref().unwrap_or_default().as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        let run = Run {
            exit: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in self.secret.iter().chain(&self.stdin).chain(&self.hidden) {
            run.assert_hides(secret);
        }
        run
    }
}

/// What a run left behind.
pub struct Run {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn assert_exit(&self, expected: i32) {
        assert_eq!(self.exit, Some(expected), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
    }

    /// One token and its newline, nothing else.
    pub fn assert_token(&self) {
        self.assert_exit(0);
        let token = self.stdout.strip_suffix('\n').unwrap();
        assert!(
            token.len() > 20 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)),
            "{token:?}"
        );
    }

    /// Success, with JSON on stdout.
    pub fn json(&self) -> Value {
        self.assert_exit(0);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Every part is on stderr.
    pub fn assert_says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.stderr.contains(part), "no `{part}` in\n{}", self.stderr);
        }
    }

    /// The status of one check in the JSON report of `m2m check`, with the check.
    pub fn check(&self, id: &str) -> (String, Value) {
        let report: Value = serde_json::from_str(&self.stdout).unwrap();
        let checks = report["profiles"][0]["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["id"] == id).unwrap();
        (check["status"].as_str().unwrap().to_owned(), check.clone())
    }

    /// Exit 3 with a reason, a hint and no output.
    pub fn assert_refused(&self) {
        self.assert_exit(3);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.starts_with("error: ") && self.stderr.contains("\n  hint: "), "{}", self.stderr);
    }

    /// The secret is nowhere, in no encoding.
    pub fn assert_hides(&self, secret: &str) {
        let wire = Tripwire::new("the secret", secret);
        assert!(wire.find(&self.stdout).is_none() && wire.find(&self.stderr).is_none(), "the secret shows");
    }
}
