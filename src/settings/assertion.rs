//! How client assertions are made, from the settings. Refuses to sign one.

use crate::oauth::client_auth::AuthMethod;
use crate::platform::error::Result;
use crate::settings::key::SettingKey;
use crate::settings::resolved::Settings;

/// Whom an assertion is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The authorization server's issuer: what RFC 7523's revision wants.
    Issuer,
    /// The token endpoint, as some servers still want.
    TokenEndpoint,
    /// Exactly this.
    Literal(String),
}

/// How assertions are made.
#[derive(Clone, Debug)]
pub struct AssertionSettings {
    /// Whom they are for.
    pub audience: Audience,
    /// The signature's algorithm, if not the key's usual one.
    pub alg: Option<String>,
    /// The key's name.
    pub kid: Option<String>,
    /// The header's `typ`.
    pub typ: String,
    /// The `client_assertion_type` that the request names (RFC 7521 section 4.2).
    pub assertion_type: String,
}

impl AssertionSettings {
    /// Reads and checks the settings.
    pub fn resolve(settings: &Settings, method: AuthMethod) -> Result<Self> {
        let signs = matches!(method, AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt);
        // A preset's audience may need the tenant's domain, which is irrelevant unless an assertion is signed.
        let wanted = if signs || settings.is_explicit(SettingKey::AssertionAud) {
            settings.text(SettingKey::AssertionAud)?
        } else {
            None
        };
        let audience = match wanted.as_deref() {
            None | Some("issuer") => Audience::Issuer,
            Some("token_endpoint") => Audience::TokenEndpoint,
            Some("") => {
                return Err(settings.bad(
                    SettingKey::AssertionAud,
                    "",
                    "it is `issuer`, `token_endpoint` or the audience itself",
                ));
            }
            Some(literal) => Audience::Literal(literal.to_owned()),
        };
        Ok(Self {
            audience,
            alg: settings.raw_str(SettingKey::AssertionAlg).map(str::to_owned),
            kid: settings.raw_str(SettingKey::AssertionKid).map(str::to_owned),
            typ: settings.raw_or_default(SettingKey::AssertionTyp).unwrap_or_default().to_owned(),
            assertion_type: settings.required(SettingKey::ClientAssertionType)?,
        })
    }
}
