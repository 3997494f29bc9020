//! The hostile responses in `tests/corpus`, each given to the built binary in both error formats: the expected exit code
//! and kind, an end in time, no panic, an empty stdout on failure, no raw server text on stderr, no leak.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::support::corpus::case::{Case, load};
use crate::support::corpus::run::{CorpusRun, DEADLINE_SECS};
use crate::support::failure::JsonError;
use crate::support::stderr::{LINE_PREFIXES, is_control_or_invisible};
use crate::support::{CheckReport, Outcome};

/// The response that is hostile.
const PLACES: [&str; 4] = ["api", "jwks", "metadata", "token"];

/// The number of cases run in parallel; most of them wait most of the time.
const SIDE_BY_SIDE: usize = 8;

/// How much later than its deadline a run may end on a busy machine.
const SLACK: Duration = Duration::from_secs(15);

#[test]
fn every_answer_of_the_corpus_ends_as_its_file_says() {
    let cases = corpus();
    let deviations = try_all(&cases, deviation);
    println!("{}", summary(&cases, deviations.len()));
    assert!(deviations.is_empty(), "{} answers ended otherwise:\n{}", deviations.len(), deviations.join("\n"));
}

/// Whatever is wrong becomes a finding of the report, in the documented form.
#[test]
fn no_answer_of_the_corpus_breaks_a_check() {
    let cases = corpus();
    let deviations = try_all(&cases, |case| {
        let run = Arc::new(CorpusRun::of(case));
        let outcome = run.check();
        let late = (outcome.took > deadline(case) + SLACK).then(|| format!("it took {:?}", outcome.took));
        let raw = outcome
            .stdout
            .chars()
            .find(|c| *c != '\n' && is_control_or_invisible(*c))
            .map(|c| format!("{c:?} on stdout"));
        let internal = (outcome.code == 1).then(|| "exit 1".to_owned());
        let why = late.or(raw).or(internal).map(|why| format!("{why}\n{outcome:#?}"));
        let report = CheckReport::of(outcome);
        let long = |check: &Value| check["message"].as_str().is_some_and(|message| message.chars().count() > 4096);
        let checks = report.json["profiles"][0]["checks"].as_array().expect("checks");
        why.or_else(|| checks.iter().find(|check| long(check)).map(|check| format!("an endless message: {check}")))
    });
    println!("{} hostile answers, each under `m2m check`: {} broke the report", cases.len(), deviations.len());
    assert!(deviations.is_empty(), "{} broke a check:\n{}", deviations.len(), deviations.join("\n"));
}

/// Every answer, or those whose names hold `M2M_CORPUS`.
fn corpus() -> Vec<Case> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let only = std::env::var("M2M_CORPUS").unwrap_or_default();
    let cases: Vec<Case> = PLACES.iter().flat_map(|place| load(&corpus, place)).collect();
    assert!(cases.len() >= 200, "{} answers", cases.len());
    cases.into_iter().filter(|case| case.name.contains(&only)).collect()
}

/// Tries each case, several at a time, and returns what was wrong with which.
fn try_all(cases: &[Case], try_case: impl Fn(&Case) -> Option<String> + Sync) -> Vec<String> {
    let (next, deviations) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let tried = catch_unwind(AssertUnwindSafe(|| try_case(case)));
                    let why = tried.unwrap_or_else(|payload| Some(words(payload.as_ref())));
                    let mut all = deviations.lock().unwrap_or_else(PoisonError::into_inner);
                    all.extend(why.map(|why| format!("{}: {why}", case.name)));
                }
            });
        }
    });
    let mut deviations = deviations.into_inner().unwrap();
    deviations.sort();
    deviations
}

/// The number of cases and of failures, per place and exit code.
fn summary(cases: &[Case], deviations: usize) -> String {
    let mut counts: BTreeMap<&str, BTreeMap<i32, usize>> = BTreeMap::new();
    for case in cases {
        let (place, _) = case.name.split_once('/').unwrap();
        *counts.entry(place).or_default().entry(case.exit).or_default() += 1;
    }
    let mut lines = vec![format!("{} hostile answers, each in two runs:", cases.len())];
    for (place, exits) in &counts {
        let ends: Vec<String> = exits.iter().map(|(exit, count)| format!("exit {exit}: {count}")).collect();
        lines.push(format!("  {place:<9}{:>4}  ({})", exits.values().sum::<usize>(), ends.join(", ")));
    }
    lines.push(format!(
        "  {} ended as expected, in time, without a panic, a leak or a raw character; {deviations} did not",
        cases.len() - deviations
    ));
    lines.join("\n")
}

/// Tries one answer in both error formats. Returns what is wrong.
fn deviation(case: &Case) -> Option<String> {
    let run = Arc::new(CorpusRun::of(case));
    let text = run.run(["-vv"]);
    if let Some(why) = wrong(case, &text) {
        return Some(format!("{why}\n{text:#?}"));
    }
    let json = run.run(["--error-format", "json"]);
    let why = wrong(case, &json).or_else(|| {
        let line = json.stderr.lines().find(|line| line.starts_with('{'));
        let kind = line.map(|line| JsonError::parse(line).kind);
        (kind != case.kind).then(|| format!("the kind is {kind:?}, not {:?}", case.kind))
    });
    why.map(|why| format!("{why}\n{json:#?}"))
}

/// What holds for every run, whatever is answered.
fn wrong(case: &Case, outcome: &Outcome) -> Option<String> {
    let stderr = &outcome.stderr;
    let raw = stderr.chars().find(|c| *c != '\n' && is_control_or_invisible(*c));
    let stray = stderr.lines().find(|line| !LINE_PREFIXES.iter().any(|prefix| line.starts_with(prefix)));
    let missing = case.says.iter().find(|words| !stderr.contains(words.as_str()));
    if outcome.code != case.exit {
        Some(format!("exit {}, not {}", outcome.code, case.exit))
    } else if stderr.contains("panicked") {
        Some("a panic".to_owned())
    } else if outcome.took > deadline(case) + SLACK {
        Some(format!("it took {:?}", outcome.took))
    } else if outcome.code != 0 && !outcome.stdout.is_empty() && case.command.is_none() {
        Some("data on stdout beside a failure".to_owned())
    } else if let Some(raw) = raw {
        Some(format!("{raw:?} on stderr"))
    } else if let Some(line) = stray {
        Some(format!("a line that does not begin with our own words: {line:?}"))
    } else if stderr.lines().any(|line| line.chars().count() > 4096) {
        Some("a line of more than 4096 characters".to_owned())
    } else {
        missing.map(|words| format!("it does not say {words:?}"))
    }
}

fn deadline(case: &Case) -> Duration {
    let named = case.with.iter().position(|arg| arg == "--timeout").map(|at| &case.with[at + 1]);
    let secs = named.and_then(|value| value.strip_suffix('s')?.parse().ok());
    Duration::from_secs(secs.unwrap_or(DEADLINE_SECS))
}

/// What a panic said.
fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic of the test").to_owned()
}
