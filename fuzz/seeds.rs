//! Converts between `tests/corpus` and the fuzzer: seeds from files of the corpus, and a file of the corpus from a finding.
//! `run` compiles it with `rustc` alone.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

#[path = "../tests/it/support/corpus/case.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests need more of it, from other modules")]
mod corpus;

/// In bytes; larger seeds slow the fuzzer down.
const LARGEST: usize = 16 * 1024;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["seeds", corpus, into] => seeds(Path::new(corpus), Path::new(into)),
        ["case", finding] => println!("{}", case(&fs::read(finding).expect("a readable finding"))),
        _ => {
            eprintln!("usage: seeds CORPUS INTO | case FINDING");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Writes the seeds of every target: `INTO/TARGET/NAME`.
fn seeds(corpus: &Path, into: &Path) {
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let dir = into.join(target);
        fs::create_dir_all(&dir).expect("a directory for seeds");
        if bytes.len() <= LARGEST {
            fs::write(dir.join(name.replace('/', "-")), bytes).expect("a seed");
        }
    };
    let entry = |response: &[u8]| {
        let head = br#"{"version":1,"obtained_at":1000,"expires_at":4600,"about":{"server":"https://as","client_id":"c","scope":"a"},"response":"#;
        [&head[..], response, b"}\n"].concat()
    };
    for (place, target) in [("token", "token"), ("metadata", "metadata"), ("jwks", "jwks"), ("api", "participants")] {
        for case in corpus::load(corpus, place) {
            let body = case.script(&value).expect("an answer").body();
            match target {
                // The first byte selects a token.
                "jwks" => (0..6).for_each(|first| {
                    write(target, &format!("{}-{first}", case.name), &[&[first], &body[..]].concat())
                }),
                _ => write(target, &case.name, &body),
            }
            if place == "token" && case.exit == 0 {
                write("cache_entry", &case.name, &entry(&body));
            }
            if place == "token" || place == "api" {
                // The first byte selects a status.
                write("error_body", &case.name, &[&[3], &body[..]].concat());
            }
        }
    }
    for (place, target) in [("config", "config"), ("entry", "cache_entry")] {
        for path in corpus::files(&corpus.join(place)) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            write(target, &name, &fs::read(&path).expect("a readable file"));
        }
    }
}

/// Fixed values for the placeholders.
fn value(name: &str) -> Option<String> {
    Some(match name {
        "origin" => "http://127.0.0.1:8080".to_owned(),
        "token" => "t0ken-of-the-seeds".to_owned(),
        "jwk" => r#"{"kty":"OKP","crv":"Ed25519","kid":"key-1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
            .to_owned(),
        "jwk.x" => "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
        _ => format!("{name}-of-the-seeds"),
    })
}

/// A file of the corpus with the finding as its body; the expectation in it must be adapted.
fn case(body: &[u8]) -> String {
    let mut text = String::from("# What this broke.\nexpect: exit 7 kind bad_response\n\n");
    text.push_str("HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: ${length}\nConnection: close\n\n");
    let mut raw = String::new();
    let end = |raw: &mut String, text: &mut String| {
        if !raw.is_empty() {
            text.push_str(&format!("${{{}}}", std::mem::take(raw)));
        }
    };
    for (at, byte) in body.iter().enumerate() {
        let opens = *byte == b'$' && body.get(at + 1) == Some(&b'{');
        if (byte.is_ascii_graphic() || *byte == b' ') && !opens {
            end(&mut raw, &mut text);
            text.push(char::from(*byte));
        } else {
            raw.push_str(&format!("\\x{byte:02x}"));
        }
    }
    end(&mut raw, &mut text);
    text
}
