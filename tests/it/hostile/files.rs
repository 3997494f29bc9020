//! The hostile files in `tests/corpus`: invalid config files, which are reported, and invalid cache entries, which never
//! count as a token.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::binary::home::{rewrite, warm};
use crate::support::corpus::case;
use crate::support::stderr::{LINE_PREFIXES, is_control_or_invisible};
use crate::support::{Account, Cli, Outcome};

/// In every file that could hold one.
const SECRET: &str = "s3cr3t-0f-the-seeds";

fn corpus(place: &str) -> Vec<PathBuf> {
    case::files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(place))
}

/// Asserts what holds for every run.
#[track_caller]
fn tidy(name: &str, outcome: &Outcome) {
    assert!(!outcome.stderr.contains("panicked"), "{name}: {outcome:#?}");
    assert!(!outcome.stderr.chars().any(|c| c != '\n' && is_control_or_invisible(c)), "{name}: {outcome:#?}");
    let ours = |line: &str| LINE_PREFIXES.iter().any(|prefix| line.starts_with(prefix));
    assert!(outcome.stderr.lines().all(|line| ours(line) && line.chars().count() <= 4096), "{name}: {outcome:#?}");
}

#[test]
fn every_config_file_of_the_corpus_ends_as_it_says() {
    let paths = corpus("config");
    for path in &paths {
        let (name, bytes) = (path.display().to_string(), fs::read(path).unwrap());
        let text = String::from_utf8_lossy(&bytes);
        let expected = text.lines().find_map(|line| line.strip_prefix("# expect: ")).expect("what to expect");
        let run = |args: &[&str]| {
            let cli = Cli::new(["token", "--retries", "0"]).file("config/m2m/config.toml", &bytes);
            cli.secret("the secret", SECRET).args(args.iter().copied()).run()
        };
        let outcome = run(&["-vv"]);
        tidy(&name, &outcome);
        let code = outcome.code;
        let _ = outcome.fails(code);
        let json = run(&["--error-format", "json"]);
        tidy(&name, &json);
        assert_eq!(format!("exit {code} kind {}", json.fails_in_json(code).kind), expected, "{name}");
    }
    println!("{} config files, each in two runs: all ended as expected, without a panic or a leak", paths.len());
}

#[test]
fn no_cache_entry_of_the_corpus_is_taken_for_a_token() {
    let paths = corpus("entry");
    let account = Account::fresh();
    let (home, server, url) = warm(&account);
    for path in &paths {
        let entry = home.entry();
        rewrite(&entry, fs::read(path).unwrap());
        let before = server.requests().len();
        let outcome = account.token_at(&home, &url).arg("-vv").run();
        tidy(&path.display().to_string(), &outcome);
        assert_eq!(outcome.code, 0, "{}: {outcome:#?}", path.display());
        assert_eq!(outcome.stdout, account.nth_line(before + 1), "{}: {outcome:#?}", path.display());
    }
    println!("{} cache entries: none was taken for a token", paths.len());
}
