//! Concurrent processes, and processes that die or hang. The tests assert order and number, never speed.

use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::binary::command::Running;
use crate::support::binary::home::{TOKENS, age, json_files, read_json};
use crate::support::binary::signal::{interrupt, wait_until_open};
use crate::support::random::fraction;
use crate::support::{Account, Home, Outcome, Reply, Server};

/// Starts `count` runs of `m2m token` at once, and waits for all of them.
fn together(count: usize, start: impl Fn() -> Running) -> Vec<Outcome> {
    let running: Vec<_> = (0..count).map(|_| start()).collect();
    running.into_iter().map(Running::finish).collect()
}

/// Asserts that every run printed this token, with an empty stderr.
#[track_caller]
fn all_printed(outcomes: Vec<Outcome>, line: &str) {
    for outcome in outcomes {
        assert_eq!(outcome.succeeds(), line);
    }
}

/// A server with metadata that numbers its tokens, and takes its time, so that all others come while the first waits.
fn slow_server(account: &Account) -> Server {
    let account = account.clone();
    let count = AtomicUsize::new(0);
    Server::start(move |request| {
        if request.path() == TOKEN_PATH {
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            account.grants_nth(&account.answer(), n).after(Duration::from_millis(1500))
        } else {
            Reply::json(200, &metadata(&request.origin()))
        }
    })
}

#[test]
fn fifty_cold_processes_make_one_token_request() {
    let account = Account::fresh();
    let home = Home::new();
    let server = slow_server(&account);
    let issuer = server.url("");
    let outcomes = together(50, || account.cli_at(&home, ["token", "--issuer", &issuer]).start());
    all_printed(outcomes, &account.nth_line(1));
    assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /oauth2/token"]);
}

#[test]
fn processes_that_find_a_stale_token_make_one_token_request() {
    let account = Account::fresh();
    let home = Home::new();
    let server = slow_server(&account);
    let url = server.url(TOKEN_PATH);
    let _ = account.token_at(&home, &url).run().succeeds();
    age(&home.entry(), 3570);
    let outcomes = together(20, || account.token_at(&home, &url).start());
    all_printed(outcomes, &account.nth_line(2));
    assert_eq!(server.requests().len(), 2);
}

/// A gate that blocks until it is opened, or half a minute has passed.
#[derive(Default)]
struct Latch(Mutex<bool>, Condvar);

impl Latch {
    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        let shut = self.0.lock().unwrap();
        drop(self.1.wait_timeout_while(shut, Duration::from_secs(30), |open| !*open));
    }
}

#[test]
fn two_profiles_do_not_wait_for_each_other() {
    let (slow, fast) = (Account::fresh(), Account::fresh());
    let home = Home::new();
    let gate = Arc::new(Latch::default());
    let held = Server::start({
        let (gate, grants) = (Arc::clone(&gate), slow.grants());
        move |_| {
            gate.pass();
            grants.clone()
        }
    });
    let quick = fast.server();
    home.config(&format!(
        "[profiles.slow]\ntoken_url = \"{}\"\nclient_id = \"slow\"\n[profiles.fast]\ntoken_url = \"{}\"\nclient_id = \"fast\"\n",
        held.url(TOKEN_PATH),
        quick.url(TOKEN_PATH)
    ));
    let cli = |account: &Account, profile| {
        let cli = fast.watched(slow.watched(home.cli(["token", "--profile", profile])));
        cli.env("M2M_CLIENT_SECRET", &account.secret)
    };
    let waiting = cli(&slow, "slow").start();
    held.wait_for_request();
    let first = cli(&fast, "fast").run().succeeds();
    assert_eq!(first, format!("{}\n", fast.token), "while the other one still waits");
    gate.open();
    assert_eq!(waiting.finish().succeeds(), format!("{}\n", slow.token));
}

#[test]
fn a_killed_lock_holder_delays_nobody() {
    let account = Account::fresh();
    let home = Home::new();
    let server = Server::script([Reply::silent(), account.grants_nth(&account.answer(), 2)]);
    let url = server.url(TOKEN_PATH);
    let holder = account.token_at(&home, &url).start();
    server.wait_for_request();
    let waiting = account.token_at(&home, &url).start();
    wait_until_open(&waiting, ".lock");
    holder.kill();
    assert_eq!(waiting.finish().succeeds(), account.nth_line(2), "without a word about the lock");
    assert_eq!(server.requests().len(), 2);
    assert_eq!(account.token_at(&home, &url).run().succeeds(), account.nth_line(2));
}

/// A home without an entry, whose lock this process holds as long as the file lives.
fn locked(account: &Account) -> (Home, Server, File) {
    let home = Home::new();
    let server = account.counting();
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    let entry = home.entry();
    fs::remove_file(&entry).unwrap();
    let lock = File::options().write(true).open(entry.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    (home, server, lock)
}

#[test]
fn a_stuck_lock_holder_costs_the_deadline_and_a_warning() {
    let account = Account::fresh();
    let (home, server, lock) = locked(&account);
    let outcome = account.token_at(&home, &server.url(TOKEN_PATH)).args(["--timeout", "3s"]).run();
    drop(lock);
    let took = outcome.took;
    let (out, _) = outcome.succeeds_with_one_warning();
    assert_eq!(out, account.nth_line(2));
    assert!(took < Duration::from_secs(8), "it took {took:?}");
}

#[test]
fn an_interrupt_ends_the_wait_for_a_lock() {
    let account = Account::fresh();
    let (home, server, lock) = locked(&account);
    let waiting = account.token_at(&home, &server.url(TOKEN_PATH)).start();
    wait_until_open(&waiting, ".lock");
    interrupt(&waiting);
    let _ = waiting.finish().fails(130);
    drop(lock);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_lock_holder_that_finishes_in_time_is_waited_for() {
    let account = Account::fresh();
    let (home, server, lock) = locked(&account);
    let waiting = account.token_at(&home, &server.url(TOKEN_PATH)).start();
    wait_until_open(&waiting, ".lock");
    // A while longer; were it too short, the test would prove less, and not fail.
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.requests().len(), 1, "the lock is respected");
    drop(lock);
    assert_eq!(waiting.finish().succeeds(), account.nth_line(2));
}

/// Whether a process is writing an entry in `home` right now, or died doing so.
fn is_being_written(home: &Home) -> bool {
    let files = fs::read_dir(home.path(TOKENS)).expect("a folder of tokens");
    files.flatten().any(|file| file.file_name().to_string_lossy().ends_with(".tmp"))
}

/// Asserts that whatever file is there is a whole entry.
#[track_caller]
fn entries_are_whole(home: &Home) {
    for path in json_files(&home.path(TOKENS)) {
        // It may have been replaced since it was listed, never torn.
        let entry = read_json(&path);
        assert!(entry["version"].is_u64() && entry.is_object(), "{entry}");
    }
}

/// Removes what killed writers left, which is private; later runs would sweep it up, here it would be taken for a leak.
fn remove_leftovers(home: &Home) {
    for (path, look) in home.looks(TOKENS).iter().filter(|(path, _)| path.is_file()) {
        assert_eq!(look.mode, 0o600, "{}", path.display());
        if path.extension().is_some_and(|extension| extension == "tmp") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn writers_killed_at_any_moment_leave_no_torn_entry() {
    const WRITERS: usize = 200;
    const AT_ONCE: usize = 4;
    let account = Account::fresh();
    let home = Home::new();
    // A large answer, so that writing it takes a while.
    let padding = "x".repeat(300_000);
    let server = account.counting_with(account.answer_with("padding", json!(padding)));
    let url = server.url(TOKEN_PATH);
    let start = || account.token_at(&home, &url).arg("--refresh").start();
    let begin = Instant::now();
    let _ = start().finish().succeeds();
    let whole_run = begin.elapsed();

    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                entries_are_whole(&home);
                thread::sleep(Duration::from_millis(1));
            }
        });
        for round in 0..WRITERS / AT_ONCE {
            let writers: Vec<_> = (0..AT_ONCE).map(|_| start()).collect();
            // Every other round kills at any moment; the rest wait for a moment when an entry is half written.
            if round % 2 == 0 {
                let begin = Instant::now();
                while !is_being_written(&home) && begin.elapsed() < whole_run * 4 {
                    thread::yield_now();
                }
                writers.into_iter().for_each(Running::kill);
                remove_leftovers(&home);
                continue;
            }
            for writer in writers {
                thread::sleep(whole_run.mul_f64(fraction() / 2.0));
                writer.kill();
            }
        }
        done.store(true, Ordering::SeqCst);
    });

    entries_are_whole(&home);
    remove_leftovers(&home);
    let cached = account.token_at(&home, &url).run().succeeds();
    assert!(cached.ends_with(&format!("{}\n", account.token)), "{cached}");
    let entry: Value = read_json(&home.entry());
    assert!(entry.to_string().contains(cached.trim_end()));
}

#[test]
fn processes_killed_while_they_make_the_cache_leave_one_that_works() {
    let account = Account::fresh();
    let server = account.counting();
    let url = server.url(TOKEN_PATH);
    for _ in 0..20 {
        let home = Home::new();
        let running: Vec<_> = (0..2).map(|_| account.token_at(&home, &url).start()).collect();
        thread::sleep(Duration::from_millis(40).mul_f64(fraction()));
        running.into_iter().for_each(Running::kill);
        remove_leftovers(&home);
        let first = account.token_at(&home, &url).run().succeeds();
        assert_eq!(account.token_at(&home, &url).run().succeeds(), first, "it is cached");
    }
}
