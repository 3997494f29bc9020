//! Output to a terminal: control characters are escaped there, while a pipe gets the bytes unchanged.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

use crate::support::lookup::Lookup;
use crate::support::stderr::is_control_or_invisible;
use crate::support::{Account, Cli, Reply, TestServers};

/// A terminal: the side of the person, and that of programs.
fn terminal() -> (OwnedFd, File) {
    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())).to_owned();
    (master, File::options().read(true).write(true).open(path).unwrap())
}

/// A person may take longer than any server.
#[test]
fn a_secret_that_a_person_types_is_waited_for_beyond_the_deadline() {
    let account = Account::fresh();
    let server = account.server();
    let (master, terminal) = terminal();
    let cli = account.token_cli(&server).without_env("M2M_CLIENT_SECRET").args(["--client-secret-file", "-"]);
    let running = cli.args(["--timeout", "1s"]).stdin_from(terminal).start();
    std::thread::sleep(Duration::from_millis(1500));
    File::from(master).write_all(format!("{}\n\u{4}", account.secret).as_bytes()).unwrap();
    let outcome = running.finish();
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
}

/// Runs `cli`, which must succeed, with a terminal for stdout, and returns what the terminal got.
#[track_caller]
fn on_a_terminal(cli: Cli) -> String {
    // The side of programs is kept open here, so that what was written can be read until the run is over.
    let (master, terminal) = terminal();
    let reader = std::thread::spawn(move || {
        let (mut shown, mut buffer, mut master) = (Vec::new(), [0; 4096], File::from(master));
        // Reading a terminal that no process has open any more is an error.
        while let Ok(len @ 1..) = master.read(&mut buffer) {
            shown.extend_from_slice(&buffer[..len]);
        }
        String::from_utf8(shown).unwrap()
    });
    let outcome = cli.stdout_to(terminal).run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    reader.join().unwrap()
}

#[track_caller]
fn harmless(shown: &str) {
    // Terminals put a carriage return before each line end.
    let acting =
        shown.replace("\r\r\n", "\n").replace("\r\n", "\n").chars().find(|c| is_control_or_invisible(*c) && *c != '\n');
    assert_eq!(acting, None, "{shown:?}");
}

/// U+009B begins a command in many terminals, and JSON allows it in a string without an escape.
#[test]
fn participants_do_not_act_on_a_terminal() {
    let lookup = Lookup::fresh();
    let body = "[{\"name\":\"n\u{e3}o \u{9b}31m\u{202e}\u{7f}\u{e0041}\"}]";
    for format in [&[][..], &["--status", "x"], &["--redact"]] {
        let body = body.replace("\"name\"", "\"status\":\"x\",\"name\"");
        let server = lookup.answering(Reply::json_text(200, &body));
        harmless(&on_a_terminal(lookup.by_login(&server).args(format.iter().copied()).keep(server)));
    }
    let server = lookup.answering(Reply::json_text(200, body));
    let shown = on_a_terminal(lookup.by_login(&server).keep(server));
    let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(read[0]["name"], "não \u{9b}31m\u{202e}\u{7f}\u{e0041}", "escaped, not changed");
}

#[test]
fn a_body_does_not_act_on_a_terminal_wherever_it_is_cut() {
    let lookup = Lookup::fresh();
    let body = "não \u{1b}[2J\u{9b}31m\r\u{7}fim\r\n";
    for len in 1..9 {
        let mut framed = Vec::new();
        for piece in body.as_bytes().chunks(len) {
            framed.extend([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
        }
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let server = lookup.answering(Reply::raw([head.as_bytes(), &framed, b"0\r\n\r\n"].concat()));
        let cli = lookup.account.cli(["request", "/x", "--issuer", &server.url(""), "--api-url", &server.url("")]);
        let shown = on_a_terminal(cli.keep(server));
        harmless(&shown);
        assert!(shown.starts_with("não \\u001b[2J\\u009b31m") && shown.contains("fim"), "{len}: {shown:?}");
    }
}

#[test]
fn metadata_and_claims_do_not_act_on_a_terminal() {
    let mut servers = TestServers::claiming("name", json!("\u{9b}31m\u{202e}"));
    let token = servers.account.token.clone();
    harmless(&on_a_terminal(Cli::new(["inspect", "-"]).stdin(token)));
    servers.metadata["issuer"] = "https://issuer.example.com".into();
    servers.metadata["name"] = "\u{9b}31m\u{202e}".into();
    let server = servers.server();
    let document = server.url("/.well-known/openid-configuration");
    let args = ["discover", "--discovery-url", &document, "--issuer", "https://issuer.example.com"];
    harmless(&on_a_terminal(Cli::new(args).keep(server)));
}
