//! Who asks for a token, how it proves that, and what it asks for.

use std::cell::OnceCell;

use crate::oauth::client_auth::{self, AuthMethod, Authentication, BasicEncoding};
use crate::oauth::grant::{BodyFormat, Grant};
use crate::oauth::scope::Scope;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::secret::Secret;
use crate::platform::url;
use crate::settings::key::Key;
use crate::settings::layer::Origin;
use crate::settings::resolved::{Settings, missing};
use crate::settings::secret_source::SecretSource;

/// The names of the methods, as in RFC 7591.
const METHODS: &[(&str, AuthMethod)] =
    &[("client_secret_basic", AuthMethod::ClientSecretBasic), ("client_secret_post", AuthMethod::ClientSecretPost)];
const FORMATS: &[(&str, BodyFormat)] = &[("form", BodyFormat::Form), ("json", BodyFormat::Json)];
const ENCODINGS: &[(&str, BasicEncoding)] =
    &[("form", BasicEncoding::Form), ("strict", BasicEncoding::Strict), ("raw", BasicEncoding::Raw)];

/// A client, complete but for the value of its secret.
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
    /// Where its secret is.
    pub secret: SecretSource,
    /// What it asks for.
    pub grant: Grant,
    /// The secret, once it was read: stdin cannot be read twice, and one warning about a file is enough.
    read: OnceCell<Secret>,
}

impl Client {
    /// Reads and checks all that a token request needs, short of the secret itself.
    ///
    /// # Errors
    /// Usage: something is missing, malformed or contradicts something else.
    pub fn resolve(settings: &Settings, host: &Host) -> Result<Self> {
        let id = settings.required(Key::ClientId)?;
        if id.is_empty() || id.chars().any(char::is_control) {
            return Err(settings.bad(Key::ClientId, &id, "a client id is not empty and holds no control characters"));
        }
        let (method, body_format) = method(settings)?;
        let grant = grant(settings, body_format)?;
        if let Some((word, why)) = grant.scope.suspicious() {
            host.warn(&format!("the scope `{word}` (from {}) looks wrong: {why}", settings.origin(Key::Scope)));
        }
        let secret = settings.secret(Key::ClientSecret).cloned().ok_or_else(|| {
            missing(Key::ClientSecret)
                .hint("in a pipe: `--client-secret-file -` reads it from stdin; there is no flag for the secret itself")
        })?;
        Ok(Self {
            origins: [Key::ClientId, Key::Scope, Key::Audience, Key::Resource]
                .map(|key| (key, settings.origin(key)))
                .to_vec(),
            method,
            encoding: settings.word(Key::BasicEncoding, ENCODINGS)?.unwrap_or(BasicEncoding::Form),
            id_in_body: settings.switch(Key::ClientIdInBody),
            secret,
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

    /// Reads a secret that is free to read.
    ///
    /// # Errors
    /// Usage: it cannot be read.
    pub fn read_secret(&self, host: &Host) -> Result<Secret> {
        if let Some(secret) = self.read.get() {
            return Ok(secret.clone());
        }
        let secret = self.secret.read_free(host, Key::ClientSecret.name())?;
        Ok(self.read.get_or_init(|| secret).clone())
    }

    /// What a request would carry, with a stand-in for the secret, which is not read.
    ///
    /// # Errors
    /// Usage: the credentials cannot be sent this way.
    pub fn sketch(&self) -> Result<Authentication> {
        self.authentication(&Secret::new("HIDDEN".into()))
    }

    fn authentication(&self, secret: &Secret) -> Result<Authentication> {
        match self.method {
            AuthMethod::ClientSecretBasic => client_auth::basic(&self.id, secret, self.encoding, self.id_in_body),
            AuthMethod::ClientSecretPost => Ok(client_auth::post(&self.id, secret)),
        }
    }

    /// Reads the secret and makes what the request carries. What was made is hidden from every message.
    ///
    /// # Errors
    /// Usage: the secret cannot be read or not be sent this way.
    pub async fn authenticate(&self, host: &Host) -> Result<(Authentication, Secret)> {
        let secret = if self.secret.is_free() {
            self.read_secret(host)?
        } else {
            self.secret.read(host, Key::ClientSecret.name()).await?
        };
        let authentication = self.authentication(&secret)?;
        if let Some(header) = &authentication.authorization {
            host.redactor.learn(&Secret::new(header.expose().trim_start_matches("Basic ").to_owned()));
        }
        Ok((authentication, secret))
    }
}

fn method(settings: &Settings) -> Result<(AuthMethod, BodyFormat)> {
    let body_format = settings.word(Key::BodyFormat, FORMATS)?.unwrap_or(BodyFormat::Form);
    let natural =
        if body_format == BodyFormat::Json { AuthMethod::ClientSecretPost } else { AuthMethod::ClientSecretBasic };
    let method = settings.word(Key::AuthMethod, METHODS)?.unwrap_or(natural);
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
                "a resource is an absolute URI without a fragment (RFC 8707 section 2)",
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
    grant.check_params()?;
    Ok(grant)
}
