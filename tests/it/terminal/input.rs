//! Input from a terminal: secrets are prompted for without echo, and any other read from a terminal is announced.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::account::TOKEN_PATH;
use crate::support::call::call;
use crate::support::encodings::basic;
use crate::support::lookup::Lookup;
use crate::support::{Account, Cli, Outcome, TestServers};

/// What Ctrl-C and Ctrl-D type.
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// The two ends of a terminal: the keyboard with the screen, and what programs open.
struct Terminal {
    person: File,
    program: File,
}

impl Terminal {
    fn new() -> Self {
        let person: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())).to_owned();
        Self { person: File::from(person), program: File::options().read(true).write(true).open(path).unwrap() }
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.program).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    fn types(&mut self, text: &str) {
        self.person.write_all(text.as_bytes()).unwrap();
    }

    /// Runs `cli` here, types `text` once nothing is shown of it, and asserts that echo is back in the end.
    #[track_caller]
    fn asked(&mut self, cli: Cli, text: &str) -> Outcome {
        let run = cli.stdin_from(self.program.try_clone().unwrap()).start();
        let begun = Instant::now();
        while self.echoes() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(!self.echoes(), "echo is off while a secret is typed");
        self.types(text);
        let outcome = run.finish();
        assert!(self.echoes(), "echo is back: {outcome:#?}");
        outcome
    }

    /// What the screen has shown.
    fn screen(mut self) -> String {
        // With no program left, the end is an error.
        drop(self.program);
        let mut shown = Vec::new();
        let _ = self.person.read_to_end(&mut shown);
        String::from_utf8(shown).unwrap()
    }
}

/// `m2m token` whose secret comes from stdin.
fn token(account: &Account, url: &str) -> Cli {
    account.cli(["token", "--token-url", url, "--client-secret-file", "-"]).without_env("M2M_CLIENT_SECRET")
}

#[test]
fn a_secret_is_asked_for_and_not_shown() {
    let account = Account::fresh();
    let server = account.server();
    for flags in [&[][..], &["-q"]] {
        let mut terminal = Terminal::new();
        let cli = token(&account, &server.url(TOKEN_PATH)).args(flags.iter().copied());
        let outcome = terminal.asked(cli, &format!("{}\n", account.secret));
        assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
        assert_eq!(outcome.stderr, "client secret: \n");
        assert!(!terminal.screen().contains(&account.secret));
        let sent = server.requests().pop().unwrap();
        assert_eq!(sent.header("authorization"), Some(basic(&account.id, &account.secret).as_str()));
    }
}

#[test]
fn ctrl_c_at_the_question_is_an_interruption_and_ctrl_d_an_empty_secret() {
    let account = Account::fresh();
    for (typed, code) in [(format!("half{CTRL_C}"), 130), (CTRL_C.to_owned(), 130), (CTRL_D.to_owned(), 2)] {
        let mut terminal = Terminal::new();
        let outcome = terminal.asked(token(&account, "https://auth.m2m.invalid/t"), &typed);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with("client secret: \nerror: "), "{}", outcome.stderr);
    }
}

#[test]
fn what_is_read_from_a_terminal_is_told() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let inspected = TestServers::healthy().account.token;
    let typed = |cli: Cli, text: &str| {
        let mut terminal = Terminal::new();
        terminal.types(&format!("{text}\n{CTRL_D}"));
        cli.stdin_from(terminal.program.try_clone().unwrap()).run()
    };
    for (cli, text, what) in [
        (lookup.cli(&server).args(["--login-file", "-"]), lookup.login.as_str(), "the logins (one a line)"),
        (lookup.cli(&server).args(["--cpf-file", "-"]), lookup.cpf.as_str(), "the CPFs (one a line)"),
        (Cli::new(["inspect", "-"]), &inspected, "the token"),
        (call(&lookup, &server, ["/x", "--data", "-"]), "a", "`--data`"),
        (call(&lookup, &server, ["/x", "--json", "-"]), "{}", "`--json`"),
    ] {
        let outcome = typed(cli, text);
        let note = format!("note: reading {what} from the terminal; Ctrl-D ends it\n");
        assert_eq!((outcome.code, outcome.stderr.starts_with(&note)), (0, true), "{what}: {outcome:#?}");
    }
    let quiet = typed(lookup.cli(&server).args(["--login-file", "-", "-q"]), &lookup.login);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
}
