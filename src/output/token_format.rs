//! The formats of `m2m token -o`: the token and what surrounds it.

use std::time::SystemTime;

use serde_json::value::RawValue;

use crate::output::curl_config;
use crate::platform::error::{Error, Result};
use crate::platform::shell;
use crate::platform::unix_time;
use crate::tokens::provider::AccessToken;

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

impl TokenFormat {
    /// All formats.
    pub const ALL: [Self; 7] =
        [Self::Token, Self::Json, Self::Header, Self::Curl, Self::Env, Self::Kubectl, Self::Github];

    /// The name after `-o`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Json => "json",
            Self::Header => "header",
            Self::Curl => "curl",
            Self::Env => "env",
            Self::Kubectl => "kubectl",
            Self::Github => "github",
        }
    }
}

/// Renders a token. `now` is what remaining lifetimes count from, `kubectl_version` the `apiVersion` of an
/// ExecCredential.
pub fn render(format: TokenFormat, token: &AccessToken, now: SystemTime, kubectl_version: &str) -> String {
    let text = token.access_token.expose();
    match format {
        TokenFormat::Token => format!("{}\n", text),
        TokenFormat::Json => json(token, now),
        TokenFormat::Header => format!("Authorization: Bearer {}\n", text),
        TokenFormat::Curl => curl_config::curl([("Authorization", format!("Bearer {text}").as_str())]),
        TokenFormat::Env => format!("export M2M_ACCESS_TOKEN={}\n", shell::quote(text)),
        TokenFormat::Kubectl => kubectl(token, kubectl_version),
        // A workflow command reads `%25` as `%`.
        TokenFormat::Github => format!("::add-mask::{}\n", text.replace('%', "%25")),
    }
}

/// The line for the file that `GITHUB_OUTPUT` names. A Bearer token holds no line end.
pub fn github_output(token: &AccessToken) -> String {
    format!("access_token={}\n", token.access_token.expose())
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

fn kubectl(token: &AccessToken, version: &str) -> String {
    let mut status = serde_json::json!({ "token": token.access_token.expose() });
    if let Some(at) = token.expires_at {
        status["expirationTimestamp"] = rfc3339(at).into();
    }
    let credential = serde_json::json!({ "apiVersion": version, "kind": "ExecCredential", "status": status });
    format!("{credential}\n")
}

/// A time to the second, as RFC 3339 writes it.
pub fn rfc3339(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

/// The members as they were written, `expires_in` counted from now, and ours after them.
fn json(token: &AccessToken, now: SystemTime) -> String {
    const OURS: [&str; 4] = ["expires_in", "expires_at", "expires_at_unix", "cached"];
    let mut parts: Vec<String> = token
        .members
        .0
        .iter()
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        .map(|(name, raw)| member(name, raw))
        .collect();
    if let Some(at) = token.expires_at {
        let left = at.duration_since(now).unwrap_or_default().as_secs();
        let unix = unix_time::seconds(at);
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
    use std::time::Duration;

    use super::*;
    use crate::platform::json;
    use crate::platform::secret::Secret;

    fn token(response: &[u8], expires_at: Option<SystemTime>) -> AccessToken {
        let (access_token, members) = (Secret::new("abc".into()), json::parse(response).unwrap());
        AccessToken { access_token, expires_at, members, cached: expires_at.is_some() }
    }

    #[test]
    fn json_keeps_the_servers_members_and_counts_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_187_072);
        let response = br#"{"access_token":"abc","expires_in":"3600","token_type":"bearer","x":1.50}"#;
        let token = token(response, Some(now + Duration::from_secs(90)));
        assert_eq!(
            render(TokenFormat::Json, &token, now, "").trim_end(),
            r#"{"access_token":"abc","token_type":"bearer","x":1.50,"expires_in":90,"expires_at":"2026-11-20T15:06:02Z","expires_at_unix":1795187162,"cached":true}"#
        );
    }

    #[test]
    fn an_unknown_expiry_is_left_out() {
        let token = token(br#"{"access_token":"abc","expires_in":null}"#, None);
        let printed = render(TokenFormat::Json, &token, SystemTime::UNIX_EPOCH, "");
        assert_eq!(printed.trim_end(), r#"{"access_token":"abc","cached":false}"#);
    }
}
