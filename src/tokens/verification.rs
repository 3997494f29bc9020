//! Is a JWT what it says: signed by a key of its issuer, for the expected audience, in its time? (RFC 7519 section 7.2,
//! RFC 9068 section 4.)

use serde_json::Value;

use crate::http::client::Http;
use crate::http::message::Request;
use crate::oauth::discovery::Metadata;
use crate::oauth::jose::jwks;
use crate::oauth::jose::jwks::{KeySet, Refusal};
use crate::oauth::jose::jwt::Jwt;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::url;
use crate::platform::url::Url;
use crate::settings::presets::Preset;

/// Why a signature could not be confirmed.
pub enum SignatureError {
    /// The keys could not be fetched.
    Unavailable(Error),
    /// The signature does not count.
    Refused(Refusal),
}

/// Fetches the issuer's keys and checks the signature.
///
/// # Errors
/// Why it could not be confirmed.
pub async fn check_signature(host: &Host, http: &Http, jwks_uri: &Url, jwt: &Jwt) -> Result<(), SignatureError> {
    let keys = fetch(host, http, jwks_uri).await.map_err(SignatureError::Unavailable)?;
    let verified = keys.verify(jwt);
    for key in &keys.unreadable {
        let remark =
            format!("a key of the issuer's key set cannot be read, and is left out: {}", host.ui.redactor.quote(key));
        // Only a key that was needed is worth a warning.
        if verified.is_ok() { host.ui.verbose(|| remark) } else { host.ui.warn(&remark) }
    }
    verified.map_err(SignatureError::Refused)
}

async fn fetch(host: &Host, http: &Http, jwks_uri: &Url) -> Result<KeySet> {
    let request = Request::get(jwks_uri.clone(), url::display_url(jwks_uri), jwks::SET_LIMIT);
    let reply = http.send(host, &request).await?;
    let unusable = |why: String| {
        Error::new(ErrorKind::BadResponse, "the issuer's key set cannot be read")
            .cause(format!("GET {} answered {}", reply.url, reply.status))
            .cause(why)
            .http_context(reply.http_context())
    };
    if reply.status != 200 {
        return Err(unusable("that is not 200".into()));
    }
    KeySet::parse(&reply.body).map_err(unusable)
}

/// How the issuers of Entra's v1.0 tokens begin.
const ENTRA_V1: &str = "https://sts.windows.net/";

/// Whether tokens that name this issuer belong to the metadata: its own, the one that it names for access tokens, or, for a
/// provider that has such, the same tenant's older one.
pub fn is_issuer(metadata: &Metadata, preset: &Preset, issuer: &str) -> bool {
    let own = issuer == metadata.issuer || metadata.token_issuer.as_deref() == Some(issuer);
    let older = |form: &str| {
        let tenant = metadata.issuer.split('/').nth(3).filter(|tenant| !tenant.is_empty());
        tenant.is_some_and(|tenant| issuer == form.replace("{tenant_id}", tenant))
    };
    own || preset.older_token_issuer.is_some_and(older)
}

/// Everything: signature, issuer, audience, times.
///
/// # Errors
/// Bad response: what is wrong with the token; the network's errors.
pub async fn verify(
    host: &Host,
    http: &Http,
    metadata: &Metadata,
    preset: &Preset,
    audience: Option<&str>,
    jwt: &Jwt,
) -> Result<()> {
    let wrong = |why: String| Error::new(ErrorKind::BadResponse, "the token is not what it says").cause(why);
    let uri = metadata.jwks_uri.as_ref().ok_or_else(|| {
        Error::new(ErrorKind::BadResponse, "the token cannot be verified")
            .cause("the metadata names no key set that may be used (`jwks_uri`)")
            .cause(format!("the metadata is {}", url::display_url(&metadata.url)))
    })?;
    check_signature(host, http, uri, jwt).await.map_err(|trust| match trust {
        SignatureError::Unavailable(error) => error,
        SignatureError::Refused(refusal) => wrong(refusal.to_string()),
    })?;
    if !jwt.claims.issuer().is_some_and(|issuer| is_issuer(metadata, preset, issuer)) {
        let error = quote_claim(wrong("its issuer is another".into()), "iss", jwt.claims.iss.as_ref())
            .cause_quoted("the metadata names", metadata.issuer.clone());
        let v1 = jwt.claims.issuer().is_some_and(|issuer| issuer.starts_with(ENTRA_V1));
        return Err(if v1 {
            error.hint("this is a v1.0 token of Entra: set `requestedAccessTokenVersion` to 2 in the API's manifest, or use `provider = \"entra\"`, which accepts both")
        } else {
            error
        });
    }
    if let Some(wanted) = audience
        && !jwt.claims.audiences().contains(&wanted)
    {
        let error = wrong(format!("it does not name the audience `{wanted}`"));
        return Err(quote_claim(error, "aud", jwt.claims.aud.as_ref()));
    }
    jwt.claims.check_times(host.process.now()).map_err(wrong)
}

fn quote_claim(error: Error, name: &str, value: Option<&Value>) -> Error {
    match value {
        None => error.cause(format!("it has no `{name}`")),
        Some(Value::String(text)) => error.cause_quoted(format!("its `{name}` is"), text),
        Some(other) => error.cause_quoted(format!("its `{name}` is"), other.to_string()),
    }
}
