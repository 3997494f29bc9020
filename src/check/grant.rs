//! The checks around the grant: how long it took, whose clock is wrong, how much is left of a quota, and whether the
//! server minds what is asked.

use std::time::{Duration, SystemTime};

use crate::check::context::CheckContext;
use crate::check::report::Recorder;
use crate::http::message::Response;
use crate::oauth::discovery::Metadata;
use crate::oauth::grant::Grant;
use crate::oauth::scope::Scope;
use crate::oauth::token_response;
use crate::platform::error::ErrorKind;
use crate::tokens::credentials::ClientCredentials;

/// Slower grants are worth a warning.
const SLOW: Duration = Duration::from_secs(5);
/// Clocks that differ by more are worth a warning.
const SKEW: Duration = Duration::from_secs(30);
/// Requested by `--negative`; no client has it.
const NO_SUCH_SCOPE: &str = "m2m-check/no-such-scope";

/// Our clock against the server's `Date`.
pub(crate) fn check_clock(record: &mut Recorder<'_>, reply: &Response, now: SystemTime) {
    let id = "server.clock";
    let Some(theirs) = reply.header("date").and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return record.skip(id, "the server did not tell its time");
    };
    let skew = theirs.duration_since(now).unwrap_or_else(|e| e.duration());
    if skew <= SKEW {
        record.pass(id, "the server's clock and ours agree");
    } else {
        let message = format!(
            "the server's clock and ours differ by {}",
            humantime::format_duration(Duration::from_secs(skew.as_secs()))
        );
        record.warn(id, message, "set this machine's clock (NTP): expiry and signed assertions depend on it");
    }
}

/// How long the grant took, attempts that failed included.
pub(crate) fn check_latency(record: &mut Recorder<'_>, took: Duration) {
    let message = format!("the grant took {} ms", took.as_millis());
    if took <= SLOW {
        record.pass("token.latency", message);
    } else {
        record.warn("token.latency", message, "slow answers make pipelines fail at random; ask the server's operator");
    }
}

/// Auth0's quota headers, and the common ones.
pub(crate) fn check_quota(record: &mut Recorder<'_>, reply: &Response) {
    let id = "token.quota";
    let number = |name: &str| reply.header(name).and_then(|value| value.trim().parse::<f64>().ok());
    let common = number("x-ratelimit-remaining").zip(number("x-ratelimit-limit"));
    let auth0 = ["auth0-client-quota-limit", "auth0-organization-quota-limit"]
        .into_iter()
        .filter_map(|name| reply.header(name))
        .flat_map(|value| value.split(',').filter_map(bucket));
    // What runs out first counts.
    let scarcest = auth0
        .chain(common)
        .min_by(|(left, limit), (other_left, other_limit)| (left * other_limit).total_cmp(&(other_left * limit)));
    match scarcest {
        None => record.skip(id, "the server tells no quota"),
        Some((left, limit)) if left * 10.0 < limit => {
            record.warn(
                id,
                format!("{left} of {limit} token requests are left"),
                "cache tokens, or ask for a larger quota",
            );
        }
        Some((left, limit)) => record.pass(id, format!("{left} of {limit} token requests are left")),
    }
}

/// What is left of how much, in a quota such as `b=per_hour;q=100;r=99;t=1`.
fn bucket(text: &str) -> Option<(f64, f64)> {
    let field = |name: &str| -> Option<f64> {
        text.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    field("r").zip(field("q"))
}

/// Asks for a scope that does not exist: a server that grants it checks nothing.
pub(crate) async fn check_negative(
    record: &mut Recorder<'_>,
    context: &CheckContext<'_>,
    proof: &ClientCredentials<'_>,
    metadata: Option<&Metadata>,
) {
    let id = "token.negative";
    if !context.expected.negative {
        return record.skip(id, "only with --negative, which costs one more token request");
    }
    let Ok(scope) = Scope::parse(NO_SUCH_SCOPE) else { return };
    let asked = Grant { scope, ..context.source.client().grant.clone() };
    let sent = context.source.request(context.host, &context.http, proof, metadata, &asked).await;
    let lenient = "the server does not check scopes: an API must not rely on them";
    match sent
        .and_then(|reply| token_response::parse_response(&reply, context.source.expected(), context.host.process.now()))
    {
        Err(error) if matches!(error.kind(), ErrorKind::ScopeRejected | ErrorKind::CredentialsRejected) => {
            record.pass(id, "a scope that does not exist is refused");
        }
        // Whatever this is, it is not a refusal of the scope.
        Err(error) => record.warn_with(id, &error),
        Ok(token) => match &token.granted {
            // Servers that ignore scopes they do not know answer so, against RFC 6749 section 5.1.
            None => record.info(id, "a token was granted, and neither the response nor the token says for which scope"),
            Some(granted) if asked.scope.missing_from(granted).is_empty() => {
                record.warn(id, "a scope that does not exist was granted", lenient);
            }
            Some(_) => record.pass(id, "a scope that does not exist is not granted"),
        },
    }
}
