//! The checks of a token that is a JWT: claims, audience, signature. What an API would look at, looked at beforehand.

use std::time::Duration;

use crate::check::context::CheckContext;
use crate::check::report::Recorder;
use crate::oauth::discovery::Metadata;
use crate::oauth::jose::jwks::Refusal;
use crate::oauth::jose::jwt::{Jwt, ParsedToken as Shape};
use crate::oauth::token_response::Token;
use crate::platform::unix_time;
use crate::settings::key::SettingKey;
use crate::tokens::credentials;
use crate::tokens::verification;
use crate::tokens::verification::SignatureError;

/// `exp` and `expires_in` may differ by this much, in seconds.
const TOLERANCE_SECS: u64 = 60;

/// Runs the checks.
pub(crate) async fn check(
    record: &mut Recorder<'_>,
    context: &CheckContext<'_>,
    token: &Token,
    metadata: Option<&Metadata>,
) {
    match Shape::read(token.access_token.expose()) {
        Shape::Signed(jwt) => {
            check_claims(record, context, token, &jwt, metadata);
            check_audience(record, context, &jwt);
            check_signature(record, context, &jwt, metadata).await;
            check_binding(record, context, &jwt);
        }
        Shape::Encrypted { .. } => record_unreadable_token(record, context, "the token is an encrypted JWT", false),
        Shape::Damaged { why } => {
            record_unreadable_token(record, context, &format!("the token looks like a JWT, but {why}"), true)
        }
        Shape::Opaque => record_unreadable_token(record, context, "the token is opaque, not a JWT", true),
    }
}

/// A token that only its recipient or issuer can read.
fn record_unreadable_token(record: &mut Recorder<'_>, context: &CheckContext<'_>, what: &str, opaque: bool) {
    if opaque && context.settings.preset.needs_audience && context.source.client().grant.audience.is_none() {
        record.warn(
            "jwt.claims",
            format!("{what}: without `audience` this provider grants a token that no API accepts"),
            "set `audience` to the identifier of the API",
        );
    } else {
        record.info("jwt.claims", what);
    }
    if context.expected.audiences.is_empty() {
        record.skip("jwt.audience", what);
    } else {
        record.fail(
            "jwt.audience",
            format!("{what}, so its audience cannot be told"),
            "ask for a JWT access token, or drop --require-aud",
        );
    }
    record.skip("jwt.signature", what);
    record.skip("jwt.binding", what);
}

fn check_claims(
    record: &mut Recorder<'_>,
    context: &CheckContext<'_>,
    token: &Token,
    jwt: &Jwt,
    metadata: Option<&Metadata>,
) {
    let id = "jwt.claims";
    if jwt.head.alg.eq_ignore_ascii_case("none") || jwt.head.alg.is_empty() {
        return record.fail(
            id,
            "the token is a JWT that is not signed (`alg: none`)",
            "no API should accept it: the server's setting is wrong",
        );
    }
    let shown = |text: &str| context.host.ui.redactor.quote(text);
    let mut odd = Vec::new();
    let pinned = context.settings.text(SettingKey::Issuer).ok().flatten();
    match (jwt.claims.issuer(), metadata, pinned) {
        (Some(issuer), Some(metadata), _) if !verification::is_issuer(metadata, context.settings.preset, issuer) => {
            odd.push(format!("its issuer is {}, the metadata's is {}", shown(issuer), shown(&metadata.issuer)));
        }
        (Some(issuer), None, Some(pinned)) if !context.settings.preset.issuer_rule.accepts(&pinned, issuer) => {
            odd.push(format!("its issuer is {}, not {}", shown(issuer), shown(&pinned)));
        }
        _ => {}
    }
    if let Some(client) = jwt.claims.client()
        && client != context.source.client().id
    {
        odd.push(format!("it was granted to the client {}", shown(client)));
    }
    if let (Some(exp), Some(secs)) = (jwt.claims.expires(), token.stated_secs) {
        let expires_at = token.sent_at + Duration::from_secs(secs.max(0).unsigned_abs());
        let apart = exp.abs_diff(unix_time::seconds(expires_at));
        if apart > TOLERANCE_SECS {
            odd.push(format!("its `exp` and `expires_in` are {apart} s apart"));
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

fn check_audience(record: &mut Recorder<'_>, context: &CheckContext<'_>, jwt: &Jwt) {
    let id = "jwt.audience";
    let named = jwt.claims.audiences();
    let lacks: Vec<&str> =
        context.expected.audiences.iter().map(String::as_str).filter(|wanted| !named.contains(wanted)).collect();
    if !lacks.is_empty() {
        return record.fail(
            id,
            format!("the token does not name the audience `{}`", lacks.join("`, `")),
            "set `audience` or `resource` to what the API expects",
        );
    }
    match context.source.client().grant.audience.as_deref() {
        None if named.is_empty() => record.skip(id, "the token names no audience"),
        Some(asked) if !named.contains(&asked) => {
            record.warn(
                id,
                format!("the token does not name the audience `{asked}` that was asked for"),
                "the server ignored `audience`; an API may refuse the token",
            );
        }
        _ => record.pass(id, format!("the token is for {}", context.host.ui.redactor.quote(&named.join(", ")))),
    }
}

async fn check_signature(
    record: &mut Recorder<'_>,
    context: &CheckContext<'_>,
    jwt: &Jwt,
    metadata: Option<&Metadata>,
) {
    let id = "jwt.signature";
    let Some(metadata) = metadata else { return record.skip(id, "there is no metadata to name the issuer's keys") };
    let Some(uri) = &metadata.jwks_uri else {
        return record.skip(id, "the metadata names no key set that may be used (`jwks_uri`)");
    };
    match verification::check_signature(context.host, &context.http, uri, jwt).await {
        Ok(()) => record.pass(
            id,
            format!("a key of the issuer signed the token ({})", context.host.ui.redactor.quote(&jwt.head.alg)),
        ),
        Err(SignatureError::Unavailable(error)) => record.warn_with(id, &error),
        Err(SignatureError::Refused(refusal @ Refusal::NoKey(_))) => record.warn(
            id,
            refusal.to_string(),
            "keys may just have been rotated; APIs may refuse the token until they notice",
        ),
        Err(SignatureError::Refused(refusal @ Refusal::Algorithm(_))) => {
            record.warn(id, refusal.to_string(), "the signature cannot be told")
        }
        Err(SignatureError::Refused(refusal)) => {
            record.fail(id, refusal.to_string(), "no API should accept this token: is `issuer` the right one?")
        }
    }
}

/// A token that is bound to a certificate must be bound to ours (RFC 8705 section 3.1).
fn check_binding(record: &mut Recorder<'_>, context: &CheckContext<'_>, jwt: &Jwt) {
    let id = "jwt.binding";
    let bound_to = jwt.claims.cnf.as_ref().and_then(|cnf| cnf.get("x5t#S256")).and_then(serde_json::Value::as_str);
    let client = context.source.client();
    match (bound_to, client.offers_certificate()) {
        (None, false) => record.skip(id, "the token is not bound to a certificate"),
        (None, true) => record.info(id, "the token is not bound to the certificate: whoever has it can use it"),
        (Some(_), false) => record.fail(
            id,
            "the token is bound to a certificate that the client does not have",
            "set `client_cert` and `client_key`",
        ),
        (Some(theirs), true) => match credentials::certificate_thumbprint(context.host, client) {
            Ok(ours) if ours == theirs => record.pass(id, "the token is bound to the client's certificate"),
            Ok(_) => record.fail(
                id,
                "the token is bound to another certificate than the client's",
                "an intermediary may show a certificate of its own",
            ),
            Err(error) => record.fail_with(id, &error),
        },
    }
}
