//! How the client proves who it is, request by request: secrets and keys are read once, assertions are signed for each
//! attempt, and an externally issued assertion is read again each time.

use reqwest::header::AUTHORIZATION;
use serde::Deserialize;

use crate::http::client::Http;
use crate::http::message::Request;
use crate::http::tls::certificate_file;
use crate::http::tls::client_config;
use crate::http::tls::client_config::Identity;
use crate::oauth::client_auth;
use crate::oauth::client_auth::{AuthMethod, Authentication};
use crate::oauth::jose::assertion;
use crate::oauth::jose::assertion::Template;
use crate::oauth::jose::private_key::PrivateKey;
use crate::oauth::jose::signer::Signer;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::json;
use crate::platform::secret::Secret;
use crate::platform::url;
use crate::platform::url::Url;
use crate::secrets::source::{SecretKind, SecretSource};
use crate::settings::assertion::Audience;
use crate::settings::client::OAuthClient;
use crate::settings::key::SettingKey;

/// The largest answer of GitHub's identity service accepted, in bytes.
const GITHUB_LIMIT: usize = 64 * 1024;

/// Stands for a secret in a preview, and looks the same in every encoding.
pub const STAND_IN: &str = "m2m-stand-in-for-a-secret";

/// The client's credentials, read and ready to authenticate requests.
pub struct ClientCredentials<'a> {
    client: &'a OAuthClient,
    material: Material,
}

enum Material {
    Secret(Secret),
    Signer { signer: Box<Signer>, x5t: Option<String> },
    Certificate,
    Ready,
}

impl<'a> ClientCredentials<'a> {
    /// Reads secrets and keys, and checks that they can be used. Sends nothing.
    ///
    /// # Errors
    /// Usage: something cannot be read, or not be used with this method.
    pub async fn prepare(host: &Host, client: &'a OAuthClient, deadline: &Deadline) -> Result<Self> {
        let material = match client.method {
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
                Material::Secret(client.read_credential(host, deadline).await?)
            }
            AuthMethod::ClientSecretJwt => {
                let secret = client.read_credential(host, deadline).await?;
                let signer = Signer::with_secret(&secret, client.assertion.alg.as_deref());
                let signer = signer.map_err(|why| {
                    unusable(client, client.credential_key, &client.credential, why)
                        .hint("let the server make a longer secret, or sign with a key of your own: `private_key_jwt`")
                })?;
                Material::Signer { signer: Box::new(signer), x5t: None }
            }
            AuthMethod::PrivateKeyJwt => {
                let key = parse_key(client, &client.credential, &client.read_credential(host, deadline).await?)?;
                let x5t = client.certificate.as_ref().map(|_| certificate_thumbprint(host, client)).transpose()?;
                let assertion = &client.assertion;
                let signer = Signer::with_key(&key, assertion.alg.as_deref(), assertion.kid.clone());
                let signer = signer.map_err(|why| unusable(client, client.credential_key, &client.credential, why))?;
                Material::Signer { signer: Box::new(signer), x5t }
            }
            AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth => Material::Certificate,
            AuthMethod::ClientAssertion => {
                if client.credential.is_free() {
                    // Check before metadata is fetched: nothing is sent for an unusable assertion.
                    still_valid(
                        host,
                        client,
                        client.credential.read_free(host, SecretKind::Assertion, client.credential_key.name())?,
                    )?;
                }
                Material::Ready
            }
        };
        Ok(Self { client, material })
    }

    /// The client secret, where the method uses one.
    pub fn secret(&self) -> Option<&Secret> {
        match &self.material {
            Material::Secret(secret) => Some(secret),
            _ => None,
        }
    }

    /// What one request carries. `issuer` is the authorization server's, if it is known.
    ///
    /// # Errors
    /// Usage: the assertion has no audience, has expired, or cannot be read; the network's errors, where it is fetched.
    pub async fn authenticate(
        &self,
        host: &Host,
        http: &Http,
        issuer: Option<&str>,
        endpoint: &Url,
    ) -> Result<Authentication> {
        let client = self.client;
        let authentication = match &self.material {
            Material::Secret(secret) if client.method == AuthMethod::ClientSecretPost => {
                client_auth::post(&client.id, secret)
            }
            Material::Secret(secret) => client_auth::basic(&client.id, secret, client.encoding, client.id_in_body)?,
            Material::Certificate => client_auth::mutual_tls(&client.id),
            Material::Signer { signer, x5t } => {
                let audience = audience(client, issuer, endpoint)?;
                let template =
                    Template { client_id: &client.id, audience, typ: &client.assertion.typ, x5t: x5t.as_deref() };
                assertion::authentication(
                    &client.id,
                    &client.assertion.assertion_type,
                    assertion::make(&template, signer, host.process.now())?,
                )
            }
            Material::Ready => assertion::authentication(
                &client.id,
                &client.assertion.assertion_type,
                federated_assertion(host, http, client).await?,
            ),
        };
        let header = authentication.authorization.as_ref().map(|h| h.expose().trim_start_matches("Basic ").to_owned());
        let assertion = authentication.params.iter().find(|(name, _)| *name == "client_assertion");
        for value in header.map(Secret::new).iter().chain(assertion.map(|(_, value)| value)) {
            host.ui.redactor.register_secret(value);
        }
        Ok(authentication)
    }
}

/// What a request would carry, with a stand-in for everything secret.
///
/// # Errors
/// Usage: the credentials cannot be sent this way.
pub fn preview(client: &OAuthClient) -> Result<Authentication> {
    let stand_in = Secret::new(STAND_IN.into());
    Ok(match client.method {
        AuthMethod::ClientSecretBasic => client_auth::basic(&client.id, &stand_in, client.encoding, client.id_in_body)?,
        AuthMethod::ClientSecretPost => client_auth::post(&client.id, &stand_in),
        AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth => client_auth::mutual_tls(&client.id),
        AuthMethod::ClientSecretJwt | AuthMethod::PrivateKeyJwt | AuthMethod::ClientAssertion => {
            assertion::authentication(&client.id, &client.assertion.assertion_type, stand_in)
        }
    })
}

/// The identity that a client shows in mutual TLS.
///
/// # Errors
/// Usage: certificate or key cannot be read.
pub async fn identity(host: &Host, client: &OAuthClient, deadline: &Deadline) -> Result<Option<Identity>> {
    let Some((path, origin)) = client.certificate.as_ref().filter(|_| client.offers_certificate()) else {
        return Ok(None);
    };
    let chain = certificate_file::read_certificates(
        path,
        SettingKey::ClientCert.name(),
        &origin.to_string(),
        host.process.input_timeout(),
    )?;
    let text = match &client.certificate_key {
        // The same source: it has been read for the name of the cache entry, and stdin cannot be read twice.
        _ if client.method.is_mutual_tls() => client.read_credential(host, deadline).await?,
        Some(source) => source.read(host, SecretKind::Key, SettingKey::ClientKey.name(), deadline).await?,
        None => return Ok(None),
    };
    let key = parse_key(client, client.certificate_key.as_ref().unwrap_or(&client.credential), &text)?;
    Ok(Some(Identity::new(chain, key.der)))
}

/// The thumbprint of the client's certificate.
///
/// # Errors
/// Usage: it cannot be read.
pub fn certificate_thumbprint(host: &Host, client: &OAuthClient) -> Result<String> {
    let Some((path, origin)) = &client.certificate else { return Ok(String::new()) };
    let chain = certificate_file::read_certificates(
        path,
        SettingKey::ClientCert.name(),
        &origin.to_string(),
        host.process.input_timeout(),
    )?;
    Ok(chain.first().map(client_config::thumbprint).unwrap_or_default())
}

fn parse_key(client: &OAuthClient, source: &SecretSource, text: &Secret) -> Result<PrivateKey> {
    PrivateKey::parse(text.expose()).map_err(|why| {
        unusable(client, SettingKey::ClientKey, source, why)
            .hint("a key is a file with a PEM block (`-----BEGIN .. PRIVATE KEY-----`), or a JWK with its private half")
    })
}

fn unusable(client: &OAuthClient, what: SettingKey, source: &SecretSource, why: String) -> Error {
    Error::usage(format!(
        "cannot use the {} from {} with `auth_method = \"{}\"`",
        what.name(),
        source.describe(),
        client.method.name()
    ))
    .cause(why)
}

fn audience<'a>(client: &'a OAuthClient, issuer: Option<&'a str>, endpoint: &'a Url) -> Result<&'a str> {
    match &client.assertion.audience {
        Audience::Literal(audience) => Ok(audience),
        Audience::TokenEndpoint => Ok(endpoint.as_str()),
        Audience::Issuer => issuer.ok_or_else(|| {
            Error::usage("the assertion has no audience: the issuer is not known").hint(format!(
                "set `issuer` with {}, or `assertion_aud = \"token_endpoint\"` if the server wants that",
                SettingKey::Issuer.how_to_set()
            ))
        }),
    }
}

/// An externally issued assertion, read again for every request: platforms rotate it.
async fn federated_assertion(host: &Host, http: &Http, client: &OAuthClient) -> Result<Secret> {
    let assertion = match &client.credential {
        SecretSource::GithubOidc(audience) => github(host, http, audience).await?,
        source => source.read(host, SecretKind::Assertion, client.credential_key.name(), &http.deadline()).await?,
    };
    still_valid(host, client, assertion)
}

fn still_valid(host: &Host, client: &OAuthClient, assertion: Secret) -> Result<Secret> {
    let Some(ago) = assertion::expired_since(&assertion, host.process.now()) else { return Ok(assertion) };
    Err(Error::usage(format!("the {} from {} has expired", client.credential_key.name(), client.credential.describe()))
        .cause(format!("its `exp` was {} s ago; it was not sent", ago.as_secs()))
        .hint("whoever writes it must renew it; in Kubernetes a volume mounted with `subPath` is never renewed"))
}

/// The identity token of a GitHub Actions job.
async fn github(host: &Host, http: &Http, audience: &str) -> Result<Secret> {
    let needed = |name: &str| {
        Error::usage(format!("`github_oidc` needs the environment variable `{name}`"))
            .cause("GitHub sets it in jobs that may ask for an identity token")
            .hint("give the job `permissions: id-token: write`")
    };
    let variable = "ACTIONS_ID_TOKEN_REQUEST_URL";
    let service = host.process.var(variable)?.ok_or_else(|| needed(variable))?;
    let variable = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
    let token = Secret::new(host.process.var(variable)?.ok_or_else(|| needed(variable))?.to_owned());
    host.ui.redactor.register_secret(&token);
    let mut target = url::parse_secure(service)
        .map_err(|why| Error::usage("the URL in `ACTIONS_ID_TOKEN_REQUEST_URL` is refused").cause(why))?;
    target.query_pairs_mut().append_pair("audience", audience);
    let mut request = Request::get(target.clone(), url::display_url(&target), GITHUB_LIMIT);
    request.secret_header(
        AUTHORIZATION,
        &format!("Bearer {}", token.expose()),
        "the token for GitHub's identity service",
    )?;
    let reply = http.send(host, &request).await?;
    #[derive(Deserialize)]
    struct Wire {
        value: String,
    }
    let wire: Option<Wire> = json::parse(&reply.body).ok();
    let answered = format!("{} answered {}", request.description(), reply.status);
    match wire.filter(|wire| reply.status == 200 && !wire.value.is_empty()) {
        Some(wire) => Ok(Secret::new(wire.value)),
        None => Err(Error::new(ErrorKind::BadResponse, "GitHub's identity service gave no token")
            .cause(answered)
            .hint("does the job have `permissions: id-token: write`? the service's variables are valid only while it runs")
            .http_context(reply.http_context())),
    }
}
