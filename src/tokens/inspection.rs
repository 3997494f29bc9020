//! Decoding a token, and verifying it against its issuer's keys.

use crate::http::client::Http;
use crate::oauth::jose::jwt::Jwt;
pub use crate::oauth::jose::jwt::ParsedToken as Shape;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::json;
use crate::platform::json::Members;
use crate::platform::secret::Secret;
use crate::settings::key::SettingKey;
use crate::settings::resolved::Settings;
use crate::settings::server;
use crate::tokens::{metadata, verification};

/// What a token looks like; nothing of it is verified.
pub fn read(token: &Secret) -> Shape {
    Shape::read(token.expose())
}

/// Refuses a text that holds something else than one token. A token that is broken over lines is one.
///
/// # Errors
/// Usage: it is JSON, or holds several tokens.
pub fn one_token(text: &str) -> Result<()> {
    let error = || Error::usage("this is not one token (not shown)");
    if json::parse::<Members>(text.as_bytes()).is_ok() {
        return Err(error()
            .cause("it is JSON")
            .hint("give the token alone: `m2m token` without `-o json` prints it, and so does `jq -r .access_token`"));
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_whole = |line: &&str| matches!(Shape::read(line.trim()), Shape::Signed(_) | Shape::Encrypted { .. });
    let is_broken = text.starts_with("eyJ") && !lines.iter().any(is_whole);
    if lines.len() > 1 && !is_broken {
        return Err(error()
            .cause(format!("it has {} lines", lines.len()))
            .hint("give one token at a time, such as `head -n 1 FILE | m2m inspect -`"));
    }
    Ok(())
}

/// Whether there is a signature to verify at all.
///
/// # Errors
/// Bad response: it is opaque or encrypted.
pub fn require_signed_jwt(shape: &Shape) -> Result<&Jwt> {
    let cannot = |why: &str| Error::new(ErrorKind::BadResponse, "the token cannot be verified").cause(why);
    match shape {
        Shape::Damaged { why } => Err(cannot(&format!("it looks like a JWT, but {why}"))),
        Shape::Opaque => Err(cannot("it is opaque, not a JWT: only its issuer can tell")),
        Shape::Encrypted { .. } => Err(cannot("it is encrypted: only its recipient can tell")),
        Shape::Signed(jwt) => Ok(jwt),
    }
}

/// Verifies a token: signature, issuer, audience and times.
///
/// # Errors
/// Bad response: it cannot be verified, or something is wrong with it. The network's errors.
pub async fn verify(host: &Host, http: &Http, settings: &Settings, shape: &Shape) -> Result<()> {
    let jwt = require_signed_jwt(shape)?;
    let source = server::issuer_source(settings)?;
    let audience = settings.text(SettingKey::Audience)?;
    let metadata = metadata::find(host, http, &source, None, false).await?;
    verification::verify(host, http, &metadata, settings.preset, audience.as_deref(), jwt).await
}
