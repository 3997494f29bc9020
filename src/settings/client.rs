//! Who asks for a token, how it proves that, and what it asks for.

use std::cell::RefCell;

use crate::oauth::client_auth::{AuthMethod, BasicEncoding};
use crate::oauth::grant::{BodyFormat, Grant};
use crate::oauth::scope::Scope;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::redaction::redactor::is_sensitive_name;
use crate::platform::secret::Secret;
use crate::platform::text::list_quoted;
use crate::platform::url;
use crate::secrets::source::SecretSource;
use crate::settings::assertion::AssertionSettings;
use crate::settings::key::SettingKey;
use crate::settings::layer::Origin;
use crate::settings::resolved::{Settings, missing};
use crate::settings::secret_headers::SecretHeaders;

/// A client, complete but for the values of its secrets.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    /// Its identifier.
    pub id: String,
    origins: Vec<(SettingKey, Origin)>,
    /// How it authenticates.
    pub method: AuthMethod,
    /// How Basic is written.
    pub encoding: BasicEncoding,
    /// Whether the identifier also goes into the body beside Basic.
    pub id_in_body: bool,
    /// Where its secret, its private key or its ready assertion is, whichever the method uses.
    pub credential: SecretSource,
    /// Which setting that is.
    pub credential_key: SettingKey,
    /// The file with its certificate, and its origin.
    pub certificate: Option<(String, Origin)>,
    /// Where the certificate's key is: in the same file, where nothing else is said.
    pub certificate_key: Option<SecretSource>,
    /// How assertions are made.
    pub assertion: AssertionSettings,
    /// Values of `token_type` beside `Bearer` that mean it.
    pub bearer_token_types: Vec<String>,
    /// Further headers of the token request.
    pub token_headers: SecretHeaders,
    /// Methods that the settings have what is needed for.
    pub usable_auth_methods: Vec<AuthMethod>,
    /// What it asks for.
    pub grant: Grant,
    /// The proof, once it was read: stdin cannot be read twice, and one warning about a file is enough.
    read: RefCell<Option<Secret>>,
}

impl OAuthClient {
    /// Reads and checks all that a token request needs, short of the secrets themselves.
    ///
    /// # Errors
    /// Usage: something is missing, malformed or contradicts something else.
    pub fn resolve(settings: &Settings, host: &Host) -> Result<Self> {
        let id = settings.required(SettingKey::ClientId)?;
        if id.is_empty() || id.chars().any(char::is_control) {
            return Err(settings.bad(
                SettingKey::ClientId,
                &id,
                "it must not be empty, and hold no control characters",
            ));
        }
        let (method, body_format) = method(settings)?;
        let grant = grant(settings, body_format)?;
        if let Some((word, why)) = grant.scope.lint() {
            host.ui
                .warn(&format!("the scope `{word}` (from {}) looks wrong: {why}", settings.origin(SettingKey::Scope)));
        }
        for (_, value) in grant.params.iter().filter(|(name, _)| is_sensitive_name(name)) {
            host.ui.redactor.register_secret(&Secret::new(value.clone()));
        }
        let (credential_key, credential) = credential(settings, method)?;
        Ok(Self {
            origins: [
                SettingKey::ClientId,
                SettingKey::Scope,
                SettingKey::Audience,
                SettingKey::Resource,
                SettingKey::BodyFormat,
            ]
            .map(|key| (key, settings.origin(key)))
            .to_vec(),
            method,
            encoding: settings.word(SettingKey::BasicEncoding, &BasicEncoding::ALL)?.unwrap_or(BasicEncoding::Form),
            id_in_body: settings.switch(SettingKey::ClientIdInBody),
            credential,
            credential_key,
            certificate: settings
                .raw_str(SettingKey::ClientCert)
                .map(|path| (path.to_owned(), settings.origin(SettingKey::ClientCert))),
            certificate_key: settings.raw_str(SettingKey::ClientCert).map(|path| certificate_key(settings, path)),
            assertion: AssertionSettings::resolve(settings, method)?,
            bearer_token_types: bearer_token_types(settings)?,
            token_headers: SecretHeaders::resolve(settings, SettingKey::TokenHeaders)?,
            usable_auth_methods: usable_auth_methods(settings),
            grant,
            id,
            read: RefCell::default(),
        })
    }

    /// Where the client id or what it asks for was set.
    pub fn origin_of(&self, key: SettingKey) -> &Origin {
        self.origins.iter().find(|(known, _)| *known == key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// Whether its certificate is shown to servers. With a signed assertion the certificate only names the key.
    pub fn offers_certificate(&self) -> bool {
        self.certificate.is_some() && self.method != AuthMethod::PrivateKeyJwt
    }

    /// Reads a secret or key that is free to read.
    ///
    /// # Errors
    /// Usage: it cannot be read.
    pub fn read_free(&self, host: &Host) -> Result<Secret> {
        if let Some(secret) = &*self.read.borrow() {
            return Ok(secret.clone());
        }
        let secret = self.credential.read_free(host, self.credential_key.secret_kind(), self.credential_key.name())?;
        self.read.replace(Some(secret.clone()));
        Ok(secret)
    }

    /// Has the proof read again for the next grant, where that is possible: it may have been rotated since.
    pub fn forget_credential(&self) {
        if !matches!(self.credential, SecretSource::Stdin) {
            self.read.take();
        }
    }

    /// Reads the secret or key, whatever it costs.
    ///
    /// # Errors
    /// Usage: it cannot be read.
    pub async fn read_credential(&self, host: &Host, deadline: &Deadline) -> Result<Secret> {
        if self.credential.is_free() {
            return self.read_free(host);
        }
        self.credential.read(host, self.credential_key.secret_kind(), self.credential_key.name(), deadline).await
    }
}

fn method(settings: &Settings) -> Result<(AuthMethod, BodyFormat)> {
    let body_format = settings.word(SettingKey::BodyFormat, &BodyFormat::ALL)?.unwrap_or(BodyFormat::Form);
    let (natural, _) = default_auth_method(settings);
    let method = settings.word(SettingKey::AuthMethod, &AuthMethod::ALL)?.unwrap_or(natural);
    if (method, body_format) == (AuthMethod::ClientSecretBasic, BodyFormat::Json) {
        return Err(Error::usage(
            "a JSON body carries the credentials itself, and only one method may be used in a request",
        )
        .cause(format!("`auth_method = \"client_secret_basic\"` is from {}", settings.origin(SettingKey::AuthMethod)))
        .cause(format!("`body_format = \"json\"` is from {}", settings.origin(SettingKey::BodyFormat)))
        .hint("use `body_format = \"form\"`, or `auth_method = \"client_secret_post\"`"));
    }
    Ok((method, body_format))
}

/// The method where `auth_method` is not set, and the setting that it follows from, if any.
pub fn default_auth_method(settings: &Settings) -> (AuthMethod, Option<SettingKey>) {
    let federated =
        settings.secret(SettingKey::ClientAssertion).is_some() && settings.secret(SettingKey::ClientSecret).is_none();
    if federated {
        (AuthMethod::ClientAssertion, Some(SettingKey::ClientAssertion))
    } else if settings.raw_str(SettingKey::BodyFormat) == Some(BodyFormat::Json.name()) {
        // A JSON body carries the credentials itself.
        (AuthMethod::ClientSecretPost, Some(SettingKey::BodyFormat))
    } else {
        (AuthMethod::ClientSecretBasic, None)
    }
}

/// One type per item, or several separated by commas: a type may hold spaces.
fn bearer_token_types(settings: &Settings) -> Result<Vec<String>> {
    let items = settings.list(SettingKey::BearerTokenTypes)?;
    let types = items.iter().flat_map(|item| item.split(',')).map(|name| name.trim().to_owned());
    Ok(types.filter(|name| !name.is_empty()).collect())
}

/// Where the proof that the method needs is. A file with certificate and key serves as both.
fn credential(settings: &Settings, method: AuthMethod) -> Result<(SettingKey, SecretSource)> {
    let needed = |error: Error| {
        error.cause(format!(
            "`auth_method = \"{}\"` (from {}) needs it",
            method.name(),
            settings.origin(SettingKey::AuthMethod)
        ))
    };
    let (key, source) = match method {
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::ClientSecretJwt => {
            let source = settings.secret(SettingKey::ClientSecret).cloned().ok_or_else(|| {
                let error = missing(SettingKey::ClientSecret).hint(
                    "in a pipe: `--client-secret-file -` reads it from stdin; there is no flag for the secret itself",
                );
                match without_secret(settings).as_slice() {
                    [] => error,
                    names => error.hint(format!("what is set would do for `auth_method` = {}", list_quoted(names))),
                }
            })?;
            (SettingKey::ClientSecret, source)
        }
        AuthMethod::PrivateKeyJwt => (
            SettingKey::ClientKey,
            settings.secret(SettingKey::ClientKey).cloned().ok_or_else(|| needed(missing(SettingKey::ClientKey)))?,
        ),
        AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth => {
            let certificate =
                settings.raw_str(SettingKey::ClientCert).ok_or_else(|| needed(missing(SettingKey::ClientCert)))?;
            (SettingKey::ClientKey, certificate_key(settings, certificate))
        }
        AuthMethod::ClientAssertion => {
            let source = settings.secret(SettingKey::ClientAssertion).cloned();
            (SettingKey::ClientAssertion, source.ok_or_else(|| needed(missing(SettingKey::ClientAssertion)))?)
        }
    };
    Ok((key, source))
}

/// Where the key of the certificate in `path` is.
fn certificate_key(settings: &Settings, path: &str) -> SecretSource {
    settings.secret(SettingKey::ClientKey).cloned().unwrap_or_else(|| SecretSource::File(path.into()))
}

/// The methods that need no secret and could be used with what is set.
fn without_secret(settings: &Settings) -> Vec<&'static str> {
    usable_auth_methods(settings)
        .into_iter()
        .map(AuthMethod::name)
        .filter(|name| !name.starts_with("client_secret"))
        .collect()
}

/// The methods that could be used with what is set.
fn usable_auth_methods(settings: &Settings) -> Vec<AuthMethod> {
    let has = |key| settings.raw(key).is_some();
    let mut methods = Vec::new();
    if has(SettingKey::ClientKey) {
        methods.push(AuthMethod::PrivateKeyJwt);
    }
    if has(SettingKey::ClientCert) {
        methods.extend([AuthMethod::TlsClientAuth, AuthMethod::SelfSignedTlsClientAuth]);
    }
    if has(SettingKey::ClientSecret) {
        methods.extend([AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::ClientSecretJwt]);
    }
    methods
}

fn grant(settings: &Settings, body_format: BodyFormat) -> Result<Grant> {
    let words = settings.list(SettingKey::Scope)?.join(" ");
    let scope = Scope::parse(&words).map_err(|why| settings.bad(SettingKey::Scope, &words, &why))?;
    let resources = settings.list(SettingKey::Resource)?;
    for resource in &resources {
        let absolute = url::Url::parse(resource).is_ok_and(|u| u.fragment().is_none());
        if !absolute {
            return Err(settings.bad(
                SettingKey::Resource,
                resource,
                "it must be an absolute URI without a fragment (RFC 8707 section 2)",
            ));
        }
    }
    let grant = Grant {
        body_format,
        scope,
        audience: settings.text(SettingKey::Audience)?,
        resources,
        params: settings.pairs(SettingKey::Params).to_vec(),
    };
    let origin = || format!("`params` is from {}", settings.origin(SettingKey::Params));
    grant.check_params().map_err(|e| e.cause(origin()))?;
    Ok(grant)
}
