//! Authorization server metadata (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2), and what faults
//! do to it. The values that differ between the servers are set in their own files.

use serde::Serialize;

use crate::wire::answer::Answer;

pub(super) const JWK_SET_PATH: &str = "/.well-known/jwks.json";

/// The members that this grant, and clients that check the server, need.
#[derive(Serialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint: Option<String>,
    pub(crate) jwks_uri: String,
    pub(crate) token_endpoint_auth_methods_supported: &'static [&'static str],
    pub(crate) response_types_supported: &'static [&'static str],
    /// Only the scopes of OpenID Connect: neither of the real servers lists the scopes of its APIs.
    pub(crate) scopes_supported: &'static [&'static str],
    pub(crate) subject_types_supported: &'static [&'static str],
    pub(crate) id_token_signing_alg_values_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mtls_endpoint_aliases: Option<Aliases>,
}

/// The endpoints for clients with certificates (RFC 8705 section 5).
#[derive(Serialize)]
pub(crate) struct Aliases {
    pub(crate) token_endpoint: String,
}

impl Metadata {
    /// Metadata of a server at `base_url`, which has no trailing slash.
    pub(crate) fn new(issuer: String, base_url: &str, token_path: &str) -> Self {
        Self {
            issuer,
            token_endpoint: Some(format!("{base_url}{token_path}")),
            jwks_uri: format!("{base_url}{}", JWK_SET_PATH),
            token_endpoint_auth_methods_supported: &["client_secret_basic", "client_secret_post"],
            response_types_supported: &["code", "token"],
            scopes_supported: &["openid", "email", "phone", "profile"],
            subject_types_supported: &["public"],
            id_token_signing_alg_values_supported: &["RS256"],
            mtls_endpoint_aliases: None,
        }
    }
}

/// What a fault does to a metadata request.
pub(crate) enum MetadataEffect {
    /// Sends this answer.
    Answer(fn() -> Answer),
    /// Changes the document.
    Metadata(fn(&mut Metadata)),
}
