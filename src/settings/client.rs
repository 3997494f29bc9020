//! Who asks for a token, how it proves that, and what it asks for.

use std::cell::OnceCell;

use crate::oauth::client_auth::{AuthMethod, BasicEncoding};
use crate::oauth::grant::{BodyFormat, Grant};
use crate::oauth::jose::assertion;
use crate::oauth::scope::Scope;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::redactor::is_sensitive_name;
use crate::platform::secret::Secret;
use crate::platform::text::list_quoted;
use crate::platform::url;
use crate::secrets::source::SecretSource;
use crate::settings::key::Key;
use crate::settings::layer::Origin;
use crate::settings::resolved::{Settings, missing};

const FORMATS: &[(&str, BodyFormat)] = &[("form", BodyFormat::Form), ("json", BodyFormat::Json)];
const ENCODINGS: &[(&str, BasicEncoding)] =
    &[("form", BasicEncoding::Form), ("strict", BasicEncoding::Strict), ("raw", BasicEncoding::Raw)];

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
}

/// A client, complete but for the values of its secrets.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its identifier.
    pub id: String,
    origins: Vec<(Key, Origin)>,
    /// How it authenticates.
    pub method: AuthMethod,
    /// How Basic is written.
    pub encoding: BasicEncoding,
    /// Whether the identifier also goes into the body beside Basic.
    pub id_in_body: bool,
    /// Where its secret, its private key or its ready assertion is, whichever the method uses.
    pub proof: SecretSource,
    /// Which setting that is.
    pub proof_key: Key,
    /// The file with its certificate, and its origin.
    pub certificate: Option<(String, Origin)>,
    /// Where the certificate's key is: in the same file, where nothing else is said.
    pub certificate_key: Option<SecretSource>,
    /// How assertions are made.
    pub assertion: AssertionSettings,
    /// Methods that the settings have what is needed for.
    pub possible: Vec<AuthMethod>,
    /// What it asks for.
    pub grant: Grant,
    /// The proof, once it was read: stdin cannot be read twice, and one warning about a file is enough.
    read: OnceCell<Secret>,
}

impl Client {
    /// Reads and checks all that a token request needs, short of the secrets themselves.
    ///
    /// # Errors
    /// Usage: something is missing, malformed or contradicts something else.
    pub fn resolve(settings: &Settings, host: &Host) -> Result<Self> {
        let id = settings.required(Key::ClientId)?;
        if id.is_empty() || id.chars().any(char::is_control) {
            return Err(settings.bad(Key::ClientId, &id, "it must not be empty, and hold no control characters"));
        }
        let (method, body_format) = method(settings)?;
        let grant = grant(settings, body_format)?;
        if let Some((word, why)) = grant.scope.suspicious() {
            host.warn(&format!("the scope `{word}` (from {}) looks wrong: {why}", settings.origin(Key::Scope)));
        }
        for (_, value) in grant.params.iter().filter(|(name, _)| is_sensitive_name(name)) {
            host.redactor.learn(&Secret::new(value.clone()));
        }
        let (proof_key, proof) = proof(settings, method)?;
        Ok(Self {
            origins: [Key::ClientId, Key::Scope, Key::Audience, Key::Resource]
                .map(|key| (key, settings.origin(key)))
                .to_vec(),
            method,
            encoding: settings.word(Key::BasicEncoding, ENCODINGS)?.unwrap_or(BasicEncoding::Form),
            id_in_body: settings.switch(Key::ClientIdInBody),
            proof,
            proof_key,
            certificate: settings
                .plain(Key::ClientCert)
                .map(|path| (path.to_owned(), settings.origin(Key::ClientCert))),
            certificate_key: settings.plain(Key::ClientCert).map(|path| certificate_key(settings, path)),
            assertion: assertion_settings(settings, method)?,
            possible: possible(settings),
            grant,
            id,
            read: OnceCell::new(),
        })
    }

    /// Where the client id or what it asks for was set.
    #[must_use]
    pub fn origin_of(&self, key: Key) -> &Origin {
        self.origins.iter().find(|(known, _)| *known == key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// Whether its certificate is shown to servers. With a signed assertion the certificate only names the key.
    #[must_use]
    pub fn shows_certificate(&self) -> bool {
        self.certificate.is_some() && self.method != AuthMethod::PrivateKeyJwt
    }

    /// Reads a secret or key that is free to read.
    ///
    /// # Errors
    /// Usage: it cannot be read.
    pub fn read_free(&self, host: &Host) -> Result<Secret> {
        if let Some(secret) = self.read.get() {
            return Ok(secret.clone());
        }
        let secret = self.proof.read_free(host, self.proof_key.secret_kind(), self.proof_key.name())?;
        Ok(self.read.get_or_init(|| secret).clone())
    }

    /// Reads the secret or key, whatever it costs.
    ///
    /// # Errors
    /// Usage: it cannot be read.
    pub async fn read_proof(&self, host: &Host, deadline: &Deadline) -> Result<Secret> {
        if self.proof.is_free() {
            return self.read_free(host);
        }
        self.proof.read(host, self.proof_key.secret_kind(), self.proof_key.name(), deadline).await
    }
}

fn method(settings: &Settings) -> Result<(AuthMethod, BodyFormat)> {
    let body_format = settings.word(Key::BodyFormat, FORMATS)?.unwrap_or(BodyFormat::Form);
    let (natural, _) = natural_method(settings);
    let names = AuthMethod::ALL.map(|method| (method.name(), method));
    let method = settings.word(Key::AuthMethod, &names)?.unwrap_or(natural);
    if (method, body_format) == (AuthMethod::ClientSecretBasic, BodyFormat::Json) {
        return Err(Error::usage(
            "a JSON body carries the credentials itself, and only one method may be used in a request",
        )
        .cause(format!("`auth_method = \"client_secret_basic\"` is from {}", settings.origin(Key::AuthMethod)))
        .cause(format!("`body_format = \"json\"` is from {}", settings.origin(Key::BodyFormat)))
        .hint("use `body_format = \"form\"`, or `auth_method = \"client_secret_post\"`"));
    }
    Ok((method, body_format))
}

/// The method where `auth_method` is not set, and the setting that it follows from, if any.
#[must_use]
pub fn natural_method(settings: &Settings) -> (AuthMethod, Option<Key>) {
    let federated = settings.secret(Key::ClientAssertion).is_some() && settings.secret(Key::ClientSecret).is_none();
    if federated {
        (AuthMethod::ClientAssertion, Some(Key::ClientAssertion))
    } else if settings.plain(Key::BodyFormat) == Some(BodyFormat::Json.name()) {
        // A JSON body carries the credentials itself.
        (AuthMethod::ClientSecretPost, Some(Key::BodyFormat))
    } else {
        (AuthMethod::ClientSecretBasic, None)
    }
}

/// Where the proof that the method needs is. A file with certificate and key serves as both.
fn proof(settings: &Settings, method: AuthMethod) -> Result<(Key, SecretSource)> {
    let needed = |error: Error| {
        error.cause(format!(
            "`auth_method = \"{}\"` (from {}) needs it",
            method.name(),
            settings.origin(Key::AuthMethod)
        ))
    };
    let (key, source) = match method {
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::ClientSecretJwt => {
            let source = settings.secret(Key::ClientSecret).cloned().ok_or_else(|| {
                let error = missing(Key::ClientSecret).hint(
                    "in a pipe: `--client-secret-file -` reads it from stdin; there is no flag for the secret itself",
                );
                match without_secret(settings).as_slice() {
                    [] => error,
                    names => error.hint(format!("what is set would do for `auth_method` = {}", list_quoted(names))),
                }
            })?;
            (Key::ClientSecret, source)
        }
        AuthMethod::PrivateKeyJwt => {
            (Key::ClientKey, settings.secret(Key::ClientKey).cloned().ok_or_else(|| needed(missing(Key::ClientKey)))?)
        }
        AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth => {
            let certificate = settings.plain(Key::ClientCert).ok_or_else(|| needed(missing(Key::ClientCert)))?;
            (Key::ClientKey, certificate_key(settings, certificate))
        }
        AuthMethod::ClientAssertion => {
            let source = settings.secret(Key::ClientAssertion).cloned();
            (Key::ClientAssertion, source.ok_or_else(|| needed(missing(Key::ClientAssertion)))?)
        }
    };
    Ok((key, source))
}

/// Where the key of the certificate in `path` is.
fn certificate_key(settings: &Settings, path: &str) -> SecretSource {
    settings.secret(Key::ClientKey).cloned().unwrap_or_else(|| SecretSource::File(path.into()))
}

/// The methods that need no secret and could be used with what is set.
fn without_secret(settings: &Settings) -> Vec<&'static str> {
    possible(settings).into_iter().map(AuthMethod::name).filter(|name| !name.starts_with("client_secret")).collect()
}

/// The methods that could be used with what is set.
fn possible(settings: &Settings) -> Vec<AuthMethod> {
    let has = |key| settings.raw(key).is_some();
    let mut methods = Vec::new();
    if has(Key::ClientKey) {
        methods.push(AuthMethod::PrivateKeyJwt);
    }
    if has(Key::ClientCert) {
        methods.extend([AuthMethod::TlsClientAuth, AuthMethod::SelfSignedTlsClientAuth]);
    }
    if has(Key::ClientSecret) {
        methods.extend([AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::ClientSecretJwt]);
    }
    methods
}

fn assertion_settings(settings: &Settings, method: AuthMethod) -> Result<AssertionSettings> {
    let signs = matches!(method, AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt);
    // A preset's audience may need the tenant's domain, which is nobody's business where nothing is signed.
    let wanted = if signs || settings.rank(Key::AssertionAud) > 1 { settings.text(Key::AssertionAud)? } else { None };
    let audience = match wanted.as_deref() {
        None | Some("issuer") => Audience::Issuer,
        Some("token_endpoint") => Audience::TokenEndpoint,
        Some("") => {
            return Err(settings.bad(Key::AssertionAud, "", "it is `issuer`, `token_endpoint` or the audience itself"));
        }
        Some(literal) => Audience::Literal(literal.to_owned()),
    };
    Ok(AssertionSettings {
        audience,
        alg: settings.plain(Key::AssertionAlg).map(str::to_owned),
        kid: settings.plain(Key::AssertionKid).map(str::to_owned),
        typ: settings.plain(Key::AssertionTyp).unwrap_or(assertion::DEFAULT_TYP).to_owned(),
    })
}

fn grant(settings: &Settings, body_format: BodyFormat) -> Result<Grant> {
    let words = settings.list(Key::Scope)?.join(" ");
    let scope = Scope::parse(&words).map_err(|why| settings.bad(Key::Scope, &words, &why))?;
    let resources = settings.list(Key::Resource)?;
    for resource in &resources {
        let absolute = url::Url::parse(resource).is_ok_and(|u| u.fragment().is_none());
        if !absolute {
            return Err(settings.bad(
                Key::Resource,
                resource,
                "it must be an absolute URI without a fragment (RFC 8707 section 2)",
            ));
        }
    }
    let grant = Grant {
        body_format,
        scope,
        audience: settings.text(Key::Audience)?,
        resources,
        params: settings.pairs(Key::Params).to_vec(),
    };
    let origin = || format!("`params` is from {}", settings.origin(Key::Params));
    grant.check_params().map_err(|e| e.cause(origin()))?;
    Ok(grant)
}
