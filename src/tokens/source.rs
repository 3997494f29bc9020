//! The token's source: client, authorization server, and grant, from the settings. Does not cache tokens; metadata is kept
//! by `metadata`.

use serde_json::value::RawValue;

use crate::cache::dir::CacheDir;
use crate::cache::entry::TokenDescription;
use crate::cache::key::Fields;
use crate::http::client::Http;
use crate::http::message::{Request, Response};
use crate::oauth::client_auth::AuthMethod;
use crate::oauth::discovery::Metadata;
use crate::oauth::grant;
use crate::oauth::issuer::IssuerRule;
use crate::oauth::scope::Scope;
use crate::oauth::token_response;
use crate::oauth::token_response::{Expected, Token};
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::url;
use crate::platform::url::Url;
use crate::secrets::source::SecretSource;
use crate::settings::client::OAuthClient;
use crate::settings::presets::{Preset, VENDOR_HINTS};
use crate::settings::resolved::Settings;
use crate::settings::server::Server;
use crate::tokens::credentials;
use crate::tokens::credentials::ClientCredentials;
use crate::tokens::{hints, metadata};

/// Everything that shapes a token.
#[derive(Debug)]
pub struct TokenSource {
    client: OAuthClient,
    server: Server,
    issuer: Option<String>,
    preset: &'static Preset,
}

impl TokenSource {
    /// Reads and checks the settings; touches neither network nor secret.
    pub fn resolve(settings: &Settings, host: &Host) -> Result<Self> {
        Ok(Self {
            server: Server::resolve(settings)?,
            client: OAuthClient::resolve(settings, host)?,
            issuer: settings.issuer()?,
            preset: settings.preset,
        })
    }

    /// Adds everything that shapes the token to the name of its cache entry: the secret's value where that is free to
    /// read, its source where it is not.
    ///
    /// # Errors
    /// Usage: a secret that is free to read cannot be read.
    pub fn describe_key(&self, host: &Host, fields: &mut Fields) -> Result<()> {
        let client = &self.client;
        let grant = &client.grant;
        match &self.server {
            Server::TokenEndpoint(url) => fields.add("token_url", [url.as_str()]),
            Server::Metadata(source) => {
                fields.add("metadata", source.urls.iter().map(Url::as_str));
                fields.add("issuer", [source.expected.as_str()]);
                if source.rule != IssuerRule::Exact {
                    fields.add("issuer_rule", ["another may be named"]);
                }
            }
        }
        fields.add("client_id", [client.id.as_str()]);
        fields.add("auth_method", [client.method.name()]);
        fields.add("body_format", [grant.body_format.name()]);
        fields.add("scope", grant.scope.sorted());
        fields.add("audience", grant.audience.as_deref());
        fields.add("resource", sorted(grant.resources.iter().map(String::as_str)));
        let params = sorted(grant.params.iter());
        let headers: Vec<String> = client.token_headers.describe().collect();
        if !headers.is_empty() {
            fields.add("token_headers", headers.iter().map(String::as_str));
        }
        fields.add("params", params.into_iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        let name = client.credential_key.name();
        match &client.credential {
            SecretSource::Command(argv) => fields.add("command", argv.iter().map(String::as_str)),
            SecretSource::Keyring(entry) => fields.add("keyring", [entry.as_str()]),
            // A value that changes by itself is identified by its source.
            source if client.method == AuthMethod::ClientAssertion => fields.add(name, [source.describe().as_str()]),
            _ => fields.add(name, [client.read_free(host)?.expose()]),
        }
        if client.certificate.is_some() {
            fields.add("client_cert", [credentials::certificate_thumbprint(host, client)?.as_str()]);
        }
        Ok(())
    }

    /// Where tokens are granted.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Who asks, how, and for what.
    pub fn client(&self) -> &OAuthClient {
        &self.client
    }

    /// What the token is for, as `m2m cache list` shows it.
    pub fn description(&self) -> TokenDescription {
        let server = match &self.server {
            Server::TokenEndpoint(url) => url::display_url(url),
            Server::Metadata(source) => source.expected.clone(),
        };
        let grant = &self.client.grant;
        TokenDescription {
            server,
            client_id: self.client.id.clone(),
            scope: grant.scope.joined(),
            audience: grant.audience.clone(),
        }
    }

    /// The token request with nothing secret in it, and what is not known without asking the server.
    ///
    /// # Errors
    /// Usage: the request cannot be built.
    pub fn preview(&self) -> Result<(Request, Option<String>)> {
        let authentication = credentials::preview(&self.client)?;
        let (endpoint, note) = match &self.server {
            Server::TokenEndpoint(url) => (url.clone(), None),
            Server::Metadata(source) => {
                let note = format!(
                    "the token endpoint is what {} names as `token_endpoint`",
                    url::display_url(&source.urls[0])
                );
                (source.urls[0].clone(), Some(note))
            }
        };
        let mut request = grant::build_request(&endpoint, &self.client.grant, &authentication)?;
        if note.is_some() {
            request.display_url = "<token_endpoint>".into();
        }
        Ok((request, note))
    }

    /// Gets a token from the authorization server. Metadata is kept in `dir`, and read from it if `read`.
    ///
    /// # Errors
    /// Usage: a secret, key or certificate cannot be read. Else whatever discovery or the token endpoint makes of it.
    pub async fn grant(&self, host: &Host, http: &Http, dir: Option<&CacheDir>, read: bool) -> Result<Token> {
        // Before anything is sent: a secret that cannot be read must not cost a request.
        let credentials = ClientCredentials::prepare(host, &self.client, &http.deadline()).await?;
        self.offer_certificate(host, http).await?;
        let metadata = match &self.server {
            Server::TokenEndpoint(_) => None,
            Server::Metadata(source) => Some(metadata::find(host, http, source, dir, read).await?),
        };
        let reply = self.request(host, http, &credentials, metadata.as_ref(), &self.client.grant).await?;
        let mut token = self.read(host, &reply, &credentials, metadata.as_ref())?;
        redact_echoed_credentials(host, &mut token);
        host.ui.redactor.register_named_secret(&token.access_token, "access_token");
        for remark in &token.warnings {
            host.ui.warn(remark);
        }
        self.warn_if_scope_narrowed(host, token.granted.as_ref());
        Ok(token)
    }

    /// Reads an answer to the token request.
    ///
    /// # Errors
    /// As [`token_response::parse_response`], with the hints that need settings.
    pub fn read(
        &self,
        host: &Host,
        reply: &Response,
        credentials: &ClientCredentials<'_>,
        metadata: Option<&Metadata>,
    ) -> Result<Token> {
        token_response::parse_response(reply, self.expected(), host.process.now())
            .map_err(|error| hints::add_to(error, &self.client, credentials.secret(), metadata, reply))
    }

    /// What is known of an answer beforehand.
    pub fn expected(&self) -> Expected<'_> {
        let Self { client, preset, .. } = self;
        Expected {
            hints: [VENDOR_HINTS, preset.hints],
            bearer_token_types: &client.bearer_token_types,
            scope: Some(&client.grant.scope),
        }
    }

    /// Sends a token request, rebuilt for every attempt.
    ///
    /// # Errors
    /// Usage: the credentials cannot be used here. The network's errors.
    pub async fn request(
        &self,
        host: &Host,
        http: &Http,
        credentials: &ClientCredentials<'_>,
        metadata: Option<&Metadata>,
        asked: &grant::Grant,
    ) -> Result<Response> {
        let endpoint = self.endpoint(metadata)?;
        let issuer = metadata.map(|metadata| metadata.issuer.as_str()).or(self.issuer.as_deref());
        let headers = self.client.token_headers.read(host, &http.deadline()).await?;
        let make = async || {
            let authentication = credentials.authenticate(host, http, issuer, endpoint).await?;
            let mut request = grant::build_request(endpoint, asked, &authentication)?;
            request.headers.extend(headers.clone());
            Ok(request)
        };
        http.send_rebuilt(host, make).await
    }

    /// The token endpoint for the client's method (RFC 8705 section 5).
    ///
    /// # Errors
    /// Usage: mutual TLS without TLS.
    pub fn endpoint<'m>(&'m self, metadata: Option<&'m Metadata>) -> Result<&'m Url> {
        let mutual_tls = self.client.method.is_mutual_tls();
        let endpoint = match (&self.server, metadata) {
            (Server::Metadata(_), Some(metadata)) if mutual_tls => {
                metadata.mtls_token_endpoint.as_ref().unwrap_or(&metadata.token_endpoint)
            }
            (Server::Metadata(_), Some(metadata)) => &metadata.token_endpoint,
            (Server::TokenEndpoint(url), _) => url,
            (Server::Metadata(_), None) => return Err(Error::usage("the token endpoint is not known")),
        };
        if mutual_tls && endpoint.scheme() != "https" {
            return Err(Error::usage(format!(
                "`auth_method = \"{}\"` needs a token endpoint with https",
                self.client.method.name()
            ))
            .cause(format!("it is {}", url::display_url(endpoint))));
        }
        Ok(endpoint)
    }

    /// Lets connections from now on show the client's certificate, if it has one.
    ///
    /// # Errors
    /// Usage: certificate or key cannot be read.
    pub async fn offer_certificate(&self, host: &Host, http: &Http) -> Result<()> {
        if self.client.offers_certificate()
            && !http.has_identity()
            && let Some(identity) = credentials::identity(host, &self.client, &http.deadline()).await?
        {
            http.set_identity(identity);
        }
        Ok(())
    }

    /// Warns if less was granted than asked: with a new token, and with one from the cache.
    pub fn warn_if_scope_narrowed(&self, host: &Host, granted: Option<&Scope>) {
        let asked = &self.client.grant.scope;
        match granted {
            Some(granted) if !asked.missing_from(granted).is_empty() => {
                host.ui.warn(&format!(
                    "the server granted less than was asked: `{}` is missing",
                    asked.missing_from(granted).join(" ")
                ));
            }
            None if !asked.is_empty() => host.ui.verbose(|| "the server did not say which scope it granted".into()),
            _ => {}
        }
    }
}

/// A server that sends a credential back must not make us print or store it.
fn redact_echoed_credentials(host: &Host, token: &mut Token) {
    for (name, raw) in &mut token.members.0 {
        if host.ui.redactor.contains_secret(name.as_bytes()) {
            *name = host.ui.redactor.hide(name);
        }
        if name != "access_token" && host.ui.redactor.contains_secret(raw.get().as_bytes()) {
            let hidden = host.ui.redactor.hide(raw.get());
            *raw = RawValue::from_string(hidden).unwrap_or_else(|_| RawValue::NULL.to_owned());
        }
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort();
    items
}
