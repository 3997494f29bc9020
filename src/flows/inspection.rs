//! Looking into a token, and verifying it against its issuer.

use crate::flows::{metadata, verification};
use crate::oauth::discovery::Source;
use crate::oauth::jwt::Jwt;
pub use crate::oauth::jwt::Token as Shape;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::http::Http;
use crate::platform::secret::Secret;

/// What a token looks like; nothing of it is verified.
#[must_use]
pub fn read(token: &Secret) -> Shape {
    Shape::read(token.expose())
}

/// Whether there is a signature to verify at all.
///
/// # Errors
/// Bad response: it is opaque or encrypted.
pub fn verifiable(shape: &Shape) -> Result<&Jwt> {
    let cannot = |why: &str| Error::new(ErrorKind::BadResponse, "the token cannot be verified").cause(why);
    match shape {
        Shape::Opaque => Err(cannot("it is opaque, not a JWT: only its issuer can tell")),
        Shape::Encrypted { .. } => Err(cannot("it is encrypted: only its recipient can tell")),
        Shape::Signed(jwt) => Ok(jwt),
    }
}

/// Verifies a token: signature, issuer, audience and times.
///
/// # Errors
/// Bad response: it cannot be verified, or something is wrong with it. The network's errors.
pub async fn verify(host: &Host, http: &Http, source: &Source, audience: Option<&str>, shape: &Shape) -> Result<()> {
    let jwt = verifiable(shape)?;
    let metadata = metadata::find(host, http, source, None, false).await?;
    verification::verify(host, http, &metadata, audience, jwt).await
}
