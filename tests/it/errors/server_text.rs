//! Text from servers is untrusted: control characters, text direction, workflow commands, length, and secrets that a
//! server sends back.

use serde_json::{Value, json};

use crate::support::encodings::{basic, form, hex, minimal, strict};
use crate::support::{Account, Cli, Outcome, Reply, Server};

/// Characters that change how the text around them is shown.
const HOSTILE: [char; 22] = [
    '\0', '\u{7}', '\u{8}', '\t', '\r', '\u{1b}', '\u{7f}', '\u{80}', '\u{85}', '\u{9b}', '\u{9d}', '\u{200e}',
    '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{61c}', '\u{feff}',
    '\u{200b}',
];

/// Asserts that stderr holds nothing that a terminal, a log or a CI runner obeys.
#[track_caller]
fn harmless(stderr: &str) {
    for c in stderr.chars().filter(|c| *c != '\n') {
        assert!(!c.is_control() && !HOSTILE.contains(&c), "{c:?} in {stderr:?}");
    }
    for line in stderr.lines() {
        let start = line.trim_start();
        assert!(!start.starts_with("::") && !start.starts_with("##["), "a workflow command: {stderr}");
        assert!(!start.starts_with("EVIL"), "server text begins a line: {stderr}");
    }
}

/// Runs with every verbosity and both error formats, and asserts that each stderr is harmless.
#[track_caller]
fn all_harmless(cli: impl Fn() -> Cli) -> Vec<Outcome> {
    let args: [&[&str]; 3] = [&[], &["-vv"], &["-v", "--error-format", "json"]];
    let runs = args.map(|args| cli().args(args.iter().copied()).run());
    for run in &runs {
        harmless(&run.stderr);
        assert!(run.code != 0 && run.stdout.is_empty(), "{run:?}");
    }
    runs.into()
}

fn hostile_text() -> String {
    let mut text = "EVIL".to_owned();
    for c in HOSTILE {
        text.push(c);
        text.push_str("EVIL");
    }
    text.push_str("\n::error::EVIL\r\n  ::add-mask::EVIL\n##[error]EVIL\nEVIL");
    text
}

#[test]
fn control_characters_in_a_description_are_escaped() {
    let account = Account::fresh();
    let body = json!({ "error": "invalid_client", "error_description": hostile_text(), "error_uri": hostile_text() });
    for run in all_harmless(|| account.token_from(Reply::json(401, &body))) {
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains("EVIL"), "the rest of the text is still told: {}", run.stderr);
    }
}

#[test]
fn control_characters_in_an_error_name_are_escaped() {
    let account = Account::fresh();
    for name in ["::error::EVIL", "\u{1b}[31mEVIL", "EVIL\n::error::EVIL", "invalid_client\n::warning::EVIL"] {
        all_harmless(|| account.token_from(Reply::json(400, &json!({ "error": name }))));
    }
    for name in [json!({ "code": hostile_text(), "message": hostile_text() }), json!([hostile_text()]), json!(7)] {
        all_harmless(|| account.token_from(Reply::json(400, &json!({ "error": name, "message": hostile_text() }))));
    }
}

#[test]
fn pages_and_plain_text_are_escaped() {
    let account = Account::fresh();
    for content_type in ["text/html", "application/json", "EVIL/EVIL"] {
        for status in [200, 401, 500] {
            let reply =
                Reply::new(status).header("Content-Type", content_type).body(format!("<html>{}", hostile_text()));
            all_harmless(|| account.token_from(reply.clone()));
            let reply = Reply::new(status).header("Content-Type", content_type).body(hostile_text());
            all_harmless(|| account.token_from(reply.clone()));
        }
    }
}

#[test]
fn text_that_is_not_utf_8_is_escaped() {
    let account = Account::fresh();
    let reply = Reply::json(401, &Value::Null)
        .body(&b"{\"error\":\"invalid_client\",\"error_description\":\"a\xff\x9b31mEVIL\"}"[..]);
    all_harmless(|| account.token_from(reply.clone()));
}

#[test]
fn response_headers_are_escaped() {
    let account = Account::fresh();
    let reply = Reply::json(401, &json!({ "error": "invalid_client" }))
        .header("EVIL-Name", "\u{9b}31mEVIL\u{202e}\tEVIL")
        .header("WWW-Authenticate", "EVIL \t::error::EVIL\u{85}")
        .header("Server", "::error::EVIL")
        .header("X-Request-Id", "::error::EVIL");
    all_harmless(|| account.token_from(reply.clone()));
    all_harmless(|| account.token_from(Reply::redirect(302, "::error::EVIL\u{202e}")));
}

#[test]
fn metadata_is_escaped() {
    let account = Account::fresh();
    let document = json!({ "issuer": hostile_text(), "token_endpoint": hostile_text() });
    all_harmless(|| {
        let server = Server::always(Reply::json(200, &document));
        account.cli(["token", "--issuer", &server.url("")]).keep(server)
    });
}

#[test]
fn a_token_type_is_escaped() {
    let account = Account::fresh();
    let answer = account.answer_with("token_type", json!(hostile_text()));
    all_harmless(|| account.token_from(Reply::json(200, &answer)));
}

#[test]
fn server_text_is_capped_at_512_characters() {
    let account = Account::fresh();
    for unit in ["Q", "é", "\u{1b}"] {
        let body = json!({ "error": "invalid_client", "error_description": unit.repeat(5000) });
        for run in all_harmless(|| account.token_from(Reply::json(401, &body))) {
            let count = run.stderr.matches(unit).count();
            assert!(count <= 512, "{count} times {unit:?}");
            let longest = run.stderr.lines().map(|line| line.chars().count()).max().unwrap_or_default();
            assert!(longest < 4096, "a line of {longest} characters");
        }
    }
    let body = json!({ "error": "Q".repeat(5000), "error_uri": "Q".repeat(5000) });
    for run in all_harmless(|| account.token_from(Reply::json(401, &body))) {
        assert!(run.stderr.split(|c| c != 'Q').all(|part| part.len() <= 512), "{}", run.stderr);
    }
}

#[test]
fn a_secret_that_the_server_sends_back_is_hidden() {
    let account = Account::with_special("+ &%:é\"\\/");
    let echoes = [
        account.secret.clone(),
        form(&account.secret, "*-._"),
        format!("client_id={}&client_secret={}", account.id, form(&account.secret, "-._~")),
        basic(&account.id, &account.secret),
        basic(&minimal(&account.id, true), &minimal(&account.secret, false)),
        basic("x", &account.secret),
    ];
    for echo in echoes {
        let body = json!({ "error": "invalid_client", "error_description": format!("You sent {echo}, wrongly") });
        all_harmless(|| account.token_from(Reply::json(401, &body)));
        let body = json!({ "error": echo });
        all_harmless(|| account.token_from(Reply::json(400, &body)));
        if echo.is_ascii() {
            let reply = Reply::html(403, &echo).header("X-Echo", &echo).header("Location", &echo);
            all_harmless(|| account.token_from(reply.clone()));
            all_harmless(|| account.token_from(Reply::redirect(302, &echo)));
        }
    }
}

#[test]
fn a_secret_that_an_intermediary_encoded_its_own_way_is_hidden() {
    let account = Account::with_special("+ &%:é\"\\/");
    for encoded in [
        strict(&account.secret),
        form(&account.secret, "*-._"),
        form(&account.secret, "-._~"),
        form(&account.secret, ""),
    ] {
        for echo in [encoded.clone(), basic(&account.id, &encoded), basic("x", &encoded), basic("xy", &encoded)] {
            let body = json!({ "error": "invalid_client", "error_description": format!("You sent {echo}, wrongly") });
            all_harmless(|| account.token_from(Reply::json(401, &body)));
        }
    }
    for echo in [hex(&account.secret), hex(&account.secret).to_uppercase()] {
        let body = json!({ "error": "invalid_client", "error_description": format!("You sent {echo}, wrongly") });
        all_harmless(|| account.token_from(Reply::json(401, &body)));
    }
}

#[test]
fn a_secret_at_the_cap_is_hidden_whole() {
    let account = Account::fresh();
    for lead in [480, 490, 500, 505, 511] {
        let body = json!({ "error": "invalid_client", "error_description": format!("{}{}", "-".repeat(lead), account.secret) });
        for run in all_harmless(|| account.token_from(Reply::json(401, &body))) {
            assert!(!run.stderr.contains(&account.secret[..6]), "{}", run.stderr);
        }
    }
}
