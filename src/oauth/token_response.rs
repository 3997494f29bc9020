//! The token response (RFC 6749 section 5.1): what is required, what servers send instead, and how long a token lives.
//! Refuses to store or to print one.

use std::time::{Duration, SystemTime};

use crate::http::message::Response;
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
    /// Every member of the response but a refresh token, as it was written.
    pub members: Members,
    /// Whether a refresh token came along and was dropped.
    pub had_refresh_token: bool,
    /// What deserves a warning, in sentences.
    pub warnings: Vec<String>,
}

/// Reads an answer of the token endpoint.
///
/// # Errors
/// Whatever [`token_error::refusal`] makes of a refusal; bad response for an answer that cannot be used as a token.
pub fn parse_response(reply: &Response, hints: &[Hint], now: SystemTime) -> Result<Token> {
    let members = match json::parse::<Members>(&reply.body) {
        Ok(members) => members,
        Err(why) if reply.is_success() && !reply.is_html() && !reply.body.is_empty() => {
            return Err(malformed(reply, "the answer of the token endpoint cannot be read").cause(why));
        }
        Err(_) => return Err(token_error::refusal(reply, hints, now)),
    };
    let says_error = members.get("error").is_some_and(|raw| !matches!(raw.get(), "null" | "\"\""));
    if says_error || !reply.is_success() {
        return Err(token_error::refusal(reply, hints, now));
    }
    for name in ["access_token", "token_type", "expires_in", "error"] {
        if members.count(name) > 1 {
            return Err(malformed(reply, "the answer of the token endpoint is ambiguous")
                .cause(format!("the member `{name}` stands in it more than once")));
        }
    }
    let mut warnings = Vec::new();
    if reply.status != 200 {
        warnings.push(format!("the token endpoint answered {}, not 200", reply.status));
    }
    if members.get("access_token").is_none() {
        return Err(token_error::refusal(reply, hints, now));
    }
    let access_token = access_token(reply, &members)?;
    check_type(reply, &members, &mut warnings)?;
    let claims = Claims::decode_unverified(access_token.expose());
    let own = claims.as_ref().and_then(|claims| own_lifetime(claims, reply));
    let stated_secs = lifetime(&members, &mut warnings);
    let lifetime_secs = earlier(stated_secs, own, &mut warnings);
    let expires_at = lifetime_secs.map(|secs| reply.sent_at + Duration::from_secs(secs.max(0).unsigned_abs()));
    if lifetime_secs.is_some_and(|secs| secs <= 0) {
        warnings.push("the server granted a token that has already expired (`expires_in` is not above zero)".into());
    }
    let stated = scope_text(&members).or_else(|| claims.as_ref().and_then(Claims::scopes));
    let granted = stated.and_then(|text| Scope::parse(&text).ok());
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
        members,
        had_refresh_token,
        warnings,
    })
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
    if !is_b64token(token.expose()) {
        return Err(malformed(reply, "the access token cannot be used as a Bearer token")
            .cause("it holds characters outside the grammar of RFC 6750 section 2.1 (not shown)"));
    }
    Ok(token)
}

fn check_type(reply: &Response, members: &Members, warnings: &mut Vec<String>) -> Result<()> {
    let raw = members.get("token_type").filter(|raw| raw.get() != "null");
    let Some(raw) = raw else {
        warnings.push("the token response has no `token_type`; Bearer is assumed".into());
        return Ok(());
    };
    match serde_json::from_str::<String>(raw.get()) {
        Ok(name) if name.eq_ignore_ascii_case("bearer") => Ok(()),
        Ok(name) => {
            Err(malformed(reply, "the token is not a Bearer token").cause_quoted("its `token_type` is", name).hint(
                "only Bearer tokens (RFC 6750) can be used; a DPoP or MAC token needs proofs that are not supported",
            ))
        }
        Err(_) => Err(malformed(reply, "the token is not a Bearer token").cause("its `token_type` is not a string")),
    }
}

/// Characters of a b64token, except the trailing `=` padding. A table: every warm run reads a whole token.
const B64TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
        byte += 1;
    }
    table
};

/// The grammar of RFC 6750 section 2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
pub fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| B64TOKEN[usize::from(b)])
}

/// `expires_in` in whole seconds: a number (floored) or a decimal string; anything else counts as unknown.
fn lifetime(members: &Members, warnings: &mut Vec<String>) -> Option<i64> {
    let raw = members.get("expires_in").map(|raw| raw.get()).filter(|raw| *raw != "null")?;
    let secs = lifetime_of(raw);
    if secs.is_none() {
        warnings.push("the `expires_in` of the token response is not a number; the lifetime is unknown".into());
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
        parse_response(&reply, &[], SystemTime::UNIX_EPOCH)
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
            r#"{"access_token":"==","token_type":"Bearer"}"#,
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
            let token = parse_response(&response(200, &headers, &body(claims)), &[], SystemTime::UNIX_EPOCH).unwrap();
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
