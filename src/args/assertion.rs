//! Flags that say how client assertions are made.

use clap::Args;

use crate::settings::key::SettingKey;
use crate::settings::layer::Layer;

/// The claims and the header of an assertion (RFC 7523).
#[derive(Args, Clone, Debug, Default)]
pub struct AssertionArgs {
    /// Audience of client assertions: issuer, token_endpoint, or the audience itself [env: M2M_ASSERTION_AUD] [default:
    /// issuer]
    #[arg(long, value_name = "AUDIENCE")]
    assertion_aud: Option<String>,
    /// Signature algorithm of client assertions [env: M2M_ASSERTION_ALG] [default: the key's usual one]
    #[arg(long, value_name = "ALG")]
    assertion_alg: Option<String>,
    /// Key id in the header of client assertions [env: M2M_ASSERTION_KID] [default: the JWK's own]
    #[arg(long, value_name = "KID")]
    assertion_kid: Option<String>,
    /// Type in the header of client assertions, '' for none [env: M2M_ASSERTION_TYP] [default: client-authentication+jwt]
    #[arg(long, value_name = "TYP")]
    assertion_typ: Option<String>,
    /// The client_assertion_type parameter [env: M2M_CLIENT_ASSERTION_TYPE] [default:
    /// urn:ietf:params:oauth:client-assertion-type:jwt-bearer]
    #[arg(long, value_name = "URN")]
    client_assertion_type: Option<String>,
}

impl AssertionArgs {
    /// Adds what was given to a layer.
    pub fn add_to(&self, layer: &mut Layer) {
        layer.flag(SettingKey::AssertionAud, self.assertion_aud.as_ref());
        layer.flag(SettingKey::AssertionAlg, self.assertion_alg.as_ref());
        layer.flag(SettingKey::AssertionKid, self.assertion_kid.as_ref());
        layer.flag(SettingKey::AssertionTyp, self.assertion_typ.as_ref());
        layer.flag(SettingKey::ClientAssertionType, self.client_assertion_type.as_ref());
    }
}
