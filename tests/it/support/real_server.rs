//! The npm package oidc-provider, started by `tests/servers/oidc-provider/run.sh` on free loopback ports with secrets, keys
//! and certificates made for the run; and runs of the binary against it.
//!
//! A machine that cannot run it (no Node.js) skips these tests with a line on stderr; with `CI` set that is a failure.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

/// Long enough to fetch the packages on a slow line; `run.sh` gives up on its own before that.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// What `run.sh` exits with when the machine cannot have the server.
const UNAVAILABLE: i32 = 69;

/// The running server: the one line it printed, and its standard input, whose end stops it.
pub struct Server {
    pub ready: Value,
    _stdin: ChildStdin,
}

/// The one server of this test process, started by the first test that asks; `None` when this machine cannot run it.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    match SERVER.get_or_init(start) {
        Ok(server) => Some(server),
        Err(reason) if in_ci() => {
            panic!("CI does not skip the tests against a real server: {reason}")
        }
        Err(reason) => {
            let test = thread::current().name().unwrap_or("a test").to_owned();
            // Not by `eprintln!`: the test harness would swallow that.
            let line = format!("SKIPPED {test}: {reason}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            None
        }
    }
}

fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Starts `run.sh` and waits for its line; the error says why this machine cannot have the server.
fn start() -> Result<Server, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/oidc-provider/run.sh");
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc-provider.log");
    let mut child = Command::new("bash")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .map_err(|error| format!("bash cannot be started: {error}"))?;
    let stdin = child.stdin.take().unwrap();
    let line = first_line(&mut child);
    if let Ok(ready) = serde_json::from_str(&line) {
        return Ok(Server { ready, _stdin: stdin });
    }
    drop(stdin);
    let said = fs::read_to_string(&log).unwrap();
    match child.try_wait().unwrap().and_then(|status| status.code()) {
        // Its last line is the reason; before it stands what npm had to say.
        Some(UNAVAILABLE) => Err(said.lines().last().unwrap_or_default().to_owned()),
        status => {
            child.kill().unwrap();
            panic!("{script} is not ready (exit {status:?}), printed {line:?} and said\n{said}");
        }
    }
}

/// The first line of the child's output; empty when the child ends, or [`READY_WITHIN`] passes, without one.
fn first_line(child: &mut Child) -> String {
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        stdout.read_line(&mut line).ok();
        sender.send(line).ok();
    });
    let line = receiver.recv_timeout(READY_WITHIN).unwrap_or_default();
    if line.is_empty() {
        // The end of its output comes a moment before its status.
        thread::sleep(Duration::from_millis(500));
    }
    line
}

impl Server {
    pub fn issuer(&self) -> &str {
        self.ready["issuer"].as_str().unwrap()
    }

    pub fn token_endpoint(&self) -> String {
        self.ready["token_endpoint"].as_str().unwrap().to_owned()
    }

    pub fn scopes(&self) -> String {
        let scopes = self.ready["scopes"].as_array().unwrap();
        scopes.iter().map(|scope| scope.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    pub fn secret(&self, client: &str) -> String {
        self.ready["clients"][client]["client_secret"].as_str().unwrap().to_owned()
    }

    /// A string of the line that the server printed.
    pub fn text(&self, pointer: &str) -> &str {
        self.ready.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {}", self.ready))
    }

    /// `m2m token` as `client`, its secret in the environment.
    pub fn token(&self, client: &str) -> M2m {
        self.token_without_secret(client).secret(&self.secret(client))
    }

    pub fn token_without_secret(&self, client: &str) -> M2m {
        let id = self.ready["clients"][client]["client_id"].as_str().unwrap();
        M2m::new(&["token", "--issuer", self.issuer(), "--client-id", id])
    }
}

/// One run of the built binary, with an empty environment and a home of its own.
#[must_use]
pub struct M2m {
    args: Vec<String>,
    secret: Option<String>,
    stdin: Option<String>,
    /// What must not be shown, beside the two above.
    hidden: Vec<String>,
    home: TempDir,
}

impl M2m {
    pub fn new(args: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        Self { args: Vec::new(), secret: None, stdin: None, hidden: Vec::new(), home }.args(args)
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

    /// Exit 3 with a reason, a hint and no output.
    pub fn assert_refused(&self) {
        self.assert_exit(3);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.starts_with("error: ") && self.stderr.contains("\n  hint: "), "{}", self.stderr);
    }

    /// The secret is nowhere, neither as it is nor inside base64, where it can begin at three places of a group.
    pub fn assert_hides(&self, secret: &str) {
        let in_base64 =
            (0..3).filter_map(|skipped| secret.get(skipped..skipped + 12)).map(|part| STANDARD.encode(part));
        for form in in_base64.chain([secret.to_owned()]) {
            assert!(!self.stdout.contains(&form) && !self.stderr.contains(&form), "the secret shows");
        }
    }
}
