//! The checks of a granted token: response, lifetime, scope, and the JWT where it is one.

use std::time::Duration;

use crate::flows::client_proof::{self, ClientProof};
use crate::flows::smoke::Bench;
use crate::flows::smoke::record::Recorder;
use crate::flows::verification::{self, Trust};
use crate::oauth::discovery::Metadata;
use crate::oauth::grant::Grant;
use crate::oauth::jwks::Refusal;
use crate::oauth::jwt::{Jwt, Token as Shape};
use crate::oauth::scope::Scope;
use crate::oauth::token::{self, Token};
use crate::platform::http::Reply;

/// Larger tokens do not pass many gateways.
const LARGE: usize = 8 * 1024;
/// `exp` and `expires_in` may differ by this much.
const TOLERANCE: Duration = Duration::from_secs(60);
/// Asked for by `--negative`; nobody has it.
const NO_SUCH_SCOPE: &str = "m2m-check/no-such-scope";

/// Runs the checks of a token.
pub(crate) async fn check(
    record: &mut Recorder<'_>,
    bench: &Bench<'_>,
    reply: &Reply,
    token: &Token,
    metadata: Option<&Metadata>,
) {
    check_response(record, reply, token);
    check_lifetime(record, bench, token);
    check_scope(record, bench, token);
    check_quota(record, reply);
    match Shape::read(token.access_token.expose()) {
        Shape::Signed(jwt) => check_jwt(record, bench, token, &jwt, metadata).await,
        other => {
            let (what, opaque) = match other {
                Shape::Encrypted { .. } => ("the token is an encrypted JWT", false),
                _ => ("the token is opaque, not a JWT", true),
            };
            if opaque && bench.settings.preset.needs_audience && bench.source.client().grant.audience.is_none() {
                record.warn(
                    "jwt.claims",
                    format!("{what}: without `audience` this provider grants a token that no API accepts"),
                    "set `audience` to the identifier of the API",
                );
            } else {
                record.info("jwt.claims", what);
            }
            if bench.expected.audiences.is_empty() {
                record.skip("jwt.audience", what);
            } else {
                record.miss(
                    "jwt.audience",
                    format!("{what}, so its audience cannot be told"),
                    "ask for a JWT access token, or drop --require-aud",
                );
            }
            record.skip("jwt.signature", what);
            record.skip("jwt.binding", what);
        }
    }
}

fn check_response(record: &mut Recorder<'_>, reply: &Reply, token: &Token) {
    match token.members.text("token_type") {
        Some(_) => record.pass("token.type", "the token is a Bearer token"),
        None => record.warn(
            "token.type",
            "the response has no `token_type`; Bearer is assumed",
            "RFC 6749 section 5.1 requires it",
        ),
    }
    let size = token.access_token.expose().len();
    if size <= LARGE {
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
    let no_store = reply.header("cache-control").is_some_and(|value| value.to_ascii_lowercase().contains("no-store"));
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
            "the response is not labelled as JSON",
            "RFC 6749 section 5.1 asks for application/json",
        ),
        (status, ..) => record.warn(
            "token.response",
            format!("the response has status {status}, not 200"),
            "RFC 6749 section 5.1 asks for 200",
        ),
    }
}

fn check_lifetime(record: &mut Recorder<'_>, bench: &Bench<'_>, token: &Token) {
    let id = "token.lifetime";
    let Some(secs) = token.lifetime_secs else {
        return record.warn(
            id,
            "the server does not say how long the token lives",
            "without `expires_in` tokens are cached only with `default_ttl`",
        );
    };
    let least = bench.lifetimes.min_ttl.unwrap_or_default();
    if secs < 0 || Duration::from_secs(secs.unsigned_abs()) < least {
        return record.miss(
            id,
            format!("the token lives {secs} s, less than --min-ttl"),
            "raise the lifetime at the server, or lower --min-ttl",
        );
    }
    match (secs, token.members.get("expires_in").map(|raw| raw.get().starts_with('"'))) {
        (0, _) => record.warn(id, "the token has expired already (`expires_in` is 0)", "the server's setting is wrong"),
        (_, Some(true)) => record.warn(
            id,
            format!("the token lives {secs} s; `expires_in` is a string, not a number"),
            "other clients fail on that (RFC 6749 section 5.1)",
        ),
        _ => record.pass(id, format!("the token lives {secs} s")),
    }
}

fn check_scope(record: &mut Recorder<'_>, bench: &Bench<'_>, token: &Token) {
    let id = "token.scope";
    let (required, asked) = (&bench.expected.scope, &bench.source.client().grant.scope);
    let Some(granted) = &token.granted else {
        return if required.is_empty() {
            record.skip(id, "neither the response nor the token says what was granted");
        } else {
            record.miss(
                id,
                "neither the response nor the token says what was granted, so --require-scope cannot be told",
                "probe the API with --api instead",
            );
        };
    };
    let lacks = required.missing_from(granted);
    if !lacks.is_empty() {
        return record.miss(
            id,
            format!("`{}` was not granted", lacks.join(" ")),
            "the client must be allowed it, and `scope` must ask for it",
        );
    }
    let less = asked.missing_from(granted);
    let more = granted.missing_from(asked);
    let shown = |words: &[&str]| bench.host.redactor.quote(&words.join(" "));
    if !less.is_empty() {
        record.warn(
            id,
            format!("less was granted than asked: `{}` is missing", less.join(" ")),
            "the client may not be allowed it",
        );
    } else if !more.is_empty() && !asked.is_empty() {
        record.info(id, format!("more was granted than asked: {}", shown(&more)));
    } else {
        record.pass(id, format!("granted: {}", shown(&granted.sorted())));
    }
}

/// Auth0's quota headers, and the common ones.
fn check_quota(record: &mut Recorder<'_>, reply: &Reply) {
    let id = "token.quota";
    let number = |name: &str| reply.header(name).and_then(|value| value.trim().parse::<f64>().ok());
    let auth0 = reply.header("auth0-client-quota-limit").and_then(|value| {
        let field = |name: &str| {
            let part = value.split([';', ',']).find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            part.and_then(|number| number.parse::<f64>().ok())
        };
        field("r").zip(field("q"))
    });
    match auth0.or_else(|| number("x-ratelimit-remaining").zip(number("x-ratelimit-limit"))) {
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

async fn check_jwt(
    record: &mut Recorder<'_>,
    bench: &Bench<'_>,
    token: &Token,
    jwt: &Jwt,
    metadata: Option<&Metadata>,
) {
    check_claims(record, bench, token, jwt, metadata);
    check_audience(record, bench, jwt);
    check_signature(record, bench, jwt, metadata).await;
    check_binding(record, bench, jwt);
}

fn check_claims(record: &mut Recorder<'_>, bench: &Bench<'_>, token: &Token, jwt: &Jwt, metadata: Option<&Metadata>) {
    let id = "jwt.claims";
    if jwt.head.alg.eq_ignore_ascii_case("none") || jwt.head.alg.is_empty() {
        return record.miss(
            id,
            "the token is a JWT that is not signed (`alg: none`)",
            "no API should accept it: the server's setting is wrong",
        );
    }
    let shown = |text: &str| bench.host.redactor.quote(text);
    let mut odd = Vec::new();
    if let (Some(metadata), Some(issuer)) = (metadata, jwt.claims.issuer())
        && issuer != metadata.issuer
    {
        odd.push(format!("its issuer is {}, the metadata's is {}", shown(issuer), shown(&metadata.issuer)));
    }
    if let Some(client) = jwt.claims.client()
        && client != bench.source.client().id
    {
        odd.push(format!("it was granted to the client {}", shown(client)));
    }
    if let (Some(exp), Some(expires_at), Some(_)) =
        (jwt.claims.expires(), token.expires_at, token.members.get("expires_in"))
    {
        let exp = std::time::SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(exp)).unwrap_or(expires_at);
        let apart = exp.duration_since(expires_at).unwrap_or_else(|e| e.duration());
        if apart > TOLERANCE {
            odd.push(format!("its `exp` and `expires_in` are {} s apart", apart.as_secs()));
        }
    }
    if odd.is_empty() {
        record.pass(id, "issuer, client and expiry agree with the settings and the response");
    } else {
        record.warn(
            id,
            format!("the token is odd: {}", odd.join("; ")),
            "an API may refuse it; compare with the server's documentation",
        );
    }
}

fn check_audience(record: &mut Recorder<'_>, bench: &Bench<'_>, jwt: &Jwt) {
    let id = "jwt.audience";
    let named = jwt.claims.audiences();
    let lacks: Vec<&str> =
        bench.expected.audiences.iter().map(String::as_str).filter(|wanted| !named.contains(wanted)).collect();
    if !lacks.is_empty() {
        return record.miss(
            id,
            format!("the token does not name the audience `{}`", lacks.join("`, `")),
            "set `audience` or `resource` to what the API expects",
        );
    }
    if named.is_empty() {
        return record.skip(id, "the token names no audience");
    }
    match bench.source.client().grant.audience.as_deref() {
        Some(asked) if !named.contains(&asked) => {
            record.warn(
                id,
                format!("the token does not name the audience `{asked}` that was asked for"),
                "the server ignored `audience`; an API may refuse the token",
            );
        }
        _ => record.pass(id, format!("the token is for {}", bench.host.redactor.quote(&named.join(", ")))),
    }
}

async fn check_signature(record: &mut Recorder<'_>, bench: &Bench<'_>, jwt: &Jwt, metadata: Option<&Metadata>) {
    let id = "jwt.signature";
    let Some(uri) = metadata.and_then(|metadata| metadata.jwks_uri.as_ref()) else {
        return record.skip(id, "the metadata names no key set");
    };
    match verification::check_signature(bench.host, &bench.http, uri, jwt).await {
        Ok(()) => record
            .pass(id, format!("a key of the issuer signed the token ({})", bench.host.redactor.quote(&jwt.head.alg))),
        Err(Trust::Unavailable(error)) => record.warn_of(id, &error),
        Err(Trust::Refused(refusal @ Refusal::NoKey(_))) => record.warn(
            id,
            refusal.to_string(),
            "keys may just have been rotated; APIs may refuse the token until they notice",
        ),
        Err(Trust::Refused(refusal @ Refusal::Algorithm(_))) => {
            record.warn(id, refusal.to_string(), "the signature cannot be told")
        }
        Err(Trust::Refused(refusal)) => {
            record.miss(id, refusal.to_string(), "no API should accept this token: is `issuer` the right one?")
        }
    }
}

/// Asks for a scope that does not exist: a server that grants it checks nothing.
pub(crate) async fn check_negative(
    record: &mut Recorder<'_>,
    bench: &Bench<'_>,
    proof: &ClientProof<'_>,
    metadata: Option<&Metadata>,
) {
    let id = "token.negative";
    if !bench.expected.negative {
        return record.skip(id, "only with --negative, which costs one more token request");
    }
    let Ok(scope) = Scope::parse(NO_SUCH_SCOPE) else { return };
    let asked = Grant { scope, ..bench.source.client().grant.clone() };
    let sent = bench.source.request(bench.host, &bench.http, proof, metadata, &asked).await;
    match sent.and_then(|reply| token::parse_response(&reply, &[], bench.host.now())) {
        Err(_) => record.pass(id, "a scope that does not exist is refused"),
        Ok(token) if token.granted.as_ref().is_some_and(|granted| asked.scope.missing_from(granted).is_empty()) => {
            record.warn(
                id,
                "a scope that does not exist was granted",
                "the server does not check scopes: an API must not rely on them",
            );
        }
        Ok(_) => record.pass(id, "a scope that does not exist is not granted"),
    }
}

/// A token that is bound to a certificate must be bound to ours (RFC 8705 section 3.1).
fn check_binding(record: &mut Recorder<'_>, bench: &Bench<'_>, jwt: &Jwt) {
    let id = "jwt.binding";
    let bound_to = jwt.claims.cnf.as_ref().and_then(|cnf| cnf.get("x5t#S256")).and_then(serde_json::Value::as_str);
    let client = bench.source.client();
    match (bound_to, client.shows_certificate()) {
        (None, false) => record.skip(id, "the token is not bound to a certificate"),
        (None, true) => record.info(id, "the token is not bound to the certificate: whoever has it can use it"),
        (Some(_), false) => record.miss(
            id,
            "the token is bound to a certificate that the client does not have",
            "set `client_cert` and `client_key`",
        ),
        (Some(theirs), true) => match client_proof::leaf(client) {
            Ok(ours) if ours == theirs => record.pass(id, "the token is bound to the client's certificate"),
            Ok(_) => record.miss(
                id,
                "the token is bound to another certificate than the client's",
                "an intermediary may show a certificate of its own",
            ),
            Err(error) => record.fail(id, &error),
        },
    }
}
