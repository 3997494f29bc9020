//! A hermetic run of the built binary: an empty environment, a temporary home, a time limit, and the leak check over
//! everything that the run left behind.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::binary::leak_check::LeakCheck;
use crate::support::binary::outcome::Outcome;
use crate::support::binary::tripwire::Tripwire;
use crate::support::http::server::Server;
use crate::support::random::formatted_cpf;

/// How long a run may take before it is killed and the test fails.
const RUN_TIMEOUT: Duration = Duration::from_secs(40);

/// A run being prepared.
pub struct Cli {
    home: Arc<TempDir>,
    /// A line for `sh` that runs the binary as `"$0" "$@"`, instead of the binary alone.
    shell: Option<String>,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    stdin: Option<Vec<u8>>,
    /// Instead of bytes: a pipe that the test writes to.
    stdin_pipe: Option<Stdio>,
    stdout: Option<Stdio>,
    watch: LeakCheck,
    /// Servers that live as long as the run.
    servers: Vec<Server>,
}

/// A run that has begun.
pub struct Running {
    child: Child,
    start: Instant,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    cli: Cli,
}

impl Cli {
    /// Prepares a run of `m2m ARGS..` in an empty home.
    pub fn new<S: Into<OsString>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::at(Arc::new(TempDir::new().expect("a temporary home")), args)
    }

    /// Prepares a run of `m2m ARGS..` in a home that other runs share.
    pub fn at<S: Into<OsString>>(home: Arc<TempDir>, args: impl IntoIterator<Item = S>) -> Self {
        let mut env = BTreeMap::new();
        let dirs = [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "runtime"),
            ("TMPDIR", "tmp"),
        ];
        for (name, dir) in dirs {
            let path = home.path().join(dir);
            fs::create_dir_all(&path).expect("a directory under the home");
            env.insert(name.into(), path.into());
        }
        fs::create_dir_all(home.path().join("work")).expect("a working directory");
        let args = args.into_iter().map(Into::into).collect();
        Self {
            home,
            shell: None,
            args,
            env,
            stdin: None,
            stdin_pipe: None,
            stdout: None,
            watch: LeakCheck::default(),
            servers: Vec::new(),
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.env.remove(&OsString::from(name));
        self
    }

    /// Takes every variable that could name a home away.
    pub fn homeless(mut self) -> Self {
        self.env.retain(|name, _| !name.to_string_lossy().starts_with("XDG_") && name != "HOME");
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Connects stdin to something that the test feeds as it likes.
    pub fn stdin_from(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin_pipe = Some(stdin.into());
        self
    }

    /// Connects stdout elsewhere than to the test.
    pub fn stdout_to(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// Has `sh` run this line, in which `"$0" "$@"` is the binary with its arguments.
    pub fn in_shell(mut self, line: &str) -> Self {
        self.shell = Some(line.to_owned());
        self
    }

    /// Says that the test itself put these files under the home.
    pub fn given(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.watch.given.extend(paths);
        self
    }

    /// Writes a file, readable by its owner alone, under the home.
    pub fn file(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
        fs::write(&path, bytes).expect("the file");
        set_mode(&path, 0o600);
        self.watch.given.push(path);
        self
    }

    /// Gives a file of this run the mode `mode`.
    pub fn mode(self, name: &str, mode: u32) -> Self {
        set_mode(&self.path(name), mode);
        self
    }

    /// The path of `name` under the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Adds an option whose value is the path of `name` under the home.
    pub fn path_arg(self, option: &str, name: &str) -> Self {
        let path = self.path(name);
        self.arg(option).arg(path)
    }

    /// Watches for a secret that must not be found anywhere.
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.watch.secrets.push(Tripwire::new(name, value));
        self
    }

    /// Watches for an access token: it belongs in the cache's entries and on the stdout of what prints or uses it, nowhere else.
    pub fn token(mut self, value: &str) -> Self {
        self.watch.tokens.push(Tripwire::new("the access token", value));
        self
    }

    /// Watches for a CPF or a login: neither stderr nor a file may hold it.
    pub fn personal(mut self, value: &str) -> Self {
        self.watch.personal.push(Tripwire::new("personal data", value));
        if value.len() == 11 && value.bytes().all(|byte| byte.is_ascii_digit()) {
            self.watch.personal.push(Tripwire::new("personal data", &formatted_cpf(value)));
        }
        self
    }

    /// Lets argv hold a secret, for the tests of what happens then.
    pub fn with_a_secret_in_argv(mut self) -> Self {
        self.watch.secret_in_argv = true;
        self
    }

    /// Keeps `server` running until the run is over.
    pub fn keep(mut self, server: Server) -> Self {
        self.servers.push(server);
        self
    }

    /// Runs to the end. Panics when the run takes too long or leaks.
    pub fn run(self) -> Outcome {
        self.start().finish()
    }

    /// Runs to the end, and lets `look` see the home before it goes.
    pub fn run_and(self, look: impl FnOnce(&Path)) -> Outcome {
        self.start().finish_and(look)
    }

    /// Begins the run.
    pub fn start(mut self) -> Running {
        let start = Instant::now();
        let binary = env!("CARGO_BIN_EXE_m2m");
        let mut command = Command::new(self.shell.as_ref().map_or(binary, |_| "/bin/sh"));
        if let Some(line) = &self.shell {
            command.args(["-c", line, binary]);
        }
        let fed = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = command
            .args(&self.args)
            .env_clear()
            .envs(&self.env)
            .current_dir(self.path("work"))
            .stdin(self.stdin_pipe.take().unwrap_or(fed))
            .stdout(self.stdout.take().unwrap_or_else(Stdio::piped))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), self.stdin.take()) {
            // A program that does not read its stdin is not at fault.
            thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let stdout = child.stdout.take().map(drain);
        let stderr = child.stderr.take().map(drain);
        Running { child, start, stdout, stderr, cli: self }
    }
}

impl Running {
    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as `kill -9` does, wherever it is. What it leaves behind is for the test to look at.
    pub fn kill(mut self) {
        self.child.kill().expect("a child to kill");
        self.child.wait().expect("a child to wait for");
    }

    /// Sends Ctrl-C. Has no effect on a run that has ended meanwhile.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("a process id"));
        let _ = kill_process(pid.expect("a process id"), Signal::INT);
    }

    /// Waits for the end. Panics when it takes too long or leaks.
    pub fn finish(self) -> Outcome {
        self.finish_and(|_| ())
    }

    fn finish_and(mut self, look: impl FnOnce(&Path)) -> Outcome {
        let status = self.wait();
        let text = |pipe: Option<JoinHandle<Vec<u8>>>| {
            String::from_utf8(pipe.map_or_else(Vec::new, |pipe| pipe.join().expect("a reader"))).expect("UTF-8")
        };
        let outcome = Outcome {
            code: code(status.unwrap_or_default()),
            stdout: text(self.stdout),
            stderr: text(self.stderr),
            took: self.start.elapsed(),
        };
        assert!(status.is_some(), "killed after {RUN_TIMEOUT:?}: {outcome:#?}");
        let argv: Vec<_> = self.cli.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        if let Some(leak) = self.cli.watch.leak(&argv, &outcome, self.cli.home.path()) {
            panic!("{leak}: {outcome:#?}");
        }
        look(self.cli.home.path());
        outcome
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait().expect("a child to wait for") {
                return Some(status);
            }
            if self.start.elapsed() > RUN_TIMEOUT {
                self.child.kill().expect("a child to kill");
                self.child.wait().expect("a child to wait for");
                return None;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a readable pipe");
        bytes
    })
}

#[cfg(unix)]
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| -status.signal().unwrap_or_default())
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode that can be set");
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}
