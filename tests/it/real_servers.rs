//! `m2m` against a certified OpenID Provider that nobody here wrote: the npm package oidc-provider, started by
//! `tests/servers/oidc-provider/run.sh` on a free loopback port with secrets made for the run.
//!
//! A machine that cannot run it (no Node.js) skips these tests with a line on stderr; with `CI` set that is a failure.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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

#[test]
fn discover_prints_the_metadata() {
    let Some(server) = server() else { return };
    let run = M2m::new(&["discover", "--issuer", server.issuer()]).run();
    run.assert_exit(0);
    let metadata: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(metadata["issuer"], server.ready["issuer"]);
    assert_eq!(metadata["token_endpoint"], server.ready["token_endpoint"]);
    assert_eq!(run.stderr, "");
}

#[test]
fn basic_works_with_a_secret_full_of_special_characters() {
    let Some(server) = server() else { return };
    for encoding in [&[][..], &["--basic-encoding", "strict"]] {
        let run = server.token("special").args(encoding).run();
        run.assert_token();
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn post_works_with_a_secret_full_of_special_characters() {
    let Some(server) = server() else { return };
    let run = server.token("post").args(&["--auth-method", "client_secret_post"]).run();
    run.assert_token();
    assert_eq!(run.stderr, "");
}

#[test]
fn a_plain_secret_works_whatever_the_encoding() {
    let Some(server) = server() else { return };
    for encoding in ["form", "strict", "raw"] {
        server.token("plain").args(&["--basic-encoding", encoding]).run().assert_token();
    }
}

#[test]
fn the_secret_may_come_from_a_file_or_from_stdin() {
    let Some(server) = server() else { return };
    let secret = server.secret("special");
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("secret");
    fs::write(&file, format!("{secret}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();

    let from_file =
        server.token_without_secret("special").args(&["--client-secret-file", file.to_str().unwrap()]).run();
    from_file.assert_token();
    assert_eq!(from_file.stderr, "");
    let from_stdin = server.token_without_secret("special").args(&["--client-secret-file", "-"]).stdin(&secret).run();
    from_stdin.assert_token();
    assert_eq!(from_stdin.stderr, "");
}

#[test]
fn json_output_keeps_what_the_server_said() {
    let Some(server) = server() else { return };
    let scopes = server.scopes();
    let run = server.token("special").args(&["--scope", &scopes, "-o", "json"]).run();
    run.assert_exit(0);
    let token: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(token["scope"], scopes);
    assert_eq!(token["token_type"], "Bearer");
    let left = token["expires_in"].as_i64().unwrap();
    assert!((500..=600).contains(&left), "{left} seconds left of 600");
}

#[test]
fn a_wrong_secret_is_refused_and_the_hint_names_what_basic_may_have_changed() {
    let Some(server) = server() else { return };
    let wrong = format!("{}x", server.secret("special"));
    let run = server.token_without_secret("special").secret(&wrong).run();
    run.assert_refused();
    for part in ["invalid_client", &server.token_endpoint(), "401", "basic_encoding", "client_secret_post"] {
        assert!(run.stderr.contains(part), "no `{part}` in\n{}", run.stderr);
    }
}

#[test]
fn a_refusal_as_json_has_its_kind() {
    let Some(server) = server() else { return };
    let run = server.token_without_secret("plain").secret("wrong").args(&["--error-format", "json"]).run();
    run.assert_exit(3);
    let report: Value = serde_json::from_str(run.stderr.trim_end()).unwrap();
    let error = &report["error"];
    assert_eq!(error["kind"], "credentials_rejected");
    assert_eq!(error["exit_code"], 3);
    assert_eq!(error["oauth_error"], "invalid_client");
    assert_eq!(error["http_status"], 401);
    assert_eq!(error["url"], server.ready["token_endpoint"]);
}

/// This server reads encoded credentials only, and calls raw ones an `invalid_request`.
#[test]
fn a_wrong_basic_encoding_is_refused_and_the_hint_names_it() {
    let Some(server) = server() else { return };
    let run = server.token("special").args(&["--basic-encoding", "raw"]).run();
    run.assert_refused();
    assert!(run.stderr.contains("basic_encoding"), "{}", run.stderr);
}

/// This server calls it an `invalid_request`, where RFC 6749 has `unauthorized_client`.
#[test]
fn a_client_that_may_not_use_the_grant_is_refused() {
    let Some(server) = server() else { return };
    let run = server.token("no_grant").run();
    run.assert_refused();
    assert!(run.stderr.contains("requested grant type is not allowed for this client"), "{}", run.stderr);
}

#[test]
fn a_scope_that_was_not_granted_is_a_warning() {
    let Some(server) = server() else { return };
    let known = server.ready["scopes"][0].as_str().unwrap();
    let run = server.token("plain").args(&["--scope", known, "--scope", "no:such-scope"]).run();
    run.assert_token();
    assert!(run.stderr.starts_with("warning: ") && run.stderr.contains("no:such-scope"), "{}", run.stderr);
}

/// This server then grants none and leaves `scope` out, which others do when they grant what was asked (RFC 6749 5.1):
/// nothing can be concluded from it.
#[test]
fn an_unknown_scope_alone_still_gives_a_token() {
    let Some(server) = server() else { return };
    server.token("plain").args(&["--scope", "no:such-scope"]).run().assert_token();
}

#[test]
fn an_issuer_by_another_name_is_a_mismatch_that_shows_both() {
    let Some(server) = server() else { return };
    let other = server.issuer().replace("localhost", "127.0.0.1");
    let run =
        M2m::new(&["token", "--issuer", &other, "--client-id", "m2m-plain"]).secret(&server.secret("plain")).run();
    run.assert_exit(7);
    assert_eq!(run.stdout, "");
    for issuer in [&other, server.issuer()] {
        assert!(run.stderr.contains(issuer), "no `{issuer}` in\n{}", run.stderr);
    }
}

/// The running server: the one line it printed, and its standard input, whose end stops it.
struct Server {
    ready: Value,
    _stdin: ChildStdin,
}

/// The one server of this test process, started by the first test that asks; `None` when this machine cannot run it.
fn server() -> Option<&'static Server> {
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
    fn issuer(&self) -> &str {
        self.ready["issuer"].as_str().unwrap()
    }

    fn token_endpoint(&self) -> String {
        self.ready["token_endpoint"].as_str().unwrap().to_owned()
    }

    fn scopes(&self) -> String {
        let scopes = self.ready["scopes"].as_array().unwrap();
        scopes.iter().map(|scope| scope.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    fn secret(&self, client: &str) -> String {
        self.ready["clients"][client]["client_secret"].as_str().unwrap().to_owned()
    }

    /// `m2m token` as `client`, its secret in the environment.
    fn token(&self, client: &str) -> M2m {
        self.token_without_secret(client).secret(&self.secret(client))
    }

    fn token_without_secret(&self, client: &str) -> M2m {
        let id = self.ready["clients"][client]["client_id"].as_str().unwrap();
        M2m::new(&["token", "--issuer", self.issuer(), "--client-id", id])
    }
}

/// One run of the built binary, with an empty environment and a home of its own.
#[must_use]
struct M2m {
    args: Vec<String>,
    secret: Option<String>,
    stdin: Option<String>,
}

impl M2m {
    fn new(args: &[&str]) -> Self {
        Self { args: Vec::new(), secret: None, stdin: None }.args(args)
    }

    fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Hands the client secret over in `M2M_CLIENT_SECRET`.
    fn secret(mut self, secret: &str) -> Self {
        self.secret = Some(secret.to_owned());
        self
    }

    /// Hands the client secret over on standard input.
    fn stdin(mut self, secret: &str) -> Self {
        self.stdin = Some(secret.to_owned());
        self
    }

    /// Runs it, and fails when either output stream shows the secret.
    fn run(self) -> Run {
        let home = TempDir::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_m2m"))
            .args(&self.args)
            .env_clear()
            .env("HOME", home.path())
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
        for secret in self.secret.iter().chain(&self.stdin) {
            run.assert_hides(secret);
        }
        run
    }
}

/// What a run left behind.
struct Run {
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn assert_exit(&self, expected: i32) {
        assert_eq!(self.exit, Some(expected), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
    }

    /// One token and its newline, nothing else.
    fn assert_token(&self) {
        self.assert_exit(0);
        let token = self.stdout.strip_suffix('\n').unwrap();
        assert!(
            token.len() > 20 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)),
            "{token:?}"
        );
    }

    /// Exit 3 with a reason, a hint and no output.
    fn assert_refused(&self) {
        self.assert_exit(3);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.starts_with("error: ") && self.stderr.contains("\n  hint: "), "{}", self.stderr);
    }

    /// The secret is nowhere, neither as it is nor inside base64, where it can begin at three places of a group.
    fn assert_hides(&self, secret: &str) {
        let in_base64 =
            (0..3).filter_map(|skipped| secret.get(skipped..skipped + 12)).map(|part| STANDARD.encode(part));
        for form in in_base64.chain([secret.to_owned()]) {
            assert!(!self.stdout.contains(&form) && !self.stderr.contains(&form), "the secret shows");
        }
    }
}
