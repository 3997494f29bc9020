//! Secrets from programs: `{ command }` without a shell, and `{ keyring }` through the system's own tool.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::secrets::sources::{Vault, arrives, is_unreadable};
use crate::support::binary::signal::{interrupt, wait_for};
use crate::support::failure::refused;
use crate::support::{Account, Cli, Home};

/// A script of the test, beside a file `secret`, as the source of a secret. `$0` is its path.
fn script(vault: &Vault, body: &str) -> String {
    vault.home.file("vault/secret", &vault.account.secret);
    let path = vault.home.file("vault/script", body);
    format!("{{ command = [\"/bin/sh\", \"{}\"] }}", path.display())
}

const CAT: &str = "cat \"$(dirname \"$0\")/secret\"";

fn unchanged(_: &Vault, cli: Cli) -> Cli {
    cli
}

#[test]
fn a_secret_comes_from_what_a_program_prints() {
    arrives("as it is", |vault| script(vault, CAT), unchanged);
    arrives("LF", |vault| script(vault, &format!("{CAT}; echo")), unchanged);
    arrives("CRLF", |vault| script(vault, &format!("{CAT}; printf '\\r\\n'")), unchanged);
    arrives(
        "in pieces",
        |vault| script(vault, &format!("{CAT} | head -c 5; sleep 0.1; {CAT} | tail -c +6")),
        unchanged,
    );
}

#[test]
fn a_program_is_found_along_the_path() {
    let source = |vault: &Vault| {
        let path = vault.home.file("vault/secret", &vault.account.secret);
        format!("{{ command = [\"cat\", \"{}\"] }}", path.display())
    };
    arrives("cat", source, |_, cli| cli.env("PATH", "/usr/bin:/bin"));
}

#[test]
fn no_shell_reads_the_arguments() {
    let home = Home::new();
    let mark = home.path("work/mark");
    let odd = format!("$(touch {0}); touch {0} | `touch {0}` & * ~ $HOME \\n 'x' \\\\", mark.display());
    let vault = Vault { home, ..Vault::new(Account::fresh()) };
    let echo = vault.home.file("vault/echo", "printf %s \"$1\" > \"$(dirname \"$0\")/argument\"; cat \"$2\"");
    let secret = vault.home.file("vault/secret", &vault.account.secret);
    let argv = ["/bin/sh".to_owned(), echo.display().to_string(), odd.clone(), secret.display().to_string()];
    let toml = serde_json::to_string(&argv).unwrap();
    let _ = vault.cli(&format!("{{ command = {toml} }}")).run().succeeds();
    vault.sent_the_secret("argv");
    assert_eq!(fs::read_to_string(vault.home.path("vault/argument")).unwrap(), odd);
    assert!(!mark.exists());
}

#[test]
fn a_program_gets_no_input() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, &format!("cat > \"$(dirname \"$0\")/input\"; {CAT}"));
    let _ = vault.cli(&source).stdin("meant for somebody else").run().succeeds();
    assert_eq!(fs::read(vault.home.path("vault/input")).unwrap(), b"");
}

#[test]
fn a_program_runs_once() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, &format!("echo run >> \"$(dirname \"$0\")/runs\"; {CAT}"));
    let _ = vault.cli(&source).run().succeeds();
    assert_eq!(fs::read_to_string(vault.home.path("vault/runs")).unwrap(), "run\n");
}

#[test]
fn a_program_that_fails_is_named_and_its_own_words_stand_above() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, &format!("{CAT}; echo 'vault is locked' >&2; exit 3"));
    let stderr = vault.cli(&source).run().fails(2);
    let (first, rest) = stderr.split_once('\n').unwrap();
    assert_eq!(first, "vault is locked", "its stderr is passed through");
    assert!(rest.starts_with("error: ") && rest.contains("client_secret") && rest.contains("/bin/sh"), "{stderr}");
    assert!(rest.contains('3'), "its exit status: {stderr}");
    assert_eq!(vault.server.connections(), 0);

    let stderr = vault.cli(&script(&vault, "kill -9 $$")).run().fails(2);
    assert!(stderr.contains("signal"), "{stderr}");
}

#[test]
fn what_a_program_says_beside_a_secret_is_passed_through() {
    let vault = Vault::new(Account::fresh());
    let outcome = vault.cli(&script(&vault, &format!("echo 'unlocking' >&2; {CAT}"))).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, "unlocking\n"));
    vault.sent_the_secret("stderr");
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    is_unreadable("{ command = [\"/proc/nonexistent/vault\", \"x\"] }", &["/proc/nonexistent/vault"], |cli| cli);
    is_unreadable("{ command = [\"no-such-vault\"] }", &["no-such-vault"], |cli| cli.env("PATH", "/usr/bin:/bin"));
    is_unreadable("{ command = [\"/\"] }", &["`/`"], |cli| cli);
}

#[test]
fn a_program_that_prints_nothing_or_nonsense_is_named() {
    is_unreadable("{ command = [\"true\"] }", &["true", "empty"], |cli| cli);
    is_unreadable("{ command = [\"echo\"] }", &["echo", "empty"], |cli| cli);
    is_unreadable("{ command = [\"printf\", \"\\\\377\"] }", &["printf", "UTF-8"], |cli| cli);
    is_unreadable("{ command = [\"printf\", \"\\\\357\\\\273\\\\277x\"] }", &["byte order mark"], |cli| cli);
}

#[test]
fn white_space_around_what_a_program_prints_is_reported() {
    let vault = Vault::new(Account::fresh());
    let outcome = vault.cli(&script(&vault, &format!("printf ' '; {CAT}"))).run();
    let (_, warning) = outcome.succeeds_with_one_warning();
    assert!(warning.contains("client_secret") && warning.contains("white space"), "{warning}");
}

/// Whether the process is gone, or a zombie that its new parent has not reaped.
fn is_gone(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
}

/// Asserts that the process whose number is in `vault/pid` ends.
#[track_caller]
fn is_gone_soon(vault: &Vault) {
    let pid = fs::read_to_string(vault.home.path("vault/pid")).unwrap();
    let begin = Instant::now();
    while cfg!(target_os = "linux") && !is_gone(&pid) {
        assert!(begin.elapsed() < Duration::from_secs(10), "the process still runs");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_program_that_hangs_ends_with_the_deadline() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, "echo $$ > \"$(dirname \"$0\")/pid\"; exec sleep 300");
    let outcome = vault.cli(&source).args(["--timeout", "2s"]).run();
    let took = outcome.took;
    assert!([2, 5].contains(&outcome.code), "{outcome:?}");
    let code = outcome.code;
    let stderr = outcome.fails(code);
    assert!(stderr.contains("2s") && stderr.contains("client"), "{stderr}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(vault.server.connections(), 0);
    is_gone_soon(&vault);
}

#[test]
fn a_program_that_hangs_is_named_with_the_time_that_it_had() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, "exec sleep 300");
    let refusal = refused(2, "usage", || vault.cli(&source).args(["--timeout", "1s"]));
    refusal.names("/bin/sh").names("client_secret").names("within 1s").hints_at("--timeout").never_says("no answer");
}

/// Without a terminal, where no password is asked for, the program has a group of its own.
#[test]
fn what_a_program_started_ends_with_it() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, "sleep 300 & echo $! > \"$(dirname \"$0\")/pid\"; wait");
    let cli = vault.cli(&source).args(["--timeout", "2s"]).in_shell("exec setsid -w \"$0\" \"$@\"");
    let _ = cli.env("PATH", "/usr/bin:/bin").run().fails(2);
    is_gone_soon(&vault);
}

#[test]
fn an_interrupt_ends_what_a_program_started() {
    let vault = Vault::new(Account::fresh());
    let source =
        script(&vault, "sleep 300 & echo $! > \"$(dirname \"$0\")/pid\"; : > \"$(dirname \"$0\")/ready\"; wait");
    let cli = vault.cli(&source).in_shell("exec setsid \"$0\" \"$@\"").env("PATH", "/usr/bin:/bin");
    let running = cli.start();
    wait_for(&vault.home.path("vault/ready"));
    interrupt(&running);
    let _ = running.finish().fails(130);
    is_gone_soon(&vault);
}

/// As a file of that size is.
#[test]
fn a_program_that_prints_more_than_any_secret_is_refused() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, "head -c 200000 /dev/zero | tr '\\000' x");
    let stderr = vault.cli(&source).run().fails(2);
    assert!(stderr.contains("client_secret") && stderr.contains("/bin/sh"), "{stderr}");
    assert_eq!(vault.server.connections(), 0);
}

#[test]
fn a_program_that_prints_without_end_is_given_up() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, "exec yes 2>/dev/null");
    let cli = vault.cli(&source).args(["--timeout", "20s"]).in_shell("ulimit -v 4000000; exec \"$0\" \"$@\"");
    let outcome = cli.run();
    assert!([2, 5].contains(&outcome.code), "{outcome:?}");
    assert_eq!(vault.server.connections(), 0);
}

#[test]
fn an_interrupt_ends_the_wait_for_a_program() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, ": > \"$(dirname \"$0\")/ready\"; exec sleep 300");
    let running = vault.cli(&source).start();
    wait_for(&vault.home.path("vault/ready"));
    interrupt(&running);
    let _ = running.finish().fails(130);
    assert_eq!(vault.server.connections(), 0);
}

#[test]
fn a_program_that_leaves_a_child_behind_does_not_hold_a_run_up() {
    let vault = Vault::new(Account::fresh());
    let source = script(&vault, &format!("sleep 20 >/dev/null 2>&1 & {CAT}"));
    assert_eq!(vault.cli(&source).run().succeeds(), format!("{}\n", vault.account.token));
}

/// A folder with this program in it, written by another process: were this one to hold it open while a test beside it
/// starts a child, it could not be run.
fn program(home: &Home, name: &str, body: &str) -> PathBuf {
    let dir = home.path("tools");
    fs::create_dir_all(&dir).unwrap();
    let mut writer = Command::new("/bin/sh");
    writer.args(["-c", "cat > \"$0\" && chmod 700 \"$0\""]).arg(dir.join(name)).stdin(Stdio::piped());
    let mut child = writer.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{body}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    dir
}

fn first_on_path(cli: Cli, dir: &Path) -> Cli {
    cli.env("PATH", format!("{}:/usr/bin:/bin", dir.display()))
}

/// The system's tool for its keyring.
const TOOL: &str = if cfg!(target_os = "macos") { "security" } else { "secret-tool" };

#[test]
fn a_secret_comes_from_the_keyring() {
    let vault = Vault::new(Account::fresh());
    vault.home.file("vault/secret", &vault.account.secret);
    let body =
        format!("printf '%s\\n' \"$@\" > '{0}/arguments'; cat '{0}/secret'; echo", vault.home.path("vault").display());
    let dir = program(&vault.home, TOOL, &body);
    let cli = first_on_path(vault.cli("{ keyring = \"uat client; $(id)\" }"), &dir);
    let cli = cli.given([vault.home.path("tools").join(TOOL)]);
    assert_eq!(cli.run().succeeds(), format!("{}\n", vault.account.token));
    vault.sent_the_secret("keyring");
    let arguments = fs::read_to_string(vault.home.path("vault/arguments")).unwrap();
    assert!(arguments.lines().any(|argument| argument == "uat client; $(id)"), "{arguments}");
    assert!(arguments.lines().any(|argument| argument == "m2m"), "{arguments}");
}

#[test]
fn a_cached_token_needs_no_keyring() {
    let vault = Vault::new(Account::fresh());
    vault.home.file("vault/secret", &vault.account.secret);
    let dir = program(&vault.home, TOOL, &format!("cat '{}'", vault.home.path("vault/secret").display()));
    let cli = || first_on_path(vault.cli("{ keyring = \"uat\" }"), &dir).given([dir.join(TOOL)]);
    let first = cli().run().succeeds();
    fs::remove_dir_all(&dir).unwrap();
    assert_eq!(cli().run().succeeds(), first);
    vault.sent_the_secret("once");
}

#[test]
fn a_missing_keyring_is_a_clear_error() {
    is_unreadable("{ keyring = \"uat\" }", &["keyring", "`uat`", TOOL, "{ file }"], |cli| {
        let empty = cli.path("work");
        cli.env("PATH", empty)
    });
}

#[test]
fn an_entry_that_the_keyring_does_not_have_is_a_clear_error() {
    let home = Home::new();
    let dir = program(&home, TOOL, "exit 1");
    is_unreadable("{ keyring = \"uat\" }", &["keyring", "`uat`", "store it with"], |cli| first_on_path(cli, &dir));
    let dir = program(&home, TOOL, "exit 0");
    is_unreadable("{ keyring = \"uat\" }", &["keyring", "`uat`", "empty"], |cli| first_on_path(cli, &dir));
}

#[test]
fn a_keyring_that_hangs_ends_with_the_deadline() {
    let vault = Vault::new(Account::fresh());
    let dir = program(&vault.home, TOOL, "exec sleep 300");
    let cli = first_on_path(vault.cli("{ keyring = \"uat\" }"), &dir).args(["--timeout", "2s"]);
    let outcome = cli.run();
    assert!([2, 5].contains(&outcome.code), "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(20), "{:?}", outcome.took);
}
