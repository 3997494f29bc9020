//! Authorization server metadata (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2), and what may be
//! wrong with it. Which values are true is each server's business.

use serde::Serialize;

use crate::wire::answer::Answer;

/// The metadata document, as far as this grant and the checks around it go.
#[derive(Serialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint: Option<String>,
    pub(crate) jwks_uri: String,
    pub(crate) token_endpoint_auth_methods_supported: &'static [&'static str],
    pub(crate) response_types_supported: &'static [&'static str],
    /// The scopes of OpenID Connect only: neither real server lists the scopes of its APIs.
    pub(crate) scopes_supported: &'static [&'static str],
    pub(crate) subject_types_supported: &'static [&'static str],
    pub(crate) id_token_signing_alg_values_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mtls_endpoint_aliases: Option<Aliases>,
}

/// Where clients with certificates go (RFC 8705 section 5).
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
            jwks_uri: format!("{base_url}{}", super::JWK_SET_PATH),
            token_endpoint_auth_methods_supported: &["client_secret_basic", "client_secret_post"],
            response_types_supported: &["code", "token"],
            scopes_supported: &["openid", "email", "phone", "profile"],
            subject_types_supported: &["public"],
            id_token_signing_alg_values_supported: &["RS256"],
            mtls_endpoint_aliases: None,
        }
    }
}

/// How a request for metadata goes wrong.
pub(crate) enum MetadataEffect {
    /// This answer instead.
    Answer(fn() -> Answer),
    /// The document is changed.
    Metadata(fn(&mut Metadata)),
}
