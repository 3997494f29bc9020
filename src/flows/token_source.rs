//! From settings to an access token: secret, metadata, grant. The only file that knows all of them.

use serde_json::value::RawValue;

use crate::cache::folder::Folder;
use crate::cache::key::Fields;
use crate::flows::metadata;
use crate::oauth::client_auth::{self, AuthMethod, BasicEncoding};
use crate::oauth::grant;
use crate::oauth::token::{self, Token};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::http::{Http, Request};
use crate::platform::secret::Secret;
use crate::platform::url::{self, Url};
use crate::settings::client::Client;
use crate::settings::key::Key;
use crate::settings::presets::Preset;
use crate::settings::resolved::Settings;
use crate::settings::secret_source::SecretSource;
use crate::settings::server::Server;

/// Everything that shapes a token.
#[derive(Debug)]
pub struct TokenSource {
    client: Client,
    server: Server,
    preset: &'static Preset,
}

impl TokenSource {
    /// Reads and checks the settings; touches neither network nor secret.
    ///
    /// # Errors
    /// Usage.
    pub fn resolve(settings: &Settings, host: &Host) -> Result<Self> {
        Ok(Self {
            server: Server::resolve(settings)?,
            client: Client::resolve(settings, host)?,
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
            }
        }
        fields.add("client_id", [client.id.as_str()]);
        fields.add("auth_method", [client.method.name()]);
        fields.add("body_format", [grant.body_format.name()]);
        fields.add("scope", grant.scope.sorted());
        fields.add("audience", grant.audience.as_deref());
        fields.add("resource", sorted(grant.resources.iter().map(String::as_str)));
        let params = sorted(grant.params.iter());
        fields.add("params", params.into_iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        match &client.secret {
            SecretSource::Command(argv) => fields.add("secret_command", argv.iter().map(String::as_str)),
            SecretSource::Keyring(entry) => fields.add("secret_keyring", [entry.as_str()]),
            _ => fields.add("secret", [client.read_secret(host)?.expose()]),
        }
        Ok(())
    }

    /// Where tokens are granted.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Who asks, how, and for what.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Server, client id, scope and audience, for people.
    #[must_use]
    pub fn about(&self) -> (String, String, String, Option<String>) {
        let server = match &self.server {
            Server::TokenEndpoint(url) => url::shown(url),
            Server::Metadata(source) => source.expected.clone(),
        };
        let grant = &self.client.grant;
        (server, self.client.id.clone(), grant.scope.joined(), grant.audience.clone())
    }

    /// The token request with nothing secret in it, and what is not known without asking the server.
    ///
    /// # Errors
    /// Usage: the request cannot be built.
    pub fn sketch(&self) -> Result<(Request, Option<String>)> {
        let authentication = self.client.sketch()?;
        let (endpoint, note) = match &self.server {
            Server::TokenEndpoint(url) => (url.clone(), None),
            Server::Metadata(source) => {
                let note =
                    format!("the token endpoint is what {} names as `token_endpoint`", url::shown(&source.urls[0]));
                (source.urls[0].clone(), Some(note))
            }
        };
        let mut request = grant::build_request(&endpoint, &self.client.grant, &authentication)?;
        if note.is_some() {
            request.shown = "<token_endpoint>".into();
        }
        Ok((request, note))
    }

    /// Gets a token from the authorization server. Metadata is kept in `folder`, and read from it if `read`.
    ///
    /// # Errors
    /// Usage: the secret cannot be read. Else whatever discovery or the token endpoint makes of it.
    pub async fn grant(&self, host: &Host, http: &Http, folder: Option<&Folder>, read: bool) -> Result<Token> {
        // Before anything is sent: a secret that cannot be read must not cost a request.
        let (authentication, secret) =
            http.deadline().bound("reading the client secret", self.client.authenticate(host)).await??;
        let endpoint = match &self.server {
            Server::TokenEndpoint(url) => url.clone(),
            Server::Metadata(source) => metadata::find(host, http, source, folder, read).await?.token_endpoint,
        };
        let request = grant::build_request(&endpoint, &self.client.grant, &authentication)?;
        let reply = http.send(host, &request).await?;
        let mut token =
            token::parse_response(&reply, self.preset.hints, host.now()).map_err(|e| self.explain(e, &secret))?;
        hide_echoes(host, &mut token);
        host.redactor.learn(&token.access_token);
        for remark in &token.remarks {
            host.warn(remark);
        }
        self.compare_scope(host, &token);
        Ok(token)
    }

    fn compare_scope(&self, host: &Host, token: &Token) {
        let asked = &self.client.grant.scope;
        match &token.granted {
            Some(granted) if !asked.missing_from(granted).is_empty() => {
                host.warn(&format!(
                    "the server granted less than was asked: `{}` is missing",
                    asked.missing_from(granted).join(" ")
                ));
            }
            None if !asked.is_empty() => host.story(|| "the server did not say which scope it granted".into()),
            _ => {}
        }
    }

    /// What was asked for, with its origin.
    fn asked_for(&self) -> String {
        let grant = &self.client.grant;
        let origin = |key| self.client.origin_of(key);
        let scope = (!grant.scope.is_empty())
            .then(|| format!("scope `{}` (from {})", grant.scope.joined(), origin(Key::Scope)));
        let audience =
            grant.audience.as_ref().map(|audience| format!("audience `{audience}` (from {})", origin(Key::Audience)));
        let resources = (!grant.resources.is_empty())
            .then(|| format!("resource `{}` (from {})", grant.resources.join(" "), origin(Key::Resource)));
        let all: Vec<String> = [scope, audience, resources].into_iter().flatten().collect();
        if all.is_empty() {
            "no scope, audience or resource was asked for".to_owned()
        } else {
            format!("asked for: {}", all.join(", "))
        }
    }

    /// Adds to a refusal what only the settings know: where the credentials came from, and how else they could be read.
    #[must_use]
    pub fn explain(&self, mut error: Error, secret: &Secret) -> Error {
        let client = &self.client;
        if error.kind() == ErrorKind::ScopeRejected {
            return error.hint(self.asked_for());
        }
        if error.kind() != ErrorKind::CredentialsRejected {
            return error;
        }
        error = error.hint(format!(
            "the client id comes from {}, the secret from {}",
            client.origin_of(Key::ClientId),
            client.secret.describe()
        ));
        if client.method != AuthMethod::ClientSecretBasic {
            return error;
        }
        let odd = |what: &str, text: &str| {
            let found: Vec<String> = client_auth::ambiguous(text, client.encoding)
                .iter()
                .map(|c| format!("`{}`", c.escape_debug()))
                .collect();
            (!found.is_empty()).then(|| format!("the {what} contains {}", found.join(" ")))
        };
        let odd: Vec<String> =
            [odd("client id", &client.id), odd("secret", secret.expose())].into_iter().flatten().collect();
        if odd.is_empty() {
            return error;
        }
        let others: Vec<String> = [BasicEncoding::Form, BasicEncoding::Strict, BasicEncoding::Raw]
            .iter()
            .filter(|e| **e != client.encoding && !(**e == BasicEncoding::Raw && client.id.contains(':')))
            .map(|e| format!("`basic_encoding = \"{}\"`", e.name()))
            .collect();
        error.hint(format!(
            "{}, which servers read in Basic in different ways (ours is `basic_encoding = \"{}\"`): try {}, or `auth_method = \"client_secret_post\"`",
            odd.join(" and "),
            client.encoding.name(),
            others.join(" or ")
        ))
    }
}

/// A server that sends a credential back must not make us print or store it.
fn hide_echoes(host: &Host, token: &mut Token) {
    for (name, raw) in &mut token.members.0 {
        if name != "access_token" && host.redactor.knows(raw.get().as_bytes()) {
            let hidden = host.redactor.hide(raw.get());
            *raw = RawValue::from_string(hidden).unwrap_or_else(|_| RawValue::NULL.to_owned());
        }
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort();
    items
}
