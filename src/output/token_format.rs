//! The formats of `m2m token -o`: the token and what surrounds it.

use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;

use crate::platform::error::{Error, Result};
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
    /// A line for a shell to evaluate.
    Env,
    /// A Kubernetes ExecCredential, of the version that the caller asks for.
    Kubectl,
    /// A mask for the log of a GitHub Actions job; the token goes to `GITHUB_OUTPUT`, see [`github_output`].
    Github,
}

/// What a format may need of a token.
pub struct TokenView<'a> {
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
    /// The `apiVersion` of an ExecCredential.
    pub kubectl_version: &'a str,
}

/// Renders a token.
#[must_use]
pub fn render(format: TokenFormat, token: &TokenView<'_>) -> String {
    match format {
        TokenFormat::Token => format!("{}\n", token.access_token),
        TokenFormat::Json => json(token),
        TokenFormat::Header => format!("Authorization: Bearer {}\n", token.access_token),
        // The grammar of a Bearer token has no character that a quoted curl value would need escaped.
        TokenFormat::Curl => format!("header = \"Authorization: Bearer {}\"\n", token.access_token),
        // `~` is the only character of a Bearer token that a shell would touch.
        TokenFormat::Env if token.access_token.contains('~') => {
            format!("export M2M_ACCESS_TOKEN='{}'\n", token.access_token)
        }
        TokenFormat::Env => format!("export M2M_ACCESS_TOKEN={}\n", token.access_token),
        TokenFormat::Kubectl => kubectl(token),
        TokenFormat::Github => format!("::add-mask::{}\n", token.access_token),
    }
}

/// The line for the file that `GITHUB_OUTPUT` names. A Bearer token holds no line end.
#[must_use]
pub fn github_output(token: &TokenView<'_>) -> String {
    format!("access_token={}\n", token.access_token)
}

/// The versions of ExecCredential that are known.
const KUBECTL_VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// The `apiVersion` that `KUBERNETES_EXEC_INFO` asks for; version 1 when it is not set.
///
/// # Errors
/// Usage: the variable is not the JSON of an ExecCredential, or asks for a version that is not known.
pub fn kubectl_version(exec_info: Option<&str>) -> Result<&'static str> {
    let Some(text) = exec_info else {
        return Ok(KUBECTL_VERSIONS[0]);
    };
    let refused = |why: String| {
        Error::usage("cannot use the environment variable `KUBERNETES_EXEC_INFO`")
            .cause(why)
            .hint("kubectl sets it for credential plugins; `m2m token -o kubectl` is meant to be one")
    };
    let info: serde_json::Value = serde_json::from_str(text).map_err(|_| refused("it is not JSON".into()))?;
    let asked = info.get("apiVersion").and_then(serde_json::Value::as_str).unwrap_or_default();
    let known = KUBECTL_VERSIONS.iter().find(|version| **version == asked);
    known.copied().ok_or_else(|| refused(format!("its `apiVersion` is none of {}", KUBECTL_VERSIONS.join(", "))))
}

fn kubectl(token: &TokenView<'_>) -> String {
    let mut status = serde_json::json!({ "token": token.access_token });
    if let Some(at) = token.expires_at {
        status["expirationTimestamp"] = rfc3339(at).into();
    }
    let credential =
        serde_json::json!({ "apiVersion": token.kubectl_version, "kind": "ExecCredential", "status": status });
    format!("{credential}\n")
}

/// A time to the second, as RFC 3339 writes it.
#[must_use]
pub fn rfc3339(at: SystemTime) -> String {
    let secs = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(secs)).to_string()
}

/// The members as they were written, `expires_in` counted from now, and ours after them.
fn json(token: &TokenView<'_>) -> String {
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
        parts.push(format!("\"expires_in\":{left}"));
        parts.push(format!("\"expires_at\":\"{}\"", rfc3339(at)));
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
        let token = TokenView {
            access_token: "abc",
            expires_at: Some(now + Duration::from_secs(90)),
            members: &members,
            cached: true,
            now,
            kubectl_version: "",
        };
        assert_eq!(
            render(TokenFormat::Json, &token).trim_end(),
            r#"{"access_token":"abc","token_type":"bearer","x":1.50,"expires_in":90,"expires_at":"2026-11-20T15:06:02Z","expires_at_unix":1795187162,"cached":true}"#
        );
    }

    #[test]
    fn an_unknown_expiry_is_left_out() {
        let members: Members = json::parse(br#"{"access_token":"abc","expires_in":null}"#).unwrap();
        let token = TokenView {
            access_token: "abc",
            expires_at: None,
            members: &members,
            cached: false,
            now: SystemTime::UNIX_EPOCH,
            kubectl_version: "",
        };
        assert_eq!(render(TokenFormat::Json, &token).trim_end(), r#"{"access_token":"abc","cached":false}"#);
    }
}
