//! What the sandbox's APIs do on request, and what m2m makes of it: codes of CloudLoyalty, and answers that are lost.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::sandbox;

/// Runs a script behind `m2m-sandbox --fault FAULT ..`.
fn run(faults: &[&str], script: &str) -> Output {
    let home = TempDir::new().unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_m2m")).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(sandbox());
    command.args(faults.iter().flat_map(|fault| ["--fault", fault]));
    command.args(["--", "sh", "-c", script]).env_clear().env("PATH", format!("{bin}:{path}")).env("HOME", home.path());
    command.env("M2M_ERROR_FORMAT", "json").current_dir(home.path()).output().unwrap()
}

/// The error of a script that fails.
#[track_caller]
fn failed(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line =
        stderr.lines().find(|line| line.starts_with("{\"error\"")).unwrap_or_else(|| panic!("an error: {stderr}"));
    serde_json::from_str::<Value>(line).unwrap()["error"].clone()
}

const BALANCE: &str = "m2m request @balance --as-cpf 529.982.247-25 --impersonator AgentID=9999";

#[test]
fn a_code_that_may_pass_is_repeated_and_then_the_servers_fault() {
    let once = run(&["api-errors-120:1"], "m2m participant --cpf 529.982.247-25");
    assert_eq!(once.status.code(), Some(0), "{}", String::from_utf8_lossy(&once.stderr));
    for fault in ["api-errors-100", "api-errors-120"] {
        let output = run(&[fault], BALANCE);
        let error = failed(&output);
        assert_eq!((output.status.code(), error["kind"].as_str()), (Some(7), Some("bad_response")), "{error}");
        assert!(error["message"].as_str().unwrap().contains("unavailable at the moment"), "{error}");
    }
}

#[test]
fn a_code_about_the_participant_says_whose_move_it_is() {
    for (fault, words, hint) in [
        ("api-errors-332", "not enough points", "ask for less"),
        ("api-errors-325", "denied by risk analysis", "service center"),
        ("api-errors-103", "kind of token", "--as-cpf"),
    ] {
        let error = failed(&run(&[fault], BALANCE));
        assert_eq!(error["exit_code"], 8);
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
        assert!(error["hints"].to_string().contains(hint), "{error}");
        assert!(error["correlation_id"].is_string());
    }
}

#[test]
fn too_many_points_are_refused_in_the_words_of_the_pages() {
    let script = "m2m request POST /v1/orders/authorize --json '{\"payment\":{\"points\":99999999}}' --as-cpf 529.982.247-25 --impersonator x";
    let error = failed(&run(&[], script));
    assert_eq!(error["message"], "the participant has not enough points");
    assert!(
        error["causes"].to_string().contains("pontos suficientes")
            && error["causes"].to_string().contains("ajuste o valor"),
        "{error}"
    );
}

const ISSUE: &str = "printf 80000000001 > n; m2m request POST /issuances --profile loyaltyone --json '{\"miles\":5}' --as-collector-file n";
const COUNT: &str = "m2m request /issuances --profile loyaltyone";

#[test]
fn an_issuance_whose_answer_is_lost_is_done_once_with_a_key() {
    let output = run(&["api-lost-answer:1"], &format!("set -e; {ISSUE} --idempotent >/dev/null; {COUNT}"));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(done.as_array().map(Vec::len), Some(1), "{done}");
}

#[test]
fn an_issuance_whose_answer_is_lost_may_have_been_done_without_a_key_and_is_not_repeated() {
    let output = run(&["api-lost-answer:1"], &format!("{ISSUE} >/dev/null; echo \"$?\"; {COUNT}"));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let (code, done) = out.split_once('\n').unwrap();
    assert_eq!((code, failed(&output)["code"].as_str()), ("5", Some("outcome_unknown")));
    assert_eq!(serde_json::from_str::<Value>(done).unwrap().as_array().map(Vec::len), Some(1), "it was done");
}

#[test]
fn a_key_of_another_request_is_refused() {
    let script = format!(
        "set -e; {ISSUE} --idempotent=k >/dev/null; m2m request POST /issuances --profile loyaltyone --json '{{\"miles\":6}}' --as-collector-file n --idempotent=k"
    );
    let error = failed(&run(&[], &script));
    assert_eq!((error["http_status"].as_u64(), error["idempotency_key"].as_str()), (Some(422), Some("k")));
}

#[test]
fn a_debit_is_authorized_confirmed_and_not_canceled_afterwards() {
    let acting = "--as-cpf 529.982.247-25 --impersonator x";
    let script = format!(
        "set -e; m2m request POST /v1/orders/authorize --json '{{\"payment\":{{\"points\":1}}}}' {acting} >/dev/null; m2m request POST /v1/orders/1001/confirm {acting} >/dev/null; m2m request POST /v1/orders/1001/cancel {acting} >/dev/null"
    );
    let error = failed(&run(&[], &script));
    assert_eq!(error["message"], "the order could not be completed");
}
