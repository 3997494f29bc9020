//! Where each kind of confidential value may appear after a run, and where it is a leak.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::binary::outcome::Outcome;
use crate::support::binary::tripwire::Tripwire;

/// What must not be found where.
#[derive(Default)]
pub struct LeakCheck {
    /// Nowhere at all.
    pub secrets: Vec<Tripwire>,
    /// Only where a token belongs: on the stdout of the commands that print it, and in the cache's entries.
    pub tokens: Vec<Tripwire>,
    /// Neither on stderr nor on disk.
    pub personal: Vec<Tripwire>,
    /// Files that the test put under the home itself.
    pub given: Vec<PathBuf>,
    pub secret_in_argv: bool,
}

impl LeakCheck {
    /// Says what was found where it must not be, after a run of `m2m ARGV..` in `home`.
    pub fn leak(&self, argv: &[String], outcome: &Outcome, home: &Path) -> Option<String> {
        let all: &[_] = &[&self.secrets, &self.tokens, &self.personal];
        let on_stdout = if prints_the_token(argv) { &[&self.secrets] as &[_] } else { &[&self.secrets, &self.tokens] };
        let in_argv = if self.secret_in_argv { &[&self.tokens] as &[_] } else { &[&self.secrets, &self.tokens] };
        find(all, &outcome.stderr, "stderr")
            .or_else(|| find(on_stdout, &outcome.stdout, "stdout"))
            .or_else(|| find(in_argv, &argv.join("\n"), "argv"))
            .or_else(|| {
                self.files(home).into_iter().find_map(|path| {
                    let name = path.strip_prefix(home).unwrap_or(&path).display().to_string();
                    let bytes = fs::read(&path).unwrap_or_default();
                    let in_file = if is_cache_entry(&path) { &[&self.secrets, &self.personal] as &[_] } else { all };
                    find(all, &name, "the name of a file")
                        .or_else(|| find(in_file, &String::from_utf8_lossy(&bytes), &name))
                })
            })
    }

    /// The files under `dir` that the run made.
    fn files(&self, dir: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(self.files(&path));
            } else if !self.given.contains(&path) {
                found.push(path);
            }
        }
        found
    }
}

fn find(wires: &[&Vec<Tripwire>], text: &str, place: &str) -> Option<String> {
    let leak = wires.iter().flat_map(|wires| wires.iter()).find_map(|wire| wire.find(text));
    leak.map(|leak| format!("leak: {leak} in {place}"))
}

fn prints_the_token(argv: &[String]) -> bool {
    argv.first().is_some_and(|command| command == "token" || command == "exec")
        || argv.windows(2).any(|two| two == ["-o", "curl"])
}

fn is_cache_entry(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
        && path.parent().is_some_and(|dir| dir.ends_with("tokens"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::support::encodings::basic;

    const SECRET: &str = "the+secret%of/tests";
    const TOKEN: &str = "the.token.of.tests";
    const CPF: &str = "52998224725";

    fn leak(command: &str, stdout: &str, stderr: &str, file: Option<(&str, &str)>) -> Option<String> {
        let home = TempDir::new().unwrap();
        if let Some((name, text)) = file {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let check = LeakCheck {
            secrets: vec![Tripwire::new("the secret", SECRET)],
            tokens: vec![Tripwire::new("the token", TOKEN)],
            personal: vec![Tripwire::new("the CPF", CPF)],
            ..LeakCheck::default()
        };
        let outcome = Outcome { code: 0, stdout: stdout.to_owned(), stderr: stderr.to_owned(), took: Duration::ZERO };
        check.leak(&[command.to_owned()], &outcome, home.path())
    }

    #[test]
    fn a_secret_is_a_leak_wherever_it_stands() {
        assert!(leak("token", &basic("id", SECRET), "", None).is_some());
        assert!(leak("token", "", SECRET, None).is_some());
        assert!(leak("token", "", "", Some(("cache/m2m/tokens/k.json", SECRET))).is_some());
        assert!(leak("token", "", "", Some((&format!("tmp/{CPF}"), ""))).is_some());
    }

    #[test]
    fn a_token_belongs_on_the_stdout_of_token_and_in_the_cache_only() {
        assert_eq!(leak("token", TOKEN, "", Some(("cache/m2m/tokens/k.json", TOKEN))), None);
        assert!(leak("token", TOKEN, TOKEN, None).is_some());
        assert!(leak("participant", TOKEN, "", None).is_some());
        assert!(leak("token", TOKEN, "", Some(("cache/m2m/tokens/k.tmp", TOKEN))).is_some());
        assert!(leak("token", TOKEN, "", Some(("state/log", TOKEN))).is_some());
    }

    #[test]
    fn personal_data_belongs_on_stdout_only() {
        assert_eq!(leak("participant", CPF, "", None), None);
        assert!(leak("participant", CPF, &format!("?document={CPF}"), None).is_some());
        assert!(leak("participant", CPF, "", Some(("cache/m2m/answers/x", CPF))).is_some());
    }
}
