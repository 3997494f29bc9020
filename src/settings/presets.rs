//! Provider presets: what is known of each kind of authorization server, as data. No code path asks for a provider by
//! name; it reads the fields here.

use crate::oauth::issuer::IssuerRule;
use crate::oauth::token_error::Hint;
use crate::settings::error_codes;

/// What is known of one provider. Templates may hold `{tenant_domain}` and `{tenant_id}`.
#[derive(Debug)]
pub struct Preset {
    /// As `provider` names it.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Default values by profile key.
    pub values: &'static [(&'static str, &'static str)],
    /// Variables that fill in profile keys when the client has no secret, key or assertion of its own.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether the server's tokens are useless without an audience.
    pub needs_audience: bool,
    /// Whose issuer a discovered document may carry.
    pub issuer_rule: IssuerRule,
    /// The form of another issuer that the same tenant's access tokens may name, with `{tenant_id}` for the first segment of
    /// the metadata issuer's path.
    pub older_token_issuer: Option<&'static str>,
    /// How its issuers read, where nothing is known of this client's; for people.
    pub issuer_form: Option<&'static str>,
    /// Names for paths of its API that it documents.
    pub paths: &'static [(&'static str, &'static str)],
    /// What its API's own error codes mean, as [`error_codes::all`] reads it.
    pub codes: &'static str,
    /// What its refusals mean.
    pub hints: &'static [Hint],
}

impl Preset {
    /// The preset of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|p| p.name == name)
    }
}

/// From LTM's public integration pages (repository andrelima-vertem/ltm-documentation).
const CLOUDLOYALTY_PATHS: &[(&str, &str)] = &[
    // participant/user_impersonation.md
    ("balance", "/participant-api/v3/participant/balance"),
];

/// Habits that can only be one vendor's, so that they count under every preset.
pub const VENDOR_HINTS: &[Hint] = &[
    Hint::anywhere("AADSTS7000222", "the secret has expired in Entra: make a new one under Certificates & secrets"),
    Hint::anywhere(
        "AADSTS7000215",
        "the secret is not one of this application: Entra shows its value once, and an ID beside it that is no secret",
    ),
    Hint::anywhere(
        "AADSTS700016",
        "the application is not known in this tenant: check `client_id`, and the tenant (`tenant_id`)",
    ),
    Hint::anywhere("AADSTS90002", "there is no such tenant: check `tenant_id`, or the tenant in the URL"),
    Hint::anywhere(
        "AADSTS900023",
        "the tenant is not a valid id or domain: check `tenant_id`, or the tenant in the URL",
    ),
    Hint::anywhere("AADSTS1002012", "Entra wants exactly one scope of the form `<application id URI>/.default`"),
    Hint::anywhere("AADSTS70011", "Entra wants exactly one scope of the form `<application id URI>/.default`"),
    Hint::anywhere(
        "AADSTS500011",
        "the API that the scope names is not known in this tenant: check the scope, and that an administrator has consented",
    ),
    Hint::anywhere("AADSTS7000112", "the application is disabled in Entra: ask its owner"),
    Hint::anywhere(
        "AADSTS700027",
        "the assertion was signed with a key that is not registered for this application: upload its certificate in Entra",
    ),
    Hint::anywhere(
        "AADSTS53003",
        "a Conditional Access policy blocks this request, often by the address that it comes from: ask the tenant's administrator",
    ),
];

const COGNITO_HINTS: &[Hint] = &[
    Hint::on(
        "invalid_client",
        "Cognito answers `invalid_client` for an unknown app client, a wrong secret, and an app client without a secret: compare id and secret with the user pool of this environment (each tenant and each environment has its own pool)",
    ),
    Hint::on(
        "unauthorized_client",
        "the app client may not use the client-credentials grant: enable it in the user pool, together with a custom scope",
    ),
    Hint::on("invalid_grant", "the app client may not use the client-credentials grant, or is disabled"),
    Hint::on(
        "invalid_scope",
        "Cognito scopes are `<resource server id>/<name>`, case-sensitive, and must be enabled for this app client; a final `/` or a `{placeholder}` left in place is a common slip",
    ),
    Hint::on("unsupported_grant_type", "Cognito takes form bodies only: `body_format` must be `form`"),
    Hint::status(
        405,
        "Cognito answers 405 when the content type is not exactly `application/x-www-form-urlencoded`, or the path is wrong",
    ),
    Hint::status(403, "a web application firewall or CloudFront in front of Cognito may have blocked the request"),
];

const AUTH0_HINTS: &[Hint] = &[
    Hint::on("access_denied", "Auth0 answers `access_denied` with 401 for a wrong client id or secret").at(401),
    Hint::on("access_denied", "Auth0 answers `access_denied` with 403 when the client has no grant for this audience, or not for these scopes").at(403),
    Hint::on("unauthorized_client", "enable the grant type Client Credentials in the application's advanced settings"),
    Hint::on("invalid_request", "Auth0 wants an `audience` that names a registered API"),
    Hint::on("too_many_requests", "the tenant's or this client's token quota is used up; it is replenished at the start of the UTC hour or day"),
    Hint::status(401, "a plain `Unauthorized` is how older Auth0 tenants refuse a wrong client id or secret"),
];

/// The names of all presets, in their order.
pub const NAMES: &[&str] = &{
    let mut names = [""; PRESETS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = PRESETS[at].name;
        at += 1;
    }
    names
};

/// All presets; the first is used when none is named.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "generic",
        title: "any server that speaks RFC 6749 section 4.4",
        values: &[],
        variables: &[],
        needs_audience: false,
        issuer_rule: IssuerRule::Exact,
        older_token_issuer: None,
        issuer_form: None,
        paths: &[],
        codes: "",
        hints: &[],
    },
    Preset {
        name: "cloudloyalty",
        title: "LTM CloudLoyalty (AWS Cognito, API behind Azure API Management)",
        values: &[
            ("discovery_url", "https://auth.{tenant_domain}/.well-known/openid-configuration"),
            ("api_url", "https://api.ltm.digital/cloudloyalty"),
        ],
        variables: &[],
        needs_audience: false,
        issuer_rule: IssuerRule::CognitoPool,
        older_token_issuer: None,
        issuer_form: None,
        paths: CLOUDLOYALTY_PATHS,
        codes: error_codes::CLOUDLOYALTY,
        hints: COGNITO_HINTS,
    },
    Preset {
        name: "cognito",
        title: "AWS Cognito",
        values: &[],
        variables: &[],
        needs_audience: false,
        issuer_rule: IssuerRule::CognitoPool,
        older_token_issuer: None,
        issuer_form: Some("https://cognito-idp.REGION.amazonaws.com/POOL_ID"),
        paths: &[],
        codes: "",
        hints: COGNITO_HINTS,
    },
    Preset {
        name: "loyaltyone",
        title: "LoyaltyOne / AIR MILES (Auth0, JSON body); the URLs default to LoyaltyOne's sandbox",
        values: &[
            ("token_url", "https://loyaltyone-sandbox-pin.auth0.com/oauth/token"),
            ("api_url", "https://sandbox.api.loyalty.com"),
            ("assertion_aud", "https://loyaltyone-sandbox-pin.auth0.com/"),
            ("assertion_typ", "JWT"),
            ("body_format", "json"),
            // developer.airmiles.ca, apis/offer-service/examples/m2m: for whom a call is, and which client makes it.
            ("collector_header", "Collector-Number"),
            ("origin_client_header", "x-origin-client"),
        ],
        variables: &[],
        needs_audience: true,
        issuer_rule: IssuerRule::Exact,
        older_token_issuer: None,
        issuer_form: Some("https://loyaltyone-sandbox-pin.auth0.com/"),
        paths: &[],
        codes: "",
        hints: AUTH0_HINTS,
    },
    Preset {
        name: "auth0",
        title: "Auth0",
        values: &[
            ("token_url", "https://{tenant_domain}/oauth/token"),
            ("assertion_aud", "https://{tenant_domain}/"),
            ("assertion_typ", "JWT"),
            ("body_format", "json"),
        ],
        variables: &[],
        needs_audience: true,
        issuer_rule: IssuerRule::Exact,
        older_token_issuer: None,
        issuer_form: Some("https://TENANT.auth0.com/"),
        paths: &[],
        codes: "",
        hints: AUTH0_HINTS,
    },
    Preset {
        name: "entra",
        title: "Microsoft Entra ID (v2.0 endpoint)",
        values: &[
            ("token_url", "https://login.microsoftonline.com/{tenant_id}/oauth2/v2.0/token"),
            ("assertion_aud", "token_endpoint"),
            ("assertion_alg", "PS256"),
            ("assertion_typ", "JWT"),
        ],
        // As Azure workload identity sets them.
        variables: &[
            ("client_id", "AZURE_CLIENT_ID"),
            ("tenant_id", "AZURE_TENANT_ID"),
            ("client_assertion", "AZURE_FEDERATED_TOKEN_FILE"),
        ],
        needs_audience: false,
        issuer_rule: IssuerRule::Exact,
        older_token_issuer: Some("https://sts.windows.net/{tenant_id}/"),
        issuer_form: Some("https://login.microsoftonline.com/TENANT_ID/v2.0"),
        paths: &[],
        codes: "",
        hints: &[
            Hint::on("invalid_scope", "Entra wants exactly one scope of the form `<application id URI>/.default`"),
            Hint::on("invalid_request", "Entra wants exactly one scope of the form `<application id URI>/.default`")
                .when_description_contains("scope"),
        ],
    },
    Preset {
        name: "okta",
        title: "Okta",
        values: &[("issuer", "https://{tenant_domain}/oauth2/default")],
        variables: &[],
        needs_audience: false,
        issuer_rule: IssuerRule::Exact,
        older_token_issuer: None,
        issuer_form: None,
        paths: &[],
        codes: "",
        hints: &[
            Hint::on(
                "invalid_scope",
                "an Okta custom authorization server without default scopes refuses a request without `scope`",
            ),
            Hint::on(
                "invalid_request",
                "Okta refuses `client_id` in the body beside Basic: leave `client_id_in_body` off",
            )
            .when_description_contains("multiple client credentials"),
            Hint::on(
                "invalid_client",
                "the Okta org authorization server accepts only private_key_jwt for this grant; a custom server takes a secret",
            ),
        ],
    },
    Preset {
        name: "keycloak",
        title: "Keycloak",
        values: &[],
        variables: &[],
        needs_audience: false,
        issuer_rule: IssuerRule::Exact,
        older_token_issuer: None,
        issuer_form: Some("https://HOST/realms/REALM"),
        paths: &[],
        codes: "",
        hints: &[
            Hint::on(
                "unauthorized_client",
                "Keycloak answers `unauthorized_client` for a wrong id or secret, and when Service accounts are off for the client",
            ),
            Hint::on(
                "invalid_client",
                "Client authentication must be on for this client, with the credentials type Client Id and Secret",
            ),
            Hint::on("invalid_scope", "the scope must be a client scope of this realm, assigned to the client"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::key::SettingKey;

    #[test]
    fn every_preset_value_is_a_setting() {
        for preset in PRESETS {
            for (name, _) in preset.values {
                assert!(SettingKey::named(name).is_some(), "{}: {name}", preset.name);
            }
        }
    }
}
