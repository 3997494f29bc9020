//! The servers of `tests/servers`, each started by its `run.sh` on free loopback ports with secrets, keys and certificates
//! made for the run. A server is started by the first test that asks for it, once in a test process.
//!
//! A machine that cannot run one (no Node.js, no Python) skips its tests with a line on stderr; with `CI` set that is a failure.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::servers::run::M2m;

/// Long enough to fetch the packages on a slow line; `run.sh` gives up on its own before that.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// What `run.sh` exits with when the machine cannot have the server.
const UNAVAILABLE: i32 = 69;

/// The running server: the one line it printed, and its standard input, whose end stops it.
pub struct Server {
    pub ready: Value,
    _stdin: ChildStdin,
}

/// A certified OpenID Provider.
pub fn oidc_provider() -> Option<&'static Server> {
    static SERVER: Slot = Slot::new();
    running("oidc-provider", &SERVER)
}

/// Checks no credentials; gives the answers that it is asked for.
pub fn oauth2_mock_server() -> Option<&'static Server> {
    static SERVER: Slot = Slot::new();
    running("oauth2-mock-server", &SERVER)
}

/// A Django project.
pub fn django_oauth_toolkit() -> Option<&'static Server> {
    static SERVER: Slot = Slot::new();
    running("django-oauth-toolkit", &SERVER)
}

/// A Flask application.
pub fn authlib() -> Option<&'static Server> {
    static SERVER: Slot = Slot::new();
    running("authlib", &SERVER)
}

/// The one server of its kind, or why this machine cannot run it.
type Slot = OnceLock<Result<Server, String>>;

/// The server of the folder `name`; `None` when this machine cannot run it.
fn running(name: &str, slot: &'static Slot) -> Option<&'static Server> {
    match slot.get_or_init(|| start(name)) {
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
fn start(name: &str) -> Result<Server, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers").join(name).join("run.sh");
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
    let mut child = Command::new("bash")
        .arg(&script)
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
        // Its last line is the reason; before it stands what npm or pip had to say.
        Some(UNAVAILABLE) => Err(said.lines().last().unwrap_or_default().to_owned()),
        status => {
            child.kill().unwrap();
            panic!("{} is not ready (exit {status:?}), printed {line:?} and said\n{said}", script.display());
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
        self.command("token", client)
    }

    /// `m2m COMMAND` as `client`, its secret in the environment.
    pub fn run(&self, command: &str, client: &str) -> M2m {
        self.command(command, client).secret(&self.secret(client))
    }

    fn command(&self, command: &str, client: &str) -> M2m {
        let id = self.ready["clients"][client]["client_id"].as_str().unwrap();
        M2m::new(&[command, "--issuer", self.issuer(), "--client-id", id])
    }
}
