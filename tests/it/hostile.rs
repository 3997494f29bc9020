//! The corpus of hostile answers in `tests/corpus`, each given to the built binary in both error formats: the expected exit
//! code and kind, an end in time, no panic, an empty stdout on failure, nothing raw from the server on stderr, no leak.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::corpus::{Case, Finish, load};
use crate::support::encodings;
use crate::support::failure::JsonError;
use crate::support::lookup::Lookup;
use crate::support::reply::End;
use crate::support::scene::ISSUER;
use crate::support::signer::{ALGORITHMS, Signer, token};
use crate::support::{Account, Cli, Outcome, Reply, Server};

/// Where in an exchange the hostile answer comes.
const PLACES: [&str; 4] = ["api", "jwks", "metadata", "token"];

const DOCUMENT: &str = "/.well-known/openid-configuration";

/// How many are tried at a time: most of them wait most of the time.
const SIDE_BY_SIDE: usize = 8;

/// The deadline of a run that names none, and how much later it may end on a busy machine.
const DEADLINE_SECS: u64 = 15;
const SLACK: Duration = Duration::from_secs(15);

/// What a line of stderr may begin with: our own words.
pub(crate) const BEGINNINGS: [&str; 8] =
    ["error: ", "  cause: ", "  hint: ", "warning: ", "note: ", "m2m: ", "< ", "{\"error\":{"];

#[test]
fn every_answer_of_the_corpus_ends_as_its_file_says() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let only = std::env::var("M2M_CORPUS").unwrap_or_default();
    let cases: Vec<Case> = PLACES.iter().flat_map(|place| load(&corpus, place)).collect();
    assert!(cases.len() >= 200, "{} answers", cases.len());
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.name.contains(&only)).collect();
    let (next, deviations) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let tried = catch_unwind(AssertUnwindSafe(|| deviation(case)));
                    let why = tried.unwrap_or_else(|payload| Some(words(payload.as_ref())));
                    let mut all = deviations.lock().unwrap_or_else(PoisonError::into_inner);
                    all.extend(why.map(|why| format!("{}: {why}", case.name)));
                }
            });
        }
    });
    let mut deviations = deviations.into_inner().unwrap();
    deviations.sort();
    println!("{}", summary(&cases, deviations.len()));
    assert!(deviations.is_empty(), "{} answers ended otherwise:\n{}", deviations.len(), deviations.join("\n"));
}

/// What was tried and what held.
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
    let scene = Arc::new(Scene::of(case));
    let text = scene.run(["-vv"]);
    if let Some(why) = wrong(case, &text) {
        return Some(format!("{why}\n{text:#?}"));
    }
    let json = scene.run(["--error-format", "json"]);
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
    let raw = stderr.chars().find(|c| *c != '\n' && acts(*c));
    let stray = stderr.lines().find(|line| !BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)));
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

/// Whether a character acts on a terminal, or hides on it.
pub(crate) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn deadline(case: &Case) -> Duration {
    let named = case.with.iter().position(|arg| arg == "--timeout").map(|at| &case.with[at + 1]);
    let secs = named.and_then(|value| value.strip_suffix('s')?.parse().ok());
    Duration::from_secs(secs.unwrap_or(DEADLINE_SECS))
}

/// The values of one case, which its answer and the command share.
struct Scene {
    case: Case,
    lookup: Lookup,
    signer: Option<Signer>,
}

impl Scene {
    fn of(case: &Case) -> Self {
        let mut lookup = Lookup::fresh();
        lookup.account = Account { token: lookup.account.token, ..Account::with_special("+ &%:é\"\\/") };
        let signer = case.name.starts_with("jwks/").then(|| {
            let wanted = case.signer.as_deref().unwrap_or("EdDSA");
            Signer::new(ALGORITHMS.iter().find(|alg| **alg == wanted).expect("a known algorithm"))
        });
        if let Some(signer) = &signer {
            let header =
                case.jose.as_deref().map_or_else(|| signer.header(), |text| serde_json::from_str(text).expect("JSON"));
            let claims = json!({ "iss": ISSUER, "exp": 4_000_000_000_u64 });
            lookup.account.token = token(&header, &claims, |message| signer.sign(message));
        }
        Self { case: case.clone(), lookup, signer }
    }

    fn place(&self) -> &str {
        self.case.name.split_once('/').expect("a place").0
    }

    /// The value that `${name}` stands for.
    fn value(&self, name: &str, origin: &str) -> Option<String> {
        let account = &self.lookup.account;
        Some(match name {
            "token" => account.token.clone(),
            "id" => account.id.clone(),
            "secret" => encodings::json(&account.secret),
            "secret-form" => encodings::form(&account.secret, "*-._"),
            "secret-strict" => encodings::strict(&account.secret),
            "secret-hex" => encodings::hex(&account.secret),
            "secret-ascii" => encodings::json_ascii(&account.secret),
            "basic" => encodings::basic(&account.id, &account.secret),
            "login" => self.lookup.login.clone(),
            "cpf" => self.lookup.cpf.clone(),
            "key" => self.lookup.key.clone(),
            "origin" => origin.to_owned(),
            "jwk" => self.signer.as_ref()?.jwk().to_string(),
            _ => self.signer.as_ref()?.jwk()[name.strip_prefix("jwk.")?].as_str()?.to_owned(),
        })
    }

    fn reply(&self, origin: &str) -> Reply {
        let script = self.case.script(&|name| self.value(name, origin)).unwrap_or_else(|why| panic!("{why}"));
        let end = match script.finish {
            Finish::Close => End::Close,
            Finish::Reset => End::Reset,
            Finish::Stall => End::Hang,
        };
        Reply::paced(script.parts, end)
    }

    /// A server that is healthy but in one place.
    fn server(self: &Arc<Self>) -> Server {
        let scene = Arc::clone(self);
        Server::start(move |request| {
            let origin = request.origin();
            let issuer = if scene.place() == "jwks" { ISSUER } else { &origin };
            match (scene.place(), request.path()) {
                ("token", _) => scene.reply(&origin),
                ("metadata", _) if request.method == "GET" => scene.reply(&origin),
                (_, DOCUMENT) => {
                    let mut document = metadata(&origin);
                    document["issuer"] = issuer.into();
                    Reply::json(200, &document)
                }
                ("api" | "metadata", TOKEN_PATH) => scene.lookup.account.grants(),
                _ => scene.reply(&origin),
            }
        })
    }

    /// Runs the command of the place with these arguments besides, and asserts what success and failure look like there.
    fn run<'a>(self: &Arc<Self>, args: impl IntoIterator<Item = &'a str>) -> Outcome {
        let server = self.server();
        let (url, case) = (server.url(""), &self.case);
        let mut usual = vec![("--retries", "0".to_owned()), ("--timeout", format!("{DEADLINE_SECS}s"))];
        let cli = match self.place() {
            "token" | "metadata" => {
                let own =
                    if self.place() == "token" { ("--token-url", server.url(TOKEN_PATH)) } else { ("--issuer", url) };
                usual.push(own);
                self.lookup.account.cli(["token"])
            }
            "jwks" => {
                usual.extend([("--discovery-url", server.url(DOCUMENT)), ("--issuer", ISSUER.to_owned())]);
                let token = &self.lookup.account.token;
                Cli::new(["inspect", "--verify", "-"]).token(token).stdin(token.clone())
            }
            _ => {
                usual.extend([("--issuer", url.clone()), ("--api-url", url)]);
                let person = ["participant", "--login", &self.lookup.login];
                let words = case.command.as_deref().map_or(person.to_vec(), |line| line.split(' ').collect());
                self.lookup.watched(self.lookup.account.cli(words)).env("M2M_SUBSCRIPTION_KEY", &self.lookup.key)
            }
        };
        let usual = usual.into_iter().filter(|(name, _)| !case.with.iter().any(|arg| arg == name));
        let cli = usual.fold(cli, |cli, (name, value)| cli.arg(name).arg(value));
        let outcome = cli.args(case.with.iter().cloned()).args(args).run();
        if outcome.code == 0 {
            self.is_whole(&outcome);
        } else if self.place() == "metadata" {
            assert!(!server.lines().iter().any(|line| line.starts_with("POST")), "the secret was sent: {outcome:#?}");
        }
        outcome
    }

    /// Asserts that stdout holds what was asked for.
    fn is_whole(&self, outcome: &Outcome) {
        let stdout = &outcome.stdout;
        if self.place() == "token" && self.case.with.iter().any(|arg| arg == "json") || self.place() == "jwks" {
            // Not as values: a number may be beyond those.
            let printed: BTreeMap<String, &RawValue> = serde_json::from_str(stdout).expect("JSON on stdout");
            let (name, value) = match self.place() {
                "jwks" => ("verified", Value::from(true)),
                _ => ("access_token", self.lookup.account.token.clone().into()),
            };
            assert_eq!(printed[name].get(), value.to_string(), "{outcome:#?}");
        } else if self.place() == "api" {
            assert!(serde_json::from_str::<&RawValue>(stdout).is_ok() || self.case.command.is_some(), "{outcome:#?}");
        } else {
            assert_eq!(*stdout, format!("{}\n", self.lookup.account.token), "{outcome:#?}");
        }
    }
}

/// What a panic said.
fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic of the test").to_owned()
}
