//! Signals to a run, and the moment to send them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::binary::command::Running;

/// Sends a signal, by its name without `SIG`.
pub fn send(running: &Running, signal: &str) {
    let kill = Command::new("kill").args([format!("-{signal}"), running.pid().to_string()]).status();
    assert!(kill.expect("a kill command").success(), "{signal} was sent");
}

/// Presses Ctrl-C.
pub fn interrupt(running: &Running) {
    send(running, "INT");
}

/// Waits until a run has opened a file whose name ends in `end`; waits one second where the system does not tell.
#[track_caller]
pub fn wait_until_open(running: &Running, end: &str) {
    if !Path::new("/proc/self/fd").exists() {
        return thread::sleep(Duration::from_secs(1));
    }
    let is_open = || {
        let files = fs::read_dir(format!("/proc/{}/fd", running.pid())).into_iter().flatten().flatten();
        let mut names = files.filter_map(|file| fs::read_link(file.path()).ok());
        names.any(|name| name.to_string_lossy().ends_with(end))
    };
    let begin = Instant::now();
    while !is_open() {
        assert!(begin.elapsed() < Duration::from_secs(20), "no file that ends in {end} was opened");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a file is there. Panics when it is not within twenty seconds.
#[track_caller]
pub fn wait_for(path: &Path) {
    let begin = Instant::now();
    while !path.exists() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{} never came", path.display());
        thread::sleep(Duration::from_millis(5));
    }
}
