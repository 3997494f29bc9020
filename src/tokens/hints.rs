//! What to try after a refusal: adds what only the settings know. Where the credentials came from, how else they could
//! be sent, what was asked for.

use std::time::Duration;

use crate::http::message::Response;
use crate::oauth::client_auth;
use crate::oauth::client_auth::{AuthMethod, BasicEncoding};
use crate::oauth::discovery::Metadata;
use crate::oauth::grant::BodyFormat;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::secret::Secret;
use crate::settings::assertion::Audience;
use crate::settings::client::OAuthClient;
use crate::settings::key::SettingKey;

/// Clocks that differ by more make servers refuse assertions.
const SKEW: Duration = Duration::from_secs(10);

/// Adds hints to a refusal by the token endpoint. `secret` is the client secret where the method uses one.
pub fn add_to(error: Error, client: &OAuthClient, secret: Option<&Secret>, metadata: Option<&Metadata>) -> Error {
    match error.kind() {
        ErrorKind::ScopeRejected => error.hint(asked_for(client)),
        ErrorKind::CredentialsRejected => {
            let what = match client.credential_key {
                SettingKey::ClientKey => "key",
                SettingKey::ClientAssertion => "assertion",
                _ => "secret",
            };
            let origin = client.origin_of(SettingKey::ClientId);
            let certificate = match &client.certificate {
                Some((path, _)) if client.offers_certificate() => format!("the certificate from file `{path}`, "),
                _ => String::new(),
            };
            let proof = client.credential.describe();
            let unexplained = error.hints().is_empty();
            let error = error.hint(format!("the client id comes from {origin}, {certificate}the {what} from {proof}"));
            let readings = secret.and_then(|secret| alternative_encodings(client, secret));
            let unlisted = metadata.and_then(|metadata| other_method(client, metadata));
            let other = if unexplained && readings.is_none() && unlisted.is_none() {
                other_registration(client, metadata)
            } else {
                None
            };
            [readings, assertion_advice(client), unlisted, other].into_iter().flatten().fold(error, Error::hint)
        }
        _ => error,
    }
}

/// What was asked for, with its origin.
fn asked_for(client: &OAuthClient) -> String {
    let grant = &client.grant;
    let told = |what: &str, value: String, key| format!("{what} `{value}` (from {})", client.origin_of(key));
    let all: Vec<String> = [
        (!grant.scope.is_empty()).then(|| told("scope", grant.scope.joined(), SettingKey::Scope)),
        grant.audience.as_ref().map(|audience| told("audience", audience.clone(), SettingKey::Audience)),
        (!grant.resources.is_empty()).then(|| told("resource", grant.resources.join(" "), SettingKey::Resource)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if all.is_empty() {
        "no scope, audience or resource was asked for".to_owned()
    } else {
        format!("asked for: {}", all.join(", "))
    }
}

/// Basic can be read in several ways, where id or secret hold certain characters.
fn alternative_encodings(client: &OAuthClient, secret: &Secret) -> Option<String> {
    if client.method != AuthMethod::ClientSecretBasic {
        return None;
    }
    let odd = |what: &str, text: &str| {
        let found = client_auth::encoding_sensitive_chars(text, client.encoding);
        (!found.is_empty()).then(|| format!("the {what} contains {}", name_characters(found)))
    };
    let odd: Vec<String> =
        [odd("client id", &client.id), odd("secret", secret.expose())].into_iter().flatten().collect();
    if odd.is_empty() {
        return None;
    }
    let others: Vec<String> = [BasicEncoding::Form, BasicEncoding::Strict, BasicEncoding::Raw]
        .iter()
        .filter(|e| **e != client.encoding && !(**e == BasicEncoding::Raw && client.id.contains(':')))
        .map(|e| format!("`basic_encoding = \"{}\"`", e.name()))
        .collect();
    Some(format!(
        "{}, which servers read in Basic in different ways (ours is `basic_encoding = \"{}\"`): try {}, or `auth_method = \"client_secret_post\"`",
        odd.join(" and "),
        client.encoding.name(),
        others.join(" or ")
    ))
}

/// Names characters for a person, in an order that says nothing about the text they come from.
fn name_characters(mut characters: Vec<char>) -> String {
    let name = |c: char| match c {
        ' ' => "a space".to_owned(),
        c if c.is_ascii_graphic() => format!("`{c}`"),
        c if c.is_ascii() => "a control character".to_owned(),
        _ => "a character beyond ASCII".to_owned(),
    };
    characters.sort_unstable();
    let mut names: Vec<String> = characters.into_iter().map(name).collect();
    names.dedup();
    names.join(", ")
}

/// What makes servers refuse assertions that are signed well.
fn assertion_advice(client: &OAuthClient) -> Option<String> {
    match client.method {
        AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt => {
            let audience = match &client.assertion.audience {
                Audience::Issuer => "issuer".to_owned(),
                Audience::TokenEndpoint => "token_endpoint".to_owned(),
                Audience::Literal(audience) => audience.clone(),
            };
            Some(format!(
                "besides a wrong key, servers refuse an assertion for its audience (ours is `assertion_aud = \"{audience}\"`; some want \"token_endpoint\" or another value), for a key they do not know (`assertion_kid`), and when this machine's clock is wrong"
            ))
        }
        AuthMethod::ClientAssertion => Some(
            "the server must trust the assertion's issuer, subject and audience for this client (federated credential)"
                .into(),
        ),
        AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth => Some(
            "the certificate must be the one registered for this client, still valid, and for `tls_client_auth` of an authority that the server trusts; an intermediary that ends TLS loses it".into(),
        ),
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => None,
    }
}

/// Adds by how much the clocks differ, where the server may have refused an assertion for it.
pub fn compare_clocks(error: Error, client: &OAuthClient, reply: &Response) -> Error {
    let signs = matches!(client.method, AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt);
    let theirs = reply.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    let Some(theirs) = theirs.filter(|_| signs && error.kind() == ErrorKind::CredentialsRejected) else {
        return error;
    };
    let (word, skew) = match reply.sent_at.duration_since(theirs) {
        Ok(ahead) => ("ahead of", ahead),
        Err(behind) => ("behind", behind.duration()),
    };
    if skew <= SKEW {
        return error;
    }
    let skew = humantime::format_duration(Duration::from_secs(skew.as_secs()));
    error.hint(format!(
        "this machine's clock is {skew} {word} the server's, and an assertion lives for a minute: set it (NTP)"
    ))
}

/// A method that the server lists and the settings allow, where ours is not listed.
fn other_method(client: &OAuthClient, metadata: &Metadata) -> Option<String> {
    let listed = |method: &AuthMethod| metadata.auth_methods.iter().any(|name| name == method.registered_name());
    if listed(&client.method) {
        return None;
    }
    let other = client.usable_auth_methods.iter().find(|method| listed(method))?;
    Some(format!(
        "the server's metadata does not list {}, but {}, which your settings allow: try `auth_method = \"{}\"`",
        client.method.name(),
        other.name(),
        other.name()
    ))
}

/// The other way to send a secret, where nothing speaks against it: many servers take each client by the one that it is
/// registered for, list both, and call the wrong one by the same name as a wrong secret.
fn other_registration(client: &OAuthClient, metadata: Option<&Metadata>) -> Option<String> {
    let other = match (client.method, client.grant.body_format) {
        (AuthMethod::ClientSecretBasic, _) => AuthMethod::ClientSecretPost,
        (AuthMethod::ClientSecretPost, BodyFormat::Form) => AuthMethod::ClientSecretBasic,
        _ => return None,
    };
    let listed = |metadata: &Metadata| metadata.auth_methods.iter().any(|name| name == other.registered_name());
    metadata.is_none_or(listed).then(|| {
        format!(
            "if id and secret are right, the client may be registered for another method than `{}`: try `auth_method = \"{}\"`",
            client.method.name(),
            other.name()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_named_in_an_order_of_their_own() {
        assert_eq!(
            name_characters("é+ \u{1}%ü".chars().collect()),
            "a control character, a space, `%`, `+`, a character beyond ASCII"
        );
    }
}
