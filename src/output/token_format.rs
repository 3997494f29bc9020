//! The formats of `m2m token -o`: the token and what surrounds it.

use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;

use crate::platform::json::Members;

/// How a token is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenFormat {
    /// The token and a line end.
    #[default]
    Token,
    /// The server's members, with the expiry made absolute.
    Json,
    /// An Authorization header line.
    Header,
    /// A config for `curl -K -`.
    Curl,
}

/// What a format may need of a token.
pub struct Printable<'a> {
    /// The token.
    pub access_token: &'a str,
    /// When it expires, if known.
    pub expires_at: Option<SystemTime>,
    /// The members of the token response.
    pub members: &'a Members,
    /// Whether it came from the cache.
    pub cached: bool,
    /// The time now.
    pub now: SystemTime,
}

/// Renders a token.
#[must_use]
pub fn render(format: TokenFormat, token: &Printable<'_>) -> String {
    match format {
        TokenFormat::Token => format!("{}\n", token.access_token),
        TokenFormat::Json => json(token),
        TokenFormat::Header => format!("Authorization: Bearer {}\n", token.access_token),
        // The grammar of a Bearer token has no character that a quoted curl value would need escaped.
        TokenFormat::Curl => format!("header = \"Authorization: Bearer {}\"\n", token.access_token),
    }
}

/// The members as they were written, `expires_in` counted from now, and ours after them.
fn json(token: &Printable<'_>) -> String {
    const OURS: [&str; 4] = ["expires_in", "expires_at", "expires_at_unix", "cached"];
    let mut parts: Vec<String> = token
        .members
        .0
        .iter()
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        .map(|(name, raw)| member(name, raw))
        .collect();
    if let Some(at) = token.expires_at {
        let left = at.duration_since(token.now).unwrap_or_default().as_secs();
        let unix = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let whole = SystemTime::UNIX_EPOCH + Duration::from_secs(unix);
        parts.push(format!("\"expires_in\":{left}"));
        parts.push(format!(
            "\"expires_at\":\"{}\"",
            humantime::format_rfc3339_seconds(whole)
        ));
        parts.push(format!("\"expires_at_unix\":{unix}"));
    }
    parts.push(format!("\"cached\":{}", token.cached));
    format!("{{{}}}\n", parts.join(","))
}

fn member(name: &str, raw: &RawValue) -> String {
    format!("{}:{}", serde_json::Value::from(name), raw.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::json;

    #[test]
    fn json_keeps_the_servers_members_and_counts_from_now() {
        let members: Members =
            json::parse(br#"{"access_token":"abc","expires_in":"3600","token_type":"bearer","x":1.50}"#).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_187_072);
        let token = Printable {
            access_token: "abc",
            expires_at: Some(now + Duration::from_secs(90)),
            members: &members,
            cached: true,
            now,
        };
        assert_eq!(
            render(TokenFormat::Json, &token).trim_end(),
            r#"{"access_token":"abc","token_type":"bearer","x":1.50,"expires_in":90,"expires_at":"2026-11-20T15:06:02Z","expires_at_unix":1795187162,"cached":true}"#
        );
    }

    #[test]
    fn an_unknown_expiry_is_left_out() {
        let members: Members = json::parse(br#"{"access_token":"abc","expires_in":null}"#).unwrap();
        let token = Printable {
            access_token: "abc",
            expires_at: None,
            members: &members,
            cached: false,
            now: SystemTime::UNIX_EPOCH,
        };
        assert_eq!(
            render(TokenFormat::Json, &token).trim_end(),
            r#"{"access_token":"abc","cached":false}"#
        );
    }
}
