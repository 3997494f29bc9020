//! The checks of a granted token that look at the response alone: type, size, lifetime, scope, what else came along.

use std::time::Duration;

use crate::check::context::CheckContext;
use crate::check::report::Recorder;
use crate::http::message::Response;
use crate::oauth::scope::Scope;
use crate::oauth::token_response;
use crate::oauth::token_response::Token;
use crate::platform::json;
use crate::platform::json::Members;

/// Larger tokens do not pass many gateways.
const LARGE: usize = 8 * 1024;
/// Beyond this, milliseconds were likely taken for seconds.
const IMPLAUSIBLE: Duration = Duration::from_secs(30 * 24 * 3600);
/// A token that leaks serves for as long as it lives.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Runs the checks.
pub(crate) fn check(record: &mut Recorder<'_>, context: &CheckContext<'_>, reply: &Response, token: &Token) {
    check_response(record, reply, token);
    check_lifetime(record, context, token);
    check_scope(record, context, token);
}

/// Which check a response fails that cannot be used: the grant, or what was granted.
pub(crate) fn failed_check_id(reply: &Response) -> &'static str {
    let Ok(members) = json::parse::<Members>(&reply.body) else { return "token.grant" };
    let once = ["access_token", "token_type", "expires_in", "error"].iter().all(|name| members.count(name) <= 1);
    let granted = reply.is_success() && once && members.get("error").is_none();
    match members.text("access_token").filter(|token| granted && !token.is_empty()) {
        None => "token.grant",
        Some(text) if token_response::is_sendable(&text) => "token.type",
        Some(_) => "token.syntax",
    }
}

fn check_response(record: &mut Recorder<'_>, reply: &Response, token: &Token) {
    match token.members.text("token_type") {
        Some(name) if name.trim().eq_ignore_ascii_case("bearer") => {
            record.pass("token.type", "the token is a Bearer token");
        }
        Some(name) if !name.trim().is_empty() => {
            let name = record.quote(&name);
            record.info("token.type", format!("the token is of type {name}, which `bearer_token_types` names"));
        }
        _ => record.warn(
            "token.type",
            "the response has no `token_type`; Bearer is assumed",
            "RFC 6749 section 5.1 requires it",
        ),
    }
    let size = token.access_token.expose().len();
    if !token_response::is_b64token(token.access_token.expose()) {
        record.warn(
            "token.syntax",
            format!("the token has {size} characters, some of which are outside the grammar of RFC 6750 section 2.1"),
            "it is sent as it is; some gateways and libraries refuse such a token",
        );
    } else if size <= LARGE {
        record.pass("token.syntax", format!("the token has {size} characters and fits a header"));
    } else {
        record.warn(
            "token.syntax",
            format!("the token has {size} characters"),
            "many gateways refuse headers above 8 KiB: ask for fewer scopes or claims",
        );
    }
    let extras: Vec<&str> =
        [("a refresh token", token.had_refresh_token), ("an ID token", token.members.get("id_token").is_some())]
            .into_iter()
            .filter_map(|(what, there)| there.then_some(what))
            .collect();
    if extras.is_empty() {
        record.pass("token.extras", "nothing but an access token was granted");
    } else {
        record.warn(
            "token.extras",
            format!("the server also sent {}", extras.join(" and ")),
            "this grant should have neither (RFC 6749 section 4.4.3)",
        );
    }
    let no_store = reply.list("cache-control").to_ascii_lowercase().contains("no-store");
    let is_json = reply.header("content-type").is_some_and(|value| value.to_ascii_lowercase().contains("json"));
    match (reply.status, is_json, no_store) {
        (200, true, true) => record.pass("token.response", "the response is JSON, and no cache on the way may keep it"),
        (200, true, false) => record.warn(
            "token.response",
            "the response is not marked `Cache-Control: no-store`",
            "a cache on the way may keep the token (RFC 6749 section 5.1)",
        ),
        (200, false, _) => record.warn(
            "token.response",
            "the response is not labeled as JSON",
            "RFC 6749 section 5.1 asks for application/json",
        ),
        (status, ..) => record.warn(
            "token.response",
            format!("the response has status {status}, not 200"),
            "RFC 6749 section 5.1 asks for 200",
        ),
    }
}

fn check_lifetime(record: &mut Recorder<'_>, context: &CheckContext<'_>, token: &Token) {
    let id = "token.lifetime";
    let known = token.lifetime_secs;
    if let Some(least) = context.lifetimes.min_ttl {
        let shown = humantime::format_duration(least);
        let hint = "raise the lifetime at the server, or lower `min_ttl`";
        match known {
            None => {
                let message = format!("it is not known how long the token lives, and `min_ttl` asks for {shown}");
                return record.fail(id, message, hint);
            }
            Some(secs) if Duration::from_secs(secs.max(0).unsigned_abs()) < least => {
                let message = format!("the token lives {secs} s, less than the {shown} that `min_ttl` asks for");
                return record.fail(id, message, hint);
            }
            Some(_) => {}
        }
    }
    let written = token.members.get("expires_in").map(|raw| raw.get()).filter(|raw| *raw != "null");
    match (written, written.and_then(token_response::lifetime_of), known) {
        (None, _, None) => record.warn(
            id,
            "the server does not say how long the token lives",
            "without `expires_in` tokens are cached only with `default_ttl`",
        ),
        (None, _, Some(secs)) => record.warn(
            id,
            format!("the response has no `expires_in`; going by its `exp` the token lives {secs} s"),
            "other clients do not look into the token (RFC 6749 section 5.1 recommends `expires_in`)",
        ),
        (Some(_), None, _) => record.warn(
            id,
            "the `expires_in` of the response is not a number",
            "other clients fail on that (RFC 6749 section 5.1)",
        ),
        (Some(_), Some(secs @ ..=0), _) => record.warn(
            id,
            format!("the token has expired already (`expires_in` is {secs})"),
            "the server's setting is wrong",
        ),
        (Some(raw), Some(secs), _) if raw.starts_with('"') => record.warn(
            id,
            format!("the token lives {secs} s; `expires_in` is a string, not a number"),
            "other clients fail on that (RFC 6749 section 5.1)",
        ),
        (Some(_), Some(secs), _) if Duration::from_secs(secs.unsigned_abs()) > IMPLAUSIBLE => record.warn(
            id,
            format!("the token lives {secs} s, which is {} days", secs / 86_400),
            "is `expires_in` in milliseconds? RFC 6749 section 5.1 has seconds",
        ),
        (Some(_), Some(secs), _) if Duration::from_secs(secs.unsigned_abs()) > LONG => {
            record.info(id, format!("the token lives {secs} s, more than a day: for so long a leaked one is of use"));
        }
        (Some(_), Some(secs), _) => record.pass(id, format!("the token lives {secs} s")),
    }
}

fn check_scope(record: &mut Recorder<'_>, context: &CheckContext<'_>, token: &Token) {
    let id = "token.scope";
    let (required, asked) = (&context.expected.scope, &context.source.client().grant.scope);
    let unmet = |granted: &Scope| {
        let missing = required.missing_from(granted).into_iter().filter(|word| !token.permissions.contains(word));
        missing.map(str::to_owned).collect::<Vec<_>>()
    };
    let Some(granted) = &token.granted else {
        if !required.is_empty() && unmet(&Scope::default()).is_empty() {
            return record.pass(id, "the token allows what is required, by its roles or permissions");
        }
        let silent = "neither the response nor the token says what was granted";
        return if required.is_empty() && asked.is_empty() {
            record.skip(id, silent);
        } else if required.is_empty() {
            record.info(id, format!("{silent}: as asked, by RFC 6749 section 5.1, unless the server ignores scopes"));
        } else if required.missing_from(asked).is_empty() {
            // RFC 6749 section 5.1 says that it is what was asked for; servers that ignore scopes they do not know say
            // as little.
            let message =
                format!("{silent}: as asked, by RFC 6749 section 5.1, but some servers ignore what they do not know");
            record.warn(id, message, "probe the API with --api to be sure");
        } else {
            let lacks = required.missing_from(asked).join(" ");
            record.fail(id, format!("{silent}, and `{lacks}` was not asked for"), "`scope` must ask for it");
        };
    };
    let shown = |words: &[&str]| context.host.ui.redactor.quote(&words.join(" "));
    let lacks = unmet(granted);
    if !lacks.is_empty() {
        return record.fail(
            id,
            format!("`{}` was not granted; granted: {}", lacks.join(" "), shown(&granted.sorted())),
            "the client must be allowed it, and `scope` must ask for it",
        );
    }
    let less = asked.missing_from(granted);
    let more = granted.missing_from(asked);
    if !less.is_empty() {
        record.warn(
            id,
            format!("less was granted than asked: `{}` is missing", less.join(" ")),
            "the client may not be allowed it",
        );
    } else if !more.is_empty() && !asked.is_empty() {
        record.info(id, format!("more was granted than asked: {}", shown(&more)));
    } else if granted.is_empty() {
        record.info(id, "no scope was granted");
    } else {
        record.pass(id, format!("granted: {}", shown(&granted.sorted())));
    }
}
