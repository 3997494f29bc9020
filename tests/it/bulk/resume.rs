//! `--resume`: finished lines stay unchanged, missing lines are looked up, and no other file is touched.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::support::bulk_lookup::{lookups, row, rows, summed_up};
use crate::support::{BulkLookup, Cli, Server};

/// An output file beside the homes of the runs, which may not hold personal data.
struct Out {
    _dir: TempDir,
    path: PathBuf,
}

impl Out {
    fn new(text: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("out.ndjson");
        fs::write(&path, text).unwrap();
        Self { _dir: dir, path }
    }

    fn of(batch: &BulkLookup, lines: impl IntoIterator<Item = usize>) -> Self {
        Self::new(&text(batch, lines))
    }

    fn resumed(&self, cli: Cli) -> Cli {
        cli.arg("--resume").arg(&self.path)
    }

    fn read(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

fn text(batch: &BulkLookup, lines: impl IntoIterator<Item = usize>) -> String {
    lines.into_iter().map(|number| format!("{}\n", batch.row(number))).collect()
}

#[test]
fn a_new_output_is_made_for_its_owner_alone() {
    let batch = BulkLookup::of(5);
    let out = Out::new("");
    fs::remove_file(&out.path).unwrap();
    let server = batch.server();
    let stdout = summed_up(out.resumed(batch.cli(&server)).run(), "5 lines: 5 found, 0 not found, 0 invalid, 0 errors");
    assert_eq!(stdout, "");
    batch.all_in_order(&out.read());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&out.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_is_there_stays_and_the_rest_follows() {
    let batch = BulkLookup::of(20);
    let out = Out::of(&batch, 1..=7);
    let before = out.read();
    let server = batch.server();
    let summary = "13 lines: 13 found, 0 not found, 0 invalid, 0 errors, 7 were there already";
    assert_eq!(summed_up(out.resumed(batch.cli(&server)).run(), summary), "");
    assert!(out.read().starts_with(&before));
    batch.all_in_order(&out.read());
    assert_eq!(lookups(&server).len(), 13);
}

#[test]
fn a_torn_last_line_is_dropped_and_the_rest_is_kept_byte_for_byte() {
    let batch = BulkLookup::of(6);
    // Not as the program writes it: spaces and another order must survive.
    let odd =
        format!("{{ \"query\":{{\"cpf\":\"{}\"}} , \"line\":1,\"status\":\"found\",  \"x\":[1.50] }}\n", batch.cpfs[0]);
    let whole = format!("{odd}{}", text(&batch, 2..=4));
    let next = batch.row(5).to_string();
    for cut in [1, 5, 9, next.len() / 2, next.len()] {
        let out = Out::new(&format!("{whole}{}", &next[..cut]));
        let server = batch.server();
        let _ = out.resumed(batch.cli(&server)).arg("-q").run().succeeds();
        assert_eq!(out.read(), format!("{whole}{}", ours(&batch, &[5, 6])), "cut at {cut}");
        assert_eq!(lookups(&server).len(), 2);
    }
}

/// Lines as the program writes them.
fn ours(batch: &BulkLookup, lines: &[usize]) -> String {
    let out = Out::new("");
    let server = batch.server();
    let _ = out.resumed(batch.cli(&server)).arg("-q").run().succeeds();
    let text = out.read();
    lines.iter().map(|number| format!("{}\n", text.lines().nth(number - 1).unwrap())).collect()
}

#[test]
fn gaps_are_filled() {
    let batch = BulkLookup::of(9);
    let out = Out::of(&batch, [2, 3, 8]);
    let server = batch.server();
    let _ = out.resumed(batch.cli(&server)).arg("-q").run().succeeds();
    batch.all_once(&out.read());
    let order: Vec<_> = rows(&out.read()).iter().map(|row| row["line"].as_u64().unwrap()).collect();
    assert_eq!(order, [2, 3, 8, 1, 4, 5, 6, 7, 9]);
}

#[test]
fn a_complete_output_costs_no_lookup() {
    let batch = BulkLookup::of(5);
    let out = Out::of(&batch, 1..=5);
    let before = out.read();
    let server = batch.server();
    let summary = "0 lines: 0 found, 0 not found, 0 invalid, 0 errors, 5 were there already";
    let _ = summed_up(out.resumed(batch.cli(&server)).run(), summary);
    assert_eq!((out.read(), lookups(&server).len()), (before, 0));
}

#[test]
fn another_input_is_refused() {
    let (batch, other) = (BulkLookup::of(5), BulkLookup::of(5));
    let out = Out::of(&batch, 1..=3);
    let before = out.read();
    let server = batch.server();
    let stderr = out.resumed(other.cli(&server)).run().fails(2);
    assert!(stderr.contains("line 1"), "{stderr}");
    assert_eq!((out.read(), lookups(&server).len()), (before, 0));
}

#[test]
fn the_same_values_as_something_else_are_another_input() {
    let batch = BulkLookup::of(3);
    let out = Out::of(&batch, 1..=2);
    let before = out.read();
    let server = batch.server();
    let cli = batch.lookup.cli(&server).args(["--login-file", "-"]).stdin(batch.input());
    let _ = out.resumed(cli).run().fails(2);
    assert_eq!((out.read(), lookups(&server).len()), (before, 0));
}

#[test]
fn an_output_with_lines_that_the_input_lacks_is_refused() {
    let batch = BulkLookup::of(6);
    let out = Out::of(&batch, 1..=5);
    let before = out.read();
    let server = batch.server();
    let input: String = batch.input().lines().take(3).map(|line| format!("{line}\n")).collect();
    let stderr = out.resumed(batch.cli_with(&server, &input)).run().fails(2);
    assert!(stderr.contains('4'), "names a line: {stderr}");
    assert_eq!((out.read(), lookups(&server).len()), (before, 0));
}

#[test]
fn a_foreign_file_is_not_touched() {
    let batch = BulkLookup::of(2);
    let mine = text(&batch, 1..=1);
    for foreign in [
        "my notes\n",
        "my notes",
        "{}\n",
        "[]\n",
        "{\"line\":1}\n",
        "\n",
        &format!("{mine}\n"),
        &format!("{mine}notes"),
    ] {
        let out = Out::new(foreign);
        let server = Server::untouched();
        let _ = out.resumed(batch.cli(&server)).run().fails(2);
        assert_eq!(out.read(), foreign);
    }
    let server = Server::untouched();
    let _ = batch.cli(&server).args(["--resume", "."]).run().fails(2);
    let _ = batch.cli(&server).args(["--resume", "no/such/folder/out"]).run().fails(2);
}

#[test]
fn a_redacted_output_is_resumed_too() {
    let batch = BulkLookup::of(6);
    let out = Out::new("");
    let server = batch.server();
    let _ = out.resumed(batch.cli(&server)).args(["-q", "--redact"]).run().succeeds();
    let all = out.read();
    let half: String = all.lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(&out.path, half).unwrap();
    let _ = out.resumed(batch.cli(&server)).args(["-q", "--redact"]).run().succeeds();
    assert_eq!(out.read(), all);
    assert!(batch.cpfs.iter().all(|cpf| !all.contains(cpf.as_str())));
}

#[test]
fn lines_that_failed_are_there_and_can_be_taken_out_to_be_tried_again() {
    let batch = BulkLookup::of(4);
    let failed = json!({ "line": 2, "query": { "cpf": batch.cpfs[1] }, "status": "error", "error": { "kind": "unreachable", "message": "x", "causes": [], "http_status": null } });
    let out = Out::new(&format!("{}\n{failed}\n", row(1, &batch.cpfs[0])));
    let server = batch.server();
    let outcome = out.resumed(batch.cli(&server)).run();
    assert_eq!(outcome.code, 5, "a line without an answer is one, whenever it was written: {outcome:#?}");
    assert!(outcome.stderr.contains("2 were there already"), "{outcome:#?}");
    assert_eq!(rows(&out.read())[1], failed);
    let kept: String =
        out.read().lines().filter(|line| !line.contains("\"error\"")).map(|line| format!("{line}\n")).collect();
    fs::write(&out.path, kept).unwrap();
    let _ = out.resumed(batch.cli(&server)).arg("-q").run().succeeds();
    batch.all_once(&out.read());
}

#[test]
fn two_runs_do_not_write_to_the_same_output() {
    let batch = BulkLookup::of(2);
    let out = Out::of(&batch, 1..=1);
    let held = fs::File::options().append(true).open(&out.path).unwrap();
    held.lock().unwrap();
    let server = Server::untouched();
    let stderr = out.resumed(batch.cli(&server)).run().fails(2);
    assert!(stderr.contains("another"), "{stderr}");
}

#[test]
#[cfg(unix)]
fn what_is_no_file_cannot_be_resumed() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let batch = BulkLookup::of(3);
    let server = batch.server();
    let dir = tempfile::TempDir::new().unwrap();
    let pipe = dir.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let stderr = batch.cli(&server).arg("--resume").arg(&pipe).run().fails(2);
    assert!(stderr.contains(&pipe.display().to_string()) && stderr.contains("not a file"), "{stderr}");
}
