//! Refusals of the API and of its gateway: keys, tokens, quotas, unknown paths, and failures.

use serde_json::json;

use crate::support::failure::refused;
use crate::support::lookup::{Lookup, PATH, answered, cloudloyalty, gateway};
use crate::support::random::formatted_cpf;
use crate::support::{Outcome, Reply};

#[test]
fn another_error_of_the_api_is_exit_8_with_its_code_and_message() {
    for (status, code) in [(400, "99"), (400, "1130"), (401, "103"), (403, "7"), (409, "7"), (422, "204")] {
        let refusal = answered(8, "api_refused", &cloudloyalty(status, json!(code), "Operação não permitida"));
        refusal.names("Operação não permitida").names(code).names(PATH);
        assert_eq!(refusal.json.http_status, Some(i64::from(status)));
    }
}

#[test]
fn a_refused_subscription_key_is_not_taken_for_a_refused_token() {
    for message in [
        "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
        "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
    ] {
        let refusal = answered(8, "api_refused", &gateway(401, message));
        refusal.hints_at("subscription");
        assert_eq!(refusal.json.http_status, Some(401));
    }
}

#[test]
fn a_missing_subscription_key_leads_to_its_settings() {
    let lookup = Lookup::fresh();
    let message = "Access denied due to missing subscription key.";
    let cli = || lookup.answered(gateway(401, message)).without_env("M2M_SUBSCRIPTION_KEY");
    refused(8, "api_refused", cli).hints_at("M2M_SUBSCRIPTION_KEY");
}

#[test]
fn a_forbidden_call_is_exit_8() {
    answered(8, "api_refused", &Reply::json(403, &json!({ "message": "Forbidden" })));
    answered(
        8,
        "api_refused",
        &Reply::json(403, &json!({ "statusCode": 403, "message": "IP address is not allowed" })),
    );
}

#[test]
fn a_refused_token_is_told_apart_and_not_asked_for_again() {
    for reply in
        [gateway(401, "JWT not present."), Reply::new(401).header("WWW-Authenticate", "Bearer error=\"invalid_token\"")]
    {
        let lookup = Lookup::fresh();
        let server = lookup.answering(reply);
        let outcome = lookup.by_login(&server).run();
        // A class of its own for refused tokens is allowed beside that of the API's refusals.
        assert!([3, 8].contains(&outcome.code), "{outcome:?}");
        let code = outcome.code;
        assert!(outcome.fails(code).contains("token"));
        assert_eq!(server.requests().len(), 3, "the token was fresh: {:?}", server.lines());
    }
}

#[test]
fn a_quota_and_a_rate_limit_are_exit_6() {
    let quota = "Out of call volume quota. Quota will be replenished in 12:34:56.";
    answered(6, "throttled", &gateway(403, quota)).names("12:34:56");
    answered(6, "throttled", &gateway(403, quota).header("Retry-After", "45296"));
    answered(6, "throttled", &Reply::new(403).header("Retry-After", "3600"));
    answered(6, "throttled", &gateway(429, "Rate limit is exceeded. Try again in 1 seconds."));
    answered(6, "throttled", &Reply::html(429, "Slow down"));
}

#[test]
fn a_path_that_the_gateway_does_not_know_leads_to_the_template() {
    let lookup = Lookup::fresh();
    let reply = gateway(404, "Resource not found");
    let by_login = refused(8, "api_refused", || lookup.answered(reply.clone()));
    by_login.hints_at("participant_by_login");
    let by_cpf = refused(8, "api_refused", || {
        let server = lookup.answering(reply.clone());
        lookup.by_cpf(&server).keep(server)
    });
    by_cpf.hints_at("participant_by_cpf");
}

#[test]
fn a_failing_api_is_exit_7() {
    for status in [500, 502, 503, 504] {
        answered(7, "bad_response", &Reply::html(status, "Bad Gateway"));
        answered(7, "bad_response", &gateway(status, "Internal"));
    }
}

#[test]
fn the_correlation_id_is_shown_in_errors() {
    for reply in
        [gateway(401, "JWT not present."), gateway(500, "x"), Reply::html(200, "Sign in"), Reply::redirect(302, "/x")]
    {
        let lookup = Lookup::fresh();
        let server = lookup.answering(reply);
        let outcome = lookup.by_login(&server).args(["--retries", "0"]).run();
        let requests = server.requests();
        let id = requests[2].header("x-correlation-id").unwrap();
        assert!(outcome.stderr.contains(id), "{id}: {}", outcome.stderr);
        let cli = lookup.by_login(&server).args(["--retries", "0", "--error-format", "json"]);
        let error = cli.run().fails_in_json(outcome.code);
        let requests = server.requests();
        let id = requests[requests.len() - 1].header("x-correlation-id").unwrap();
        assert!(error.words().contains(id) || error.request_id.as_deref() == Some(id), "{id}: {error:?}");
    }
}

/// Errors of every shape that hold `text`.
fn errors_that_say(text: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    for status in [400, 401, 403, 404, 422, 429, 500] {
        replies.push(cloudloyalty(status, json!("7"), text));
        replies.push(gateway(status, text));
        replies.push(Reply::html(status, text));
        replies.push(Reply::new(status).body(text));
        replies.push(gateway(status, "no").header("X-Correlation-Id", text).header("X-Echo", text));
    }
    replies
}

#[test]
fn what_was_asked_for_is_hidden_when_the_api_sends_it_back() {
    let lookup = Lookup::fresh();
    let secrets = format!("{} {}", lookup.key, lookup.account.token);
    for reply in errors_that_say(&format!("{} {secrets}", lookup.login)) {
        let outcome = run_by(&lookup, "--login", &lookup.login, reply);
        assert!(outcome.code != 0 && outcome.stdout.is_empty(), "{outcome:?}");
    }
    for cpf in [lookup.cpf.clone(), formatted_cpf(&lookup.cpf)] {
        for reply in errors_that_say(&format!("CPF {cpf}: {secrets}")) {
            let outcome = run_by(&lookup, "--cpf", &lookup.cpf, reply);
            assert!(outcome.code != 0 && outcome.stdout.is_empty(), "{outcome:?}");
        }
    }
}

/// Looks `value` up by `option` in an API that answers with `reply`, as verbosely as can be.
fn run_by(lookup: &Lookup, option: &str, value: &str, reply: Reply) -> Outcome {
    let server = lookup.answering(reply);
    let cli = lookup.account.cli(["participant", "--issuer", &server.url(""), "--api-url", &server.url("")]);
    let cli = cli.secret("the subscription key", &lookup.key).personal(value).env("M2M_SUBSCRIPTION_KEY", &lookup.key);
    cli.args([option, value, "--retries", "0", "-vv"]).run()
}

/// An explanation in Portuguese, and another scheme first.
#[test]
fn a_challenge_is_read_whatever_stands_around_it() {
    let challenge = "Bearer error=\"invalid_token\", error_description=\"Token inválido\"";
    let reply = Reply::new(401).header("WWW-Authenticate", "Basic realm=\"x\"").header("WWW-Authenticate", challenge);
    refused(8, "api_refused", || Lookup::fresh().answered(reply.clone()));
}
