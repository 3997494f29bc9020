//! The token response (RFC 6749 section 5.1): what is required, what servers send instead, and how long a token lives.
//! Refuses to store or to print one.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::message::Response;
use crate::oauth::answer_shape;
use crate::oauth::jose::jwt::Claims;
use crate::oauth::scope::Scope;
use crate::oauth::token_error;
use crate::oauth::token_error::Hint;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::json;
use crate::platform::json::Members;
use crate::platform::secret::Secret;
use crate::platform::unix_time;

/// `exp` and `expires_in` may differ by so many seconds without a word.
const TOLERATED_SECS: i64 = 60;

/// No lifetime is believed beyond ten years: it is added to a timestamp.
const LONGEST_SECS: i64 = 10 * 365 * 24 * 3600;

/// A token as it was granted.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself, fit for a Bearer header (RFC 6750 section 2.1).
    pub access_token: Secret,
    /// The moment before it was asked for: lifetimes count from here.
    pub sent_at: SystemTime,
    /// When it expires, if the server or the token says so.
    pub expires_at: Option<SystemTime>,
    /// The lifetime at the time of the grant, zero or negative as the server said; `None` if unknown.
    pub lifetime_secs: Option<i64>,
    /// What `expires_in` says, which may be more than the token's own end allows.
    pub stated_secs: Option<i64>,
    /// What was granted, if the server or the token itself says so.
    pub granted: Option<Scope>,
    /// What else the token says that it allows: its `roles`, `permissions`, and `authorities`.
    pub permissions: Scope,
    /// Every member of the response but a refresh token, as it was written.
    pub members: Members,
    /// Whether a refresh token came along and was dropped.
    pub had_refresh_token: bool,
    /// What deserves a warning, in sentences.
    pub warnings: Vec<String>,
}

/// What the reader of an answer knows beforehand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// What refusals mean: those of the provider, and those of any.
    pub hints: [&'a [Hint]; 2],
    /// Values of `token_type` beside `Bearer` that mean it.
    pub bearer_token_types: &'a [String],
    /// What was asked for.
    pub scope: Option<&'a Scope>,
}

/// Reads an answer of the token endpoint.
///
/// # Errors
/// Whatever [`token_error::refusal`] makes of a refusal; bad response for an answer that cannot be used as a token.
pub fn parse_response(reply: &Response, expected: Expected<'_>, now: SystemTime) -> Result<Token> {
    let mut warnings = Vec::new();
    let members = match json::parse::<Members>(&reply.body) {
        Ok(members) => members,
        Err(_) if reply.is_success() && answer_shape::is_form(&reply.body) => {
            warnings.push("the token response is a form, not JSON (RFC 6749 section 5.1)".into());
            form_members(&reply.body)
        }
        // Not quoted: it may be a bare token.
        Err(why) if reply.is_success() && !reply.is_html() && !reply.is_xml() && !reply.body.is_empty() => {
            let error = malformed(reply, "the answer of the token endpoint cannot be read").cause(why);
            return Err(answer_shape::add_to(error, reply));
        }
        Err(_) => return Err(token_error::refusal(reply, expected.hints, now)),
    };
    let has_token = members.get("access_token").is_some();
    // `"error": false` beside a token is how some frameworks say that there was none.
    let no_error = |raw: &RawValue| {
        matches!(raw.get(), "null" | "\"\"") || (has_token && matches!(raw.get(), "false" | "0" | "\"0\""))
    };
    if members.get("error").is_some_and(|raw| !no_error(raw)) || !reply.is_success() {
        return Err(token_error::refusal(reply, expected.hints, now));
    }
    for name in ["access_token", "token_type", "expires_in", "error"] {
        if members.count(name) > 1 {
            return Err(malformed(reply, "the answer of the token endpoint is ambiguous")
                .cause(format!("the member `{name}` stands in it more than once")));
        }
    }
    if reply.status != 200 {
        warnings.push(format!("the token endpoint answered {}, not 200", reply.status));
    }
    if !has_token {
        return Err(without_token(reply, &members, expected.hints, now));
    }
    let access_token = access_token(reply, &members)?;
    check_type(reply, &members, expected.bearer_token_types, &mut warnings)?;
    let claims = Claims::decode_unverified(access_token.expose());
    let own = claims.as_ref().and_then(|claims| own_lifetime(claims, reply));
    let stated_secs = lifetime(&members, &mut warnings);
    let lifetime_secs = earlier(stated_secs, own, &mut warnings);
    let expires_at = lifetime_secs.map(|secs| reply.sent_at + Duration::from_secs(secs.max(0).unsigned_abs()));
    if lifetime_secs.is_some_and(|secs| secs <= 0) {
        warnings.push("the server granted a token that has already expired (`expires_in` is not above zero)".into());
    }
    let of_claims = || Scope::parse_granted(&claims.as_ref()?.scopes()?, expected.scope).ok();
    let granted = stated_scope(&members, expected.scope).or_else(of_claims);
    let had_refresh_token = members.get("refresh_token").is_some();
    if had_refresh_token {
        warnings.push("the server also sent a refresh token, which this grant should not have (RFC 6749 section 4.4.3); it was dropped".into());
    }
    let members = Members(members.0.into_iter().filter(|(name, _)| name != "refresh_token").collect());
    Ok(Token {
        access_token,
        sent_at: reply.sent_at,
        expires_at,
        lifetime_secs,
        stated_secs,
        granted,
        permissions: claims.as_ref().map(Claims::permissions).unwrap_or_default(),
        members,
        had_refresh_token,
        warnings,
    })
}

/// What was granted, if the response says so.
pub fn stated_scope(members: &Members, asked: Option<&Scope>) -> Option<Scope> {
    Scope::parse_granted(&scope_text(members)?, asked).ok()
}

/// A form as the JSON object that it should have been.
fn form_members(body: &[u8]) -> Members {
    let pairs = ::url::form_urlencoded::parse(body);
    let member = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        let text = Value::String(value.into_owned()).to_string();
        (name.into_owned(), RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    };
    Members(pairs.map(member).collect())
}

/// The error for a success without `access_token`: a refusal in disguise, or a token under another name.
fn without_token(reply: &Response, members: &Members, hints: [&[Hint]; 2], now: SystemTime) -> Error {
    let error = token_error::refusal(reply, hints, now);
    let elsewhere = ["accessToken", "AccessToken", "token", "id_token", "jwt", "data", "result", "response"];
    match elsewhere.into_iter().find(|name| members.get(name).is_some()) {
        Some(name) => error
            .cause(format!("it has `{name}`, and OAuth 2.0 has the token in `access_token` (RFC 6749 section 5.1)")),
        None => error,
    }
}

fn access_token(reply: &Response, members: &Members) -> Result<Secret> {
    let token = members.text("access_token").map(Secret::new).ok_or_else(|| {
        malformed(reply, "the answer of the token endpoint holds no access token")
            .cause("`access_token` is not a string")
    })?;
    if token.expose().is_empty() {
        return Err(
            malformed(reply, "the answer of the token endpoint holds no access token").cause("`access_token` is empty")
        );
    }
    if !is_sendable(token.expose()) {
        return Err(malformed(reply, "the access token cannot be sent in a header").cause(
            "it holds a space, a control character, or a character beyond ASCII (not shown); RFC 6749 appendix A.12 allows visible ASCII only",
        ));
    }
    Ok(token)
}

/// Token types that need a proof with every request: calling them Bearer would not make them work.
const NEEDS_PROOF: [&str; 4] = ["dpop", "mac", "pop", "n_a"];

fn check_type(reply: &Response, members: &Members, bearer: &[String], warnings: &mut Vec<String>) -> Result<()> {
    let not_bearer = || malformed(reply, "the token is not a Bearer token");
    let name = match members.get("token_type").map(|raw| serde_json::from_str::<Option<String>>(raw.get())) {
        None => String::new(),
        Some(Ok(name)) => name.unwrap_or_default().trim().to_owned(),
        Some(Err(_)) => return Err(not_bearer().cause("its `token_type` is not a string")),
    };
    let is = |known: &str| known.trim().eq_ignore_ascii_case(&name);
    if name.is_empty() {
        warnings.push("the token response has no `token_type`; Bearer is assumed".into());
    } else if NEEDS_PROOF.into_iter().any(is) {
        return Err(not_bearer().cause_quoted("its `token_type` is", name).hint(
            "only Bearer tokens (RFC 6750) can be used; such a token needs a proof with every request, which is not supported: the client must be registered without it",
        ));
    } else if !is("bearer") && !bearer.iter().any(|known| is(known)) {
        return Err(not_bearer().cause_quoted("its `token_type` is", name).hint(
            "if the server's documentation says that the token is sent as `Authorization: Bearer`, name this type in `bearer_token_types` (`--bearer-token-type`, `M2M_BEARER_TOKEN_TYPES`)",
        ));
    }
    Ok(())
}

/// Whether a token can be sent as it is: visible ASCII without the space (RFC 6749 appendix A.12). Several large servers
/// use characters beyond RFC 6750's grammar.
pub fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The grammar of RFC 6750 section 2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
pub fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

/// `expires_in` in whole seconds: a number (floored) or a decimal string; anything else counts as unknown.
fn lifetime(members: &Members, warnings: &mut Vec<String>) -> Option<i64> {
    let raw = members.get("expires_in").map(|raw| raw.get()).filter(|raw| *raw != "null")?;
    let secs = lifetime_of(raw);
    if secs.is_none() {
        warnings.push("the `expires_in` of the token response is not a number; the lifetime is unknown, and only with `default_ttl` is the token cached".into());
    }
    secs
}

/// The granted scope as one text. Some servers send an array, against RFC 6749 section 3.3.
fn scope_text(members: &Members) -> Option<String> {
    let raw = members.get("scope")?;
    let array = serde_json::from_str::<Vec<String>>(raw.get()).ok().map(|words| words.join(" "));
    members.text("scope").or(array)
}

/// How long a JWT says that it lives, in seconds: `exp` by the server's own clock (`Date`), or from `iat`, or, where the
/// server tells neither, by ours.
fn own_lifetime(claims: &Claims, reply: &Response) -> Option<i64> {
    let exp = claims.expires()?;
    let date = reply.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    let issued = claims.issued_at().map(|iat| SystemTime::UNIX_EPOCH + Duration::from_secs(iat));
    Some(seconds_until(exp, date.or(issued).unwrap_or(reply.sent_at)))
}

/// The earlier of `expires_in` and the token's own end: a server that caches tokens may state a full `expires_in` for an old
/// one.
fn earlier(stated: Option<i64>, own: Option<i64>, warnings: &mut Vec<String>) -> Option<i64> {
    let (Some(stated), Some(own)) = (stated, own) else { return stated.or(own) };
    if stated - own > TOLERATED_SECS {
        warnings.push(format!(
            "the token itself expires {own}s from now, before its `expires_in` ({stated}s); the earlier counts"
        ));
    }
    Some(stated.min(own))
}

/// An `expires_in` as it was written, in whole seconds.
pub fn lifetime_of(raw: &str) -> Option<i64> {
    let text = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
    let text = text.trim();
    let decimal = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let secs = text.parse::<f64>().ok().filter(|secs| decimal && secs.is_finite())?;
    Some((secs.floor() as i64).clamp(-LONGEST_SECS, LONGEST_SECS))
}

fn seconds_until(exp: u64, from: SystemTime) -> i64 {
    let now = unix_time::seconds(from);
    (i64::try_from(exp).unwrap_or(i64::MAX).saturating_sub_unsigned(now)).clamp(-LONGEST_SECS, LONGEST_SECS)
}

fn malformed(reply: &Response, message: &str) -> Error {
    Error::new(ErrorKind::BadResponse, message)
        .cause(format!("POST {} answered {}", reply.url, reply.status))
        .http_context(reply.http_context())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::oauth::refusal::response;
    use reqwest::header::HeaderMap;

    fn parse(body: &str) -> Result<Token> {
        let reply = Response {
            status: 200,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            sent_at: SystemTime::UNIX_EPOCH,
            url: "https://as/t".into(),
            retry_after_exceeds_deadline: false,
        };
        parse_response(&reply, Expected::default(), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn lifetimes_in_all_their_shapes() {
        for (written, secs) in [
            ("3600", Some(3600)),
            ("3599.9", Some(3599)),
            ("\"3599\"", Some(3599)),
            ("\" 3599 \"", Some(3599)),
            ("\"3599.5\"", Some(3599)),
            ("3.6e3", Some(3600)),
            ("0", Some(0)),
            ("-5", Some(-5)),
            ("1e300", Some(LONGEST_SECS)),
            ("null", None),
            ("true", None),
            ("\"soon\"", None),
            ("\"inf\"", None),
            ("\"nan\"", None),
            ("[1]", None),
        ] {
            let token =
                parse(&format!(r#"{{"access_token":"abc","token_type":"Bearer","expires_in":{written}}}"#)).unwrap();
            assert_eq!(token.lifetime_secs, secs, "{written}");
        }
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        for body in [
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":null,"token_type":"Bearer"}"#,
            r#"{"access_token":7,"token_type":"Bearer"}"#,
            r#"{"access_token":"a b","token_type":"Bearer"}"#,
            r#"{"access_token":"a\nb","token_type":"Bearer"}"#,
            r#"{"access_token":"abc","token_type":"N_A"}"#,
            r#"{"access_token":"abc","token_type":"BearerToken"}"#,
            r#"{"access_token":"é","token_type":"Bearer"}"#,
            r#"{"access_token":"abc","token_type":"mac"}"#,
            r#"{"access_token":"abc","token_type":"DPoP"}"#,
            r#"{"access_token":"abc","access_token":"abc","token_type":"Bearer"}"#,
            r#"{"access_token":"abc","expires_in":1,"expires_in":2,"token_type":"Bearer"}"#,
            r#"{"access_token":"abc","token_type":"Bearer""#,
            r#"["abc"]"#,
        ] {
            assert_eq!(parse(body).err().map(|e| e.kind()), Some(ErrorKind::BadResponse), "{body}");
        }
    }

    #[test]
    fn every_visible_ascii_character_may_stand_in_a_token() {
        for token in ["AAAA%2FAAA%3DAAAA", "Atc|MQEW", "v^1.1#i^1#p^3", "00D5f!AQ4AQ", "=="] {
            let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#);
            assert_eq!(parse(&body).unwrap().access_token.expose(), token);
        }
    }

    #[test]
    fn another_word_for_bearer_is_taken_if_it_is_named_and_a_token_with_proofs_never() {
        for (written, named, taken) in [
            ("BearerToken", &["bearertoken"][..], true),
            ("Application Access Token", &["Application Access Token"], true),
            ("Application Access Token", &["User Access Token"], false),
            ("DPoP", &["dpop"], false),
            ("N_A", &["N_A"], false),
            (" bearer ", &[], true),
            ("", &[], true),
        ] {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            let body = format!(r#"{{"access_token":"a","token_type":"{written}"}}"#);
            let expected = Expected { bearer_token_types: &named, ..Expected::default() };
            let read = parse_response(&response(200, &[], &body), expected, SystemTime::UNIX_EPOCH);
            assert_eq!(read.is_ok(), taken, "{written} {named:?}");
        }
    }

    #[test]
    fn a_form_is_read_and_other_shapes_are_named() {
        let token = parse("access_token=a%2Fb&expires_in=60&token_type=bearer").unwrap();
        assert_eq!((token.access_token.expose(), token.lifetime_secs), ("a/b", Some(60)));
        assert!(token.warnings[0].contains("a form"));
        for (body, named) in [
            (r#"{"accessToken":"s3cr3t"}"#, "it has `accessToken`"),
            (r#"{"data":{"access_token":"s3cr3t"}}"#, "it has `data`"),
        ] {
            let error = parse(body).unwrap_err();
            let causes = format!("{:?}", error.causes());
            assert!(causes.contains(named) && !causes.contains("s3cr3t"), "{causes}");
        }
    }

    #[test]
    fn false_and_zero_are_no_error_beside_a_token() {
        for error in ["false", "0", "\"0\"", "null", "\"\""] {
            assert!(
                parse(&format!(r#"{{"error":{error},"access_token":"a","token_type":"bearer"}}"#)).is_ok(),
                "{error}"
            );
        }
        assert!(parse(r#"{"error":"invalid_client","access_token":"a","token_type":"bearer"}"#).is_err());
    }

    #[test]
    fn what_servers_do_is_tolerated() {
        for body in [
            "\u{feff}{\"access_token\":\"abc\",\"token_type\":\"bearer\"}",
            r#"{"access_token":"abc"}"#,
            r#"{"access_token":"abc==","token_type":"BEARER","x":1,"x":2}"#,
            r#"{"error":null,"access_token":"abc","token_type":"Bearer"}"#,
        ] {
            assert!(parse(body).is_ok(), "{body}");
        }
    }

    #[test]
    fn a_scope_that_is_an_array_is_read() {
        let token = parse(r#"{"access_token":"a","token_type":"bearer","scope":["read","write"]}"#).unwrap();
        assert_eq!(token.granted.map(|scope| scope.joined()), Some("read write".to_owned()));
    }

    #[test]
    fn the_earlier_of_expires_in_and_the_tokens_own_end_counts_by_the_servers_clock() {
        let jwt = |claims: &str| format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let body =
            |claims: &str| format!(r#"{{"access_token":"{}","token_type":"bearer","expires_in":900}}"#, jwt(claims));
        let date = "Thu, 01 Jan 1970 00:16:40 GMT"; // 1000
        for (claims, date, secs, warned) in [
            (r#"{"exp":1010}"#, Some(date), 10, true),
            (r#"{"exp":5000}"#, Some(date), 900, false),
            (r#"{"exp":1890}"#, Some(date), 890, false),
            (r#"{"exp":900}"#, Some(date), -100, true),
            (r#"{"iat":5000,"exp":5300}"#, None, 300, true),
        ] {
            let headers: Vec<(&str, &str)> = date.map(|date| ("date", date)).into_iter().collect();
            let token =
                parse_response(&response(200, &headers, &body(claims)), Expected::default(), SystemTime::UNIX_EPOCH)
                    .unwrap();
            assert_eq!(token.lifetime_secs, Some(secs), "{claims}");
            assert_eq!(token.warnings.iter().any(|warning| warning.contains("the earlier counts")), warned, "{claims}");
        }
    }

    #[test]
    fn a_refresh_token_is_dropped_with_a_remark() {
        let token = parse(r#"{"access_token":"abc","token_type":"Bearer","refresh_token":"r"}"#).unwrap();
        assert!(token.members.get("refresh_token").is_none());
        assert_eq!(token.warnings.len(), 1);
    }
}
