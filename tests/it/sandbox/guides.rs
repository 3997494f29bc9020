//! The guides in `docs/`: every command in them runs, in order, against the sandbox.

use std::path::Path;
use std::process::Command;

use m2m::exit;
use m2m::internals::settings::error_codes;
use m2m::internals::settings::error_codes::CLOUDLOYALTY;
use tempfile::TempDir;

use crate::support::sandbox;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn text(guide: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join("docs").join(guide)).unwrap()
}

/// Runs the `sh` blocks of a guide as one script.
fn runs(guide: &str) {
    let text = text(guide);
    let blocks: Vec<&str> =
        text.split("```sh\n").skip(1).map(|rest| rest.split_once("```").expect("the block ends").0).collect();
    assert!(!blocks.is_empty(), "{guide} has commands");
    let script = format!("set -eu\n{}", blocks.join("\n"));
    let home = TempDir::new().unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_m2m")).parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(sandbox())
        .args(["--", "sh", "-c", &script])
        .env_clear()
        .env("PATH", format!("{bin}:{path}"))
        .env("HOME", home.path())
        .current_dir(home.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{guide}: {stderr}\n{}", String::from_utf8_lossy(&output.stdout));
}

#[cfg(unix)]
#[test]
fn the_guide_to_cloudloyalty_runs() {
    runs("cloudloyalty.md");
}

#[cfg(unix)]
#[test]
fn the_portuguese_guide_runs() {
    runs("pt-BR/cloudloyalty.md");
}

#[cfg(unix)]
#[test]
fn the_guide_to_loyaltyone_runs() {
    runs("loyaltyone.md");
}

/// CloudLoyalty's codes as a Markdown table, with their sub-codes below it.
fn codes_as_markdown() -> String {
    let codes = error_codes::all(CLOUDLOYALTY);
    let mut out =
        String::from("| Code | Meaning | Exit | May pass | Whose move | What to try |\n|---|---|---|---|---|---|\n");
    for code in &codes {
        let exit = exit::of(code.kind);
        let pass = if code.may_pass { "yes" } else { "no" };
        let hint = code.hint.unwrap_or("-");
        out.push_str(&format!(
            "| {} | {} | {} `{}` | {pass} | {} | {hint} |\n",
            code.code, code.meaning, exit.code, exit.kind, code.owner
        ));
    }
    for code in codes.iter().filter(|code| !code.details.is_empty()) {
        let details: Vec<String> = code.details.iter().map(|(sub, meaning)| format!("{sub} {meaning}")).collect();
        out.push_str(&format!("\nSub-codes of {}: {}.\n", code.code, details.join("; ")));
    }
    out
}

/// `M2M_WRITE_DOCS=1 cargo test --test it -- guides` writes the table.
#[test]
fn the_table_of_codes_is_that_of_the_program() {
    let (begin, end) = ("<!-- codes -->\n", "<!-- end of codes -->");
    let guide = text("cloudloyalty.md");
    let (before, rest) = guide.split_once(begin).unwrap();
    let (table, after) = rest.split_once(end).unwrap();
    let expected = codes_as_markdown();
    if std::env::var_os("M2M_WRITE_DOCS").is_some() {
        let path = Path::new(ROOT).join("docs/cloudloyalty.md");
        std::fs::write(path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(table, expected, "`M2M_WRITE_DOCS=1 cargo test --test it -- guides` writes it");
}
