//! What to try after a refusal: adds what only the settings know. Where the credentials came from, how else they could
//! be sent, what was asked for.

use std::time::Duration;

use crate::http::message::Response;
use crate::oauth::client_auth;
use crate::oauth::client_auth::{AuthMethod, BasicEncoding};
use crate::oauth::discovery::Metadata;
use crate::oauth::error_body::ErrorBody;
use crate::oauth::grant::BodyFormat;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::secret::Secret;
use crate::platform::unfilled;
use crate::settings::assertion::Audience;
use crate::settings::client::OAuthClient;
use crate::settings::key::SettingKey;

/// Clocks that differ by more make servers refuse assertions.
const SKEW: Duration = Duration::from_secs(10);

/// Adds hints to an answer that is no token. `secret` is the client secret where the method uses one.
pub fn add_to(
    error: Error,
    client: &OAuthClient,
    secret: Option<&Secret>,
    metadata: Option<&Metadata>,
    reply: &Response,
) -> Error {
    let body = ErrorBody::of(reply);
    let error = body_format(client, error.kind(), reply).into_iter().fold(error, Error::hint);
    match error.kind() {
        ErrorKind::ScopeRejected => error.hint(asked_for(client)),
        ErrorKind::CredentialsRejected => {
            let unexplained = error.hints().is_empty();
            let error = error.hint(origins(client));
            if let Some(suspicion) = secret.and_then(|secret| suspicion(client, secret)) {
                return error.hint(suspicion);
            }
            let about_credentials = may_be_about_credentials(reply, &body);
            let readings = secret.filter(|_| about_credentials).and_then(|s| alternative_encodings(client, s));
            let unlisted = metadata.and_then(|metadata| other_method(client, metadata));
            let other = if unexplained && about_credentials && readings.is_none() && unlisted.is_none() {
                other_registration(client, metadata)
            } else {
                None
            };
            [
                readings,
                assertion_advice(client),
                unlisted,
                other,
                silent_refusal(client, reply, &body),
                clock_skew(client, reply),
            ]
            .into_iter()
            .flatten()
            .fold(error, Error::hint)
        }
        _ => error,
    }
}

/// Where the credentials came from.
fn origins(client: &OAuthClient) -> String {
    let what = match client.credential_key {
        SettingKey::ClientKey => "key",
        SettingKey::ClientAssertion => "assertion",
        _ => "secret",
    };
    let certificate = match &client.certificate {
        Some((path, _)) if client.offers_certificate() => format!("the certificate from file `{path}`, "),
        _ => String::new(),
    };
    let (origin, proof) = (client.origin_of(SettingKey::ClientId), client.credential.describe());
    format!("the client id comes from {origin}, {certificate}the {what} from {proof}")
}

/// A secret that is likely not the secret itself: no other way to send it would help.
fn suspicion(client: &OAuthClient, secret: &Secret) -> Option<String> {
    let what = unfilled::suspicious_secret(secret.expose())?;
    Some(format!("the secret from {} {what}: is that part of it?", client.credential.describe()))
}

/// What the body was written in, as the first suspect where that was chosen by the user: servers refuse a body that they
/// cannot read in any words.
fn body_format(client: &OAuthClient, kind: ErrorKind, reply: &Response) -> Option<String> {
    let format = client.grant.body_format;
    let origin = client.origin_of(SettingKey::BodyFormat);
    let refused = matches!(kind, ErrorKind::CredentialsRejected | ErrorKind::BadResponse) && reply.status >= 400;
    let other = if format == BodyFormat::Json { BodyFormat::Form } else { BodyFormat::Json };
    if reply.status == 415 {
        Some(format!("the body was sent as {}: try `body_format = \"{}\"`", format.name(), other.name()))
    } else if refused && format == BodyFormat::Json && origin.is_explicit() {
        Some(format!("`body_format = \"json\"` is from {origin}, and few servers but Auth0 read JSON: try `form`"))
    } else if refused && client.id_in_body && client.method == AuthMethod::ClientSecretBasic {
        Some("`client_id_in_body` is on, and some servers refuse a client id beside Basic: leave it off".to_owned())
    } else {
        None
    }
}

/// Whether the way in which credentials are sent may be what was refused: not if the server says that it knows the client,
/// does not know it, or refuses something else.
fn may_be_about_credentials(reply: &Response, body: &ErrorBody) -> bool {
    const ABOUT_SOMETHING_ELSE: [&str; 14] = [
        "does not exist",
        "not found",
        "no such client",
        "unknown client",
        "disabled",
        "locked",
        "expired",
        "grant type",
        "grant_type",
        "not allowed",
        "not enabled",
        "dpop",
        "AADSTS",
        "ip address",
    ];
    reply.status != 403 && !body.mentions(&ABOUT_SOMETHING_ELSE)
}

/// What else may be behind a refusal that gives no reason.
fn silent_refusal(client: &OAuthClient, reply: &Response, body: &ErrorBody) -> Option<String> {
    if body.code.is_some() {
        return None;
    }
    let scope = client.grant.scope.is_empty();
    match (scope, reply.status == 403 && reply.body.is_empty()) {
        (true, true) => {
            Some("no scope was asked for: does this client need one? and is this the token endpoint's URL?".into())
        }
        (false, true) => {
            Some("may this client have the scope that was asked for? and is this the token endpoint's URL?".into())
        }
        (true, false) => {
            Some("no scope was asked for, which some servers refuse without saying so: set `scope`".into())
        }
        (false, false) => None,
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
    // In the order in which they help: hardly any server wants more encoded than RFC 6749 section 2.3.1 does.
    let sent = |encoding| {
        let header = client_auth::basic(&client.id, secret, encoding, false).ok()?.authorization?;
        Some(header.expose().to_owned())
    };
    let differs =
        |encoding| encoding != client.encoding && sent(encoding).is_some_and(|h| Some(h) != sent(client.encoding));
    let named = |encoding: BasicEncoding| format!("`basic_encoding = \"{}\"`", encoding.name());
    let mut others = vec!["`auth_method = \"client_secret_post\"`".to_owned()];
    if differs(BasicEncoding::Raw) {
        others.insert(0, named(BasicEncoding::Raw));
    }
    others.extend([BasicEncoding::Form, BasicEncoding::Strict].into_iter().filter(|e| differs(*e)).map(named));
    Some(format!(
        "{}, which servers read in Basic in different ways (ours is `basic_encoding = \"{}\"`): try {}",
        odd.join(" and "),
        client.encoding.name(),
        others.join(", then ")
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
            let (audience, others) = match &client.assertion.audience {
                Audience::Issuer => ("issuer", "`token_endpoint`"),
                Audience::TokenEndpoint => ("token_endpoint", "`issuer`"),
                Audience::Literal(audience) => (audience.as_str(), "`issuer` or `token_endpoint`"),
            };
            Some(format!(
                "besides a wrong key, servers refuse an assertion for its audience (ours is `assertion_aud = \"{audience}\"`; some want {others}), for a key they do not know (`assertion_kid`), and when this machine's clock is wrong"
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

/// By how much the clocks differ, where the server may have refused an assertion for it.
fn clock_skew(client: &OAuthClient, reply: &Response) -> Option<String> {
    if !matches!(client.method, AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt) {
        return None;
    }
    let theirs = reply.header("date").and_then(|date| httpdate::parse_http_date(date).ok())?;
    let (word, skew) = match reply.sent_at.duration_since(theirs) {
        Ok(ahead) => ("ahead of", ahead),
        Err(behind) => ("behind", behind.duration()),
    };
    let shown = humantime::format_duration(Duration::from_secs(skew.as_secs()));
    (skew > SKEW).then(|| {
        format!(
            "this machine's clock is {shown} {word} the server's, and an assertion lives for a minute: set it (NTP)"
        )
    })
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
