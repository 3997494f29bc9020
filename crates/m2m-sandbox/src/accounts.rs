//! The accounts of the sandbox: the client of each identity server, its scopes, and the subscription key of the gateway.
//! Identifiers are fixed so that they are easy to recognize; secrets are new at every start. Other files check them.

use crate::certificates::Thumbprint;
use crate::client_key::PublicKey;
use crate::random;

/// The tenant, which CloudLoyalty calls a campaign.
pub(crate) const TENANT_ID: &str = "40499";

/// The scope that a participant lookup needs.
pub(crate) const LOOKUP_SCOPE: &str = "webpremios.backoffice/all.read";

pub(crate) const CLOUDLOYALTY_SCOPES: &[&str] = &["webpremios.campaigns/40499", LOOKUP_SCOPE];

pub(crate) const LOYALTYONE_SCOPES: &[&str] = &["read:members", "read:offers"];

/// The audience of LoyaltyOne's tokens.
pub(crate) const LOYALTYONE_AUDIENCE: &str = "https://partners.loyalty.com";

/// Everything that the servers check and the configuration file names.
pub(crate) struct Accounts {
    pub(crate) cloudloyalty: Client,
    pub(crate) loyaltyone: Client,
    pub(crate) subscription_key: String,
}

/// A confidential client (RFC 6749 section 2.1).
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: &'static str,
    pub(crate) secret: String,
    /// Keys registered for its assertions.
    pub(crate) keys: Vec<PublicKey>,
    /// The certificate registered for it.
    pub(crate) certificate: Option<Thumbprint>,
    /// All scopes that it can be granted.
    pub(crate) scopes: &'static [&'static str],
}

impl Accounts {
    /// Accounts with new secrets, of the length and alphabet that the real systems use.
    pub(crate) fn new() -> Self {
        Self {
            cloudloyalty: Client {
                id: "1sandbox2cloudloyalty3app4",
                secret: random::text(random::LOWER_ALPHANUMERIC, 51),
                keys: Vec::new(),
                certificate: None,
                scopes: CLOUDLOYALTY_SCOPES,
            },
            loyaltyone: Client {
                id: "SandboxLoyaltyOneApp123456789012",
                secret: random::text(random::BASE64URL, 64),
                keys: Vec::new(),
                certificate: None,
                scopes: LOYALTYONE_SCOPES,
            },
            subscription_key: random::text(random::HEX, 32),
        }
    }
}
