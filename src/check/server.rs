//! Secret, metadata, grant: the checks that lead to a token.

use std::time::{Duration, SystemTime};

use crate::check::context::{CheckContext, stopwatch};
use crate::check::report::Recorder;
use crate::check::{api, grant, jwt, response};
use crate::http::tls::expiry_observer::ExpiringCertificate;
use crate::oauth::discovery::Metadata;
use crate::platform::error::{Error, ErrorKind};
use crate::settings::key::SettingKey;
use crate::settings::server::Server;
use crate::tokens::credentials::ClientCredentials;
use crate::tokens::metadata;

const REACHED: &str = "the authorization server answered";

/// Runs the checks from the secret on.
pub(crate) async fn check(record: &mut Recorder<'_>, context: &CheckContext<'_>) {
    check_exchanges(record, context).await;
    // Last, when every server has shown its certificate: keys and API may be on other hosts.
    check_certificates(record, context);
}

async fn check_exchanges(record: &mut Recorder<'_>, context: &CheckContext<'_>) {
    let time = stopwatch();
    let (host, http, source) = (context.host, &context.http, &context.source);
    let prepared = ClientCredentials::prepare(host, source.client(), &http.deadline()).await;
    let remarks = host.ui.take_warnings();
    let shown = source.offer_certificate(host, http).await;
    let proof = match prepared.and_then(|proof| shown.map(|()| proof)) {
        Ok(proof) => proof,
        Err(error) => return record.fail_with("secret.source", &error),
    };
    match remarks.first() {
        Some(remark) => record.warn(
            "secret.source",
            remark.clone(),
            "keep secrets in files that only their owner can read, without white space around them",
        ),
        None => record.pass(
            "secret.source",
            format!(
                "the {} comes from {}",
                source.client().credential_key.name(),
                source.client().credential.describe()
            ),
        ),
    }
    record.took(time());
    check_secret_expiry(record, context);
    let time = stopwatch();
    let metadata = match discover(record, context).await {
        Ok(metadata) => metadata,
        Err(error) => return record_network_failure(record, "discovery.document", &error),
    };
    if metadata.is_some() {
        record.took(time());
    }
    if let Err(error) = source.endpoint(metadata.as_ref()) {
        return record.fail_with("token.grant", &error);
    }
    check_auth_method(record, context, metadata.as_ref());
    let time = stopwatch();
    let sent = source.request(host, http, &proof, metadata.as_ref(), &source.client().grant).await;
    let reply = match sent {
        Ok(reply) => reply,
        Err(error) => return record_network_failure(record, "token.grant", &error),
    };
    let took = time();
    record.pass("server.connection", REACHED);
    grant::check_clock(record, &reply, host.process.now());
    match source.read(host, &reply, &proof, metadata.as_ref()) {
        Err(error) => {
            let failed_check_id = response::failed_check_id(&reply);
            if failed_check_id != "token.grant" {
                record.pass("token.grant", "the token endpoint granted a token");
            }
            record.fail_with(failed_check_id, &error);
            record.took(took);
        }
        Ok(token) => {
            host.ui.redactor.register_secret(&token.access_token);
            record.pass("token.grant", "the token endpoint granted a token");
            record.took(took);
            grant::check_latency(record, took);
            grant::check_quota(record, &reply);
            response::check(record, context, &reply, &token);
            jwt::check(record, context, &token, metadata.as_ref()).await;
            grant::check_negative(record, context, &proof, metadata.as_ref()).await;
            api::check(record, context, &token).await;
        }
    }
}

/// The first failure on the network says which: no connection, or an answer that is wrong.
fn record_network_failure(record: &mut Recorder<'_>, id: &'static str, error: &Error) {
    if error.kind() == ErrorKind::Unreachable {
        record.fail_with("server.connection", error);
        record.skip(id, "the server was not reached");
    } else {
        if error.http().http_status.is_some() {
            record.pass("server.connection", REACHED);
        }
        record.fail_with(id, error);
    }
}

/// The metadata, where there is any: discovery may be skipped, and its document may still serve to check the token.
async fn discover(record: &mut Recorder<'_>, context: &CheckContext<'_>) -> Result<Option<Metadata>, Error> {
    let Server::Metadata(source) = context.source.server() else {
        record.skip("discovery.document", "`token_url` is set, so nothing is discovered");
        return Ok(None);
    };
    let metadata = metadata::find(context.host, &context.http, source, None, false).await?;
    record.pass(
        "discovery.document",
        format!("the metadata names the issuer {}", context.host.ui.redactor.quote(&metadata.issuer)),
    );
    Ok(Some(metadata))
}

fn check_auth_method(record: &mut Recorder<'_>, context: &CheckContext<'_>, metadata: Option<&Metadata>) {
    let id = "discovery.auth_method";
    let Some(metadata) = metadata else { return record.skip(id, "there is no metadata") };
    let ours = context.source.client().method.registered_name();
    if metadata.auth_methods.iter().any(|method| method == ours) {
        return record.pass(id, format!("the metadata lists {ours}"));
    }
    let listed = metadata.auth_methods.join(", ");
    let message = format!("the metadata does not list {ours}, only: {}", context.host.ui.redactor.quote(&listed));
    record.warn(id, message, "set `auth_method` to one that is listed, if the client is registered for it");
}

fn check_secret_expiry(record: &mut Recorder<'_>, context: &CheckContext<'_>) {
    let id = "secret.expiry";
    let expires = match context.settings.date(SettingKey::SecretExpires) {
        Ok(Some(expires)) => expires,
        Ok(None) => return record.skip(id, "`secret_expires` is not set"),
        Err(error) => return record.fail_with(id, &error),
    };
    let shown = humantime::format_rfc3339_seconds(expires).to_string();
    let day = shown.split('T').next().unwrap_or_default();
    match expires.duration_since(context.host.process.now()) {
        Err(_) => {
            record.fail(id, format!("the client secret expired on {day}"), "rotate it, then set `secret_expires` anew")
        }
        Ok(left) if left <= context.expected.warn_before => {
            record.warn(
                id,
                format!("the client secret expires on {day}"),
                "rotate it in time, then set `secret_expires` anew",
            );
        }
        Ok(_) => record.pass(id, format!("the client secret expires on {day}")),
    }
}

fn check_certificates(record: &mut Recorder<'_>, context: &CheckContext<'_>) {
    let id = "server.certificate";
    let expiring: Vec<String> = context.observations.expiring().iter().map(describe).collect();
    if !expiring.is_empty() {
        record.warn(id, expiring.join("; "), "its operator should have renewed it by now");
    } else if context.observations.saw_certificate() {
        record.pass(id, "no certificate ends within 14 days");
    } else {
        record.skip(id, "no server has shown a certificate that can be trusted, or any at all");
    }
}

fn describe(expiring: &ExpiringCertificate) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(expiring.not_after);
    format!("a certificate of {} ends on {}", expiring.host, humantime::format_rfc3339_seconds(at))
}
