//! Every setting there is: its profile key, flag, variable, and the shape of its value. Adding a setting starts here;
//! the environment, the config file and error messages follow from this table.

use crate::oauth::client_auth::{AuthMethod, BasicEncoding};
use crate::oauth::grant::BodyFormat;
use crate::secrets::source::SecretKind;
use crate::settings::presets;

/// A setting.
#[allow(missing_docs, reason = "the profile key in the table below says it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingKey {
    Provider,
    TenantDomain,
    TenantId,
    Issuer,
    DiscoveryUrl,
    TokenUrl,
    ClientId,
    ClientSecret,
    AuthMethod,
    BodyFormat,
    BasicEncoding,
    ClientIdInBody,
    Scope,
    Audience,
    Resource,
    Params,
    ApiUrl,
    Headers,
    SubscriptionKey,
    ParticipantByLogin,
    ParticipantByCpf,
    Impersonation,
    Impersonator,
    Timeout,
    ConnectTimeout,
    Retries,
    CaFile,
    Proxy,
    MinTtl,
    DefaultTtl,
    SecretExpires,
    ClientCert,
    ClientKey,
    ClientAssertion,
    AssertionAud,
    AssertionAlg,
    AssertionKid,
    AssertionTyp,
    ClientAssertionType,
    BearerTokenTypes,
    TokenHeaders,
    ParticipantsAt,
    CorrelationId,
    Paths,
    IdempotencyHeader,
    OriginClient,
    OriginClientHeader,
    CollectorHeader,
}

/// What a value looks like in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// A whole number.
    Number,
    /// A string such as `30s`.
    Duration,
    /// A date, as TOML's own or as a string.
    Date,
    /// `true` or `false`.
    Switch,
    /// A string of words, or an array of strings.
    List,
    /// A table of strings.
    Pairs,
    /// A file; in a profile a relative path counts from the config file's folder, and `~/` from the user's home.
    Path,
    /// A secret source.
    Secret,
    /// A file, or a secret source.
    PathOrSecret,
    /// A secret source, or `{ github_oidc = ".." }`.
    Assertion,
    /// A table of strings or secret sources.
    SecretPairs,
}

/// How one setting is spelled.
#[derive(Debug)]
pub struct Setting {
    /// Which.
    pub key: SettingKey,
    /// In a profile.
    pub name: &'static str,
    /// On the command line.
    pub flag: Option<&'static str>,
    /// In the environment.
    pub env: Option<&'static str>,
    /// The shape of its value.
    pub shape: Shape,
    /// Its value if it is set nowhere, as a profile would write it.
    pub default: Option<&'static str>,
}

impl SettingKey {
    /// The spelling of this setting.
    pub fn setting(self) -> &'static Setting {
        // The table is in the order of the enum, which a test holds.
        &SETTINGS[self as usize]
    }

    /// Its profile key.
    pub fn name(self) -> &'static str {
        self.setting().name
    }

    /// Its value if it is set nowhere.
    pub fn default(self) -> Option<&'static str> {
        self.setting().default
    }

    /// The values that it may have, if they are a fixed set.
    pub fn words(self) -> &'static [&'static str] {
        match self.setting().shape {
            Shape::Word(words) => words,
            _ => &[],
        }
    }

    /// What kind of secret this setting holds, if it holds one.
    pub fn secret_kind(self) -> SecretKind {
        match self {
            Self::ClientKey => SecretKind::Key,
            Self::ClientAssertion => SecretKind::Assertion,
            _ => SecretKind::Text,
        }
    }

    /// The setting with this profile key.
    pub fn named(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|s| s.name == name)
    }

    /// How to set it, for hints: `` `--issuer`, `M2M_ISSUER` or `issuer` in a profile ``.
    pub fn how_to_set(self) -> String {
        let setting = self.setting();
        let mut ways: Vec<String> =
            [setting.flag, setting.env].into_iter().flatten().map(|way| format!("`{way}`")).collect();
        ways.push(format!("`{}` in a profile", setting.name));
        let last = ways.pop().unwrap_or_default();
        if ways.is_empty() { last } else { format!("{} or {last}", ways.join(", ")) }
    }
}

macro_rules! settings {
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
    ($($key:ident $name:literal $flag:expr, $env:expr, $shape:ident $(($words:expr))? $(= $default:literal)?;)*) => {
        &[$(Setting {
            key: SettingKey::$key,
            name: $name,
            flag: $flag,
            env: $env,
            shape: Shape::$shape $(($words))?,
            default: settings!(@default $($default)?),
        }),*]
    };
}

/// All settings, in the order of [`SettingKey`].
pub const SETTINGS: &[Setting] = settings! {
    Provider "provider" Some("--provider"), Some("M2M_PROVIDER"), Word(presets::NAMES) = "generic";
    TenantDomain "tenant_domain" Some("--tenant-domain"), Some("M2M_TENANT_DOMAIN"), Text;
    TenantId "tenant_id" Some("--tenant-id"), Some("M2M_TENANT_ID"), Text;
    Issuer "issuer" Some("--issuer"), Some("M2M_ISSUER"), Text;
    DiscoveryUrl "discovery_url" Some("--discovery-url"), Some("M2M_DISCOVERY_URL"), Text;
    TokenUrl "token_url" Some("--token-url"), Some("M2M_TOKEN_URL"), Text;
    ClientId "client_id" Some("--client-id"), Some("M2M_CLIENT_ID"), Text;
    ClientSecret "client_secret" Some("--client-secret-file"), Some("M2M_CLIENT_SECRET"), Secret;
    AuthMethod "auth_method" Some("--auth-method"), Some("M2M_AUTH_METHOD"), Word(AuthMethod::NAMES);
    BodyFormat "body_format" Some("--body-format"), Some("M2M_BODY_FORMAT"), Word(BodyFormat::NAMES) = "form";
    BasicEncoding "basic_encoding" Some("--basic-encoding"), None, Word(BasicEncoding::NAMES) = "form";
    ClientIdInBody "client_id_in_body" Some("--client-id-in-body"), None, Switch;
    Scope "scope" Some("--scope"), Some("M2M_SCOPE"), List;
    Audience "audience" Some("--audience"), Some("M2M_AUDIENCE"), Text;
    Resource "resource" Some("--resource"), None, List;
    Params "params" Some("--param"), None, Pairs;
    ApiUrl "api_url" Some("--api-url"), Some("M2M_API_URL"), Text;
    Headers "headers" None, None, SecretPairs;
    SubscriptionKey "subscription_key" Some("--subscription-key-file"), Some("M2M_SUBSCRIPTION_KEY"), Secret;
    ParticipantByLogin "participant_by_login" None, None, Text = "/v1/participants?login={login}";
    ParticipantByCpf "participant_by_cpf" None, None, Text = "/v1/participants?document={cpf}";
    Impersonation "impersonation" None, None, Pairs;
    Impersonator "impersonator" Some("--impersonator"), Some("M2M_IMPERSONATOR"), Text;
    Timeout "timeout" Some("--timeout"), Some("M2M_TIMEOUT"), Duration = "30s";
    ConnectTimeout "connect_timeout" Some("--connect-timeout"), Some("M2M_CONNECT_TIMEOUT"), Duration = "10s";
    Retries "retries" Some("--retries"), Some("M2M_RETRIES"), Number = "2";
    CaFile "ca_file" Some("--ca-file"), Some("M2M_CA_FILE"), Path;
    Proxy "proxy" Some("--proxy"), Some("M2M_PROXY"), Text;
    MinTtl "min_ttl" Some("--min-ttl"), None, Duration;
    DefaultTtl "default_ttl" None, None, Duration;
    SecretExpires "secret_expires" None, None, Date;
    ClientCert "client_cert" Some("--client-cert"), Some("M2M_CLIENT_CERT"), Path;
    ClientKey "client_key" Some("--client-key"), Some("M2M_CLIENT_KEY"), PathOrSecret;
    ClientAssertion "client_assertion" None, None, Assertion;
    AssertionAud "assertion_aud" Some("--assertion-aud"), Some("M2M_ASSERTION_AUD"), Text = "issuer";
    AssertionAlg "assertion_alg" Some("--assertion-alg"), Some("M2M_ASSERTION_ALG"), Text;
    AssertionKid "assertion_kid" Some("--assertion-kid"), Some("M2M_ASSERTION_KID"), Text;
    AssertionTyp "assertion_typ" Some("--assertion-typ"), Some("M2M_ASSERTION_TYP"), Text = "client-authentication+jwt";
    ClientAssertionType "client_assertion_type" Some("--client-assertion-type"), Some("M2M_CLIENT_ASSERTION_TYPE"), Text = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    BearerTokenTypes "bearer_token_types" Some("--bearer-token-type"), Some("M2M_BEARER_TOKEN_TYPES"), List;
    TokenHeaders "token_headers" None, None, SecretPairs;
    ParticipantsAt "participants_at" None, None, Text;
    CorrelationId "correlation_id" Some("--correlation-id"), Some("M2M_CORRELATION_ID"), Text;
    Paths "paths" None, None, Pairs;
    IdempotencyHeader "idempotency_header" None, None, Text = "Idempotency-Key";
    OriginClient "origin_client" Some("--origin-client"), Some("M2M_ORIGIN_CLIENT"), Text;
    OriginClientHeader "origin_client_header" None, None, Text;
    CollectorHeader "collector_header" None, None, Text;
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::deadline;

    #[test]
    fn the_table_is_in_the_order_of_the_keys() {
        for (at, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(setting.key as usize, at, "{}", setting.name);
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_shape() {
        for setting in SETTINGS {
            let Some(default) = setting.default else { continue };
            let fits = match setting.shape {
                Shape::Duration => deadline::parse_duration(default).is_ok(),
                Shape::Number => default.parse::<u32>().is_ok(),
                Shape::Text => !default.is_empty(),
                Shape::Word(words) => words.contains(&default),
                _ => false,
            };
            assert!(fits, "{} = {default}", setting.name);
        }
        let timeout = SettingKey::Timeout.default().map(deadline::parse_duration);
        assert_eq!(timeout, Some(Ok(deadline::USUAL)), "local input is awaited for as long until settings are known");
    }
}
