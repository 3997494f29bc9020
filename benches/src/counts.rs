//! Counts what a program does: instructions by callgrind, system calls by strace. Neither depends on the load of the
//! machine.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::child;

/// Instructions in user mode, including the loader.
pub(crate) fn instructions(command: &Command, scratch: &Path) -> Result<u64> {
    let file = scratch.join("callgrind.out");
    let mut out_file = std::ffi::OsString::from("--callgrind-out-file=");
    out_file.push(&file);
    child::output(&mut child::wrapped(&["valgrind".as_ref(), "--tool=callgrind".as_ref(), &out_file], command))?;
    let profile = fs::read_to_string(&file)?;
    let total = profile.lines().find_map(|line| line.strip_prefix("summary: "));
    Ok(total.context("callgrind wrote no summary")?.trim().parse()?)
}

/// The system calls of one run.
pub(crate) struct Calls(String);

/// Runs a command under strace, with its threads and children.
pub(crate) fn system_calls(command: &Command, scratch: &Path) -> Result<Calls> {
    let log = scratch.join("strace.out");
    let wrapper: [&OsStr; 4] = ["strace".as_ref(), "-f".as_ref(), "-o".as_ref(), log.as_ref()];
    child::output(&mut child::wrapped(&wrapper, command))?;
    Ok(Calls(fs::read_to_string(&log)?))
}

impl Calls {
    /// Each call as strace writes it, `name(arguments) = result`.
    fn each(&self) -> impl Iterator<Item = &str> {
        self.0
            .lines()
            .filter_map(|line| Some(line.split_once(' ')?.1.trim_start()))
            .filter(|call| call.starts_with(|c: char| c.is_ascii_alphabetic()))
    }

    /// The number of calls.
    pub(crate) fn count(&self) -> usize {
        self.each().count()
    }

    /// The number of files opened, below `folder` if one is given.
    pub(crate) fn opened(&self, folder: Option<&Path>) -> usize {
        let quoted = folder.map(|folder| format!("\"{}/", folder.display()));
        self.each()
            .filter(|call| call.starts_with("open") && !call.contains(" = -1 "))
            .filter(|call| quoted.as_ref().is_none_or(|folder| call.contains(folder.as_str())))
            .count()
    }

    /// The number of threads and processes started.
    pub(crate) fn started(&self) -> usize {
        self.each().filter(|call| ["clone", "fork", "vfork"].iter().any(|name| call.starts_with(name))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_once_and_by_kind() {
        let calls = Calls(
            "7  execve(\"/bin/x\", [\"x\"], 0x7ff /* 3 vars */) = 0\n\
             7  openat(AT_FDCWD, \"/lib/libc.so.6\", O_RDONLY|O_CLOEXEC) = 3\n\
             7  openat(AT_FDCWD, \"/home/a/none\", O_RDONLY) = -1 ENOENT (No such file or directory)\n\
             7  openat(AT_FDCWD, \"/home/a/some\", O_RDONLY) = 3\n\
             7  clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 8\n\
             8  read(3,  <unfinished ...>\n\
             7  --- SIGCHLD {si_signo=SIGCHLD} ---\n\
             8  <... read resumed>\"x\", 1) = 1\n\
             7  +++ exited with 0 +++\n"
                .to_owned(),
        );
        assert_eq!(calls.count(), 6);
        assert_eq!((calls.opened(None), calls.opened(Some(Path::new("/home/a")))), (2, 1));
        assert_eq!(calls.started(), 1);
    }
}
