//! What a cache hit costs: no request, no lock, no program, no write, no thread.

use std::fs;

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::{TOKENS, set_mode, warm};
use crate::support::{Account, Home};

/// The certificate of an authority that signed nothing.
const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBnzCCAUWgAwIBAgIUXEqMMZomfADADec1ZZ2L6b+jhLMwCgYIKoZIzj0EAwIw
JDEiMCAGA1UEAwwZQW4gYXV0aG9yaXR5IG9mIHRoZSB0ZXN0czAgFw0yNjExMjEw
MTUxMTFaGA8yMTI2MTAyODAxNTExMVowJDEiMCAGA1UEAwwZQW4gYXV0aG9yaXR5
IG9mIHRoZSB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEQUKBRji0U4
GnMWj6fZf1ofoQYEg+HvynFAwptpm0IZG/a7MCHghRFT5K4HQnJdPPfflHfnIxUF
ZkEVZ1WwEkCjUzBRMB0GA1UdDgQWBBQ7q8J4Gj10Ppi0TQ2aKxh3276CnzAfBgNV
HSMEGDAWgBQ7q8J4Gj10Ppi0TQ2aKxh3276CnzAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIHKWw5zg6Zq7lxovCwVr2WMIGxuzZmvjOVv0IIOIYXIx
AiEA4vqYXyJN+tAmagwoLMZqm2PDEeC0Nw1tOgcG3wa+tYs=
-----END CERTIFICATE-----
";

#[test]
fn a_warm_hit_asks_nobody_and_writes_nothing() {
    let account = Account::fresh();
    let (home, server, url) = warm(&account);
    assert_eq!(server.connections(), 1);
    drop(server);
    let before = home.looks("");
    for _ in 0..3 {
        assert_eq!(account.token_at(&home, &url).run().succeeds(), account.nth_line(1));
    }
    assert_eq!(home.looks(""), before);
}

/// A program that prints what the file `secret` beside it holds, and marks each run with a line in `runs`.
#[cfg(unix)]
const SECRET_COMMAND: &str = "cd \"$(dirname \"$0\")\" && echo run >> runs && cat secret";

#[test]
#[cfg(unix)]
fn a_warm_hit_needs_neither_network_nor_secret_command() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let program = home.file("vault/print.sh", SECRET_COMMAND);
    let secret = home.file("vault/secret", &account.secret);
    home.config(&format!(
        "[profiles.p]\ntoken_url = \"{}\"\nclient_id = \"{}\"\nclient_secret = {{ command = [\"/bin/sh\", \"{}\"] }}\n",
        server.url(TOKEN_PATH),
        account.id,
        program.display()
    ));
    let run = || account.watched(home.cli(["token", "--profile", "p"])).run().succeeds();
    assert_eq!(run(), account.nth_line(1));
    assert_eq!(run(), account.nth_line(1));
    let runs = home.path("vault/runs");
    assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n", "run for the first token only");

    drop(server);
    fs::remove_file(program).unwrap();
    fs::remove_file(secret).unwrap();
    assert_eq!(run(), account.nth_line(1));
    let unreachable = account
        .watched(home.cli(["token", "--profile", "p", "--proxy", "http://127.0.0.1:1", "--timeout", "1ms"]))
        .env("PATH", "/proc/nonexistent");
    assert_eq!(unreachable.run().succeeds(), account.nth_line(1));
    assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n");
}

/// The system calls of a warm hit, where there is strace: no thread, no process, no socket, no lock, nothing written but
/// the token, and no file opened that belongs to neither configuration nor cache.
#[test]
#[cfg(target_os = "linux")]
fn a_warm_hit_makes_no_system_call_that_it_does_not_need() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: there is no strace here");
        return;
    }
    let account = Account::fresh();
    let (home, server, url) = warm(&account);
    drop(server);
    home.config("default_profile = \"p\"\n[profiles.p]\ntimeout = \"10s\"\n");
    let trace = home.path("work/trace");
    let cli = account.token_at(&home, &url).env("PATH", "/usr/bin:/bin");
    let out = cli.in_shell("exec strace -f -o trace \"$0\" \"$@\"").run();
    if out.code != 0 {
        eprintln!("skipped: strace may not trace here: {}", out.stderr);
        return;
    }
    assert_eq!(out.stdout, account.nth_line(1));
    let trace = fs::read_to_string(trace).unwrap();
    let calls = || trace.lines().filter_map(|line| line.split_once(' ').map(|(_, call)| call.trim_start()));
    for unwanted in
        ["clone", "fork", "vfork", "socket", "connect", "epoll_", "eventfd", "flock", "rename", "unlink", "mkdir"]
    {
        let found: Vec<_> = calls().filter(|call| call.starts_with(unwanted)).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
    let writes: Vec<_> = calls().filter(|call| call.starts_with("write") || call.starts_with("pwrite")).collect();
    assert_eq!(writes.len(), 1, "{writes:#?}");
    assert!(writes[0].starts_with("write(1,"), "{writes:#?}");
    let ours = home.path("").display().to_string();
    let opened: Vec<_> = calls().filter(|call| call.starts_with("open") && call.contains(&ours)).collect();
    assert!(opened.iter().all(|call| call.contains("O_RDONLY")), "{opened:#?}");
    assert_eq!(opened.len(), 3, "config, key and entry: {opened:#?}");
    assert!(!trace.contains("/ssl/") && !trace.contains("resolv.conf"), "neither certificates nor names: {trace}");
}

#[test]
fn a_warm_hit_reads_no_certificates() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let authorities = home.file("ca.pem", AUTHORITY);
    let url = server.url(TOKEN_PATH);
    let run = || account.token_at(&home, &url).arg("--ca-file").arg(&authorities).run().succeeds();
    assert_eq!(run(), account.nth_line(1));
    fs::remove_file(&authorities).unwrap();
    assert_eq!(run(), account.nth_line(1));
}

#[test]
#[cfg(unix)]
fn a_hit_waits_for_no_lock() {
    let account = Account::fresh();
    let (home, server, url) = warm(&account);
    drop(server);
    let lock = fs::File::create(home.entry().with_extension("lock")).unwrap();
    lock.lock().unwrap();
    set_mode(&home.path(TOKENS), 0o500);
    let out = account.token_at(&home, &url).run().succeeds();
    set_mode(&home.path(TOKENS), 0o700);
    assert_eq!(out, account.nth_line(1));
}
