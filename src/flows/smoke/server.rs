//! Secret, metadata, grant: the checks that lead to a token.

use std::time::{Duration, SystemTime};

use crate::flows::client_proof::ClientProof;
use crate::flows::smoke::record::Recorder;
use crate::flows::smoke::{Bench, api, stopwatch, token};
use crate::flows::{advice, metadata};
use crate::oauth::discovery::Metadata;
use crate::oauth::token as response;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::http::Reply;
use crate::settings::key::Key;
use crate::settings::server::Server;

/// Slower grants are worth a warning.
const SLOW: Duration = Duration::from_secs(5);
/// Clocks that differ by more are worth a warning.
const SKEW: Duration = Duration::from_secs(30);

/// Runs the checks from the secret on.
pub(crate) async fn check(record: &mut Recorder<'_>, bench: &Bench<'_>) {
    let time = stopwatch();
    let (host, http, source) = (bench.host, &bench.http, &bench.source);
    let prepared =
        http.deadline().bound("reading the client's secrets", ClientProof::prepare(host, source.client())).await;
    let remarks = host.take_warnings();
    let shown = source.show_certificate(host, http).await;
    let proof = match prepared.and_then(|inner| inner).and_then(|proof| shown.map(|()| proof)) {
        Ok(proof) => proof,
        Err(error) => return record.fail("secret.source", &error),
    };
    match remarks.first() {
        Some(remark) => record.warn(
            "secret.source",
            remark.clone(),
            "keep secrets in files that only their owner can read, without white space around them",
        ),
        None => record.pass(
            "secret.source",
            format!("the {} comes from {}", source.client().proof_key.name(), source.client().proof.describe()),
        ),
    }
    record.took(time());
    check_secret_expiry(record, bench);
    let time = stopwatch();
    let metadata = match discover(record, bench).await {
        Ok(metadata) => metadata,
        Err(error) => return stopped(record, "discovery.document", &error),
    };
    if metadata.is_some() {
        record.took(time());
    }
    let endpoint = match source.endpoint(metadata.as_ref()) {
        Ok(endpoint) => endpoint.clone(),
        Err(error) => return record.fail("token.grant", &error),
    };
    check_auth_method(record, bench, metadata.as_ref());
    let time = stopwatch();
    let sent = source.request(host, http, &proof, metadata.as_ref(), &source.client().grant).await;
    let reply = match sent {
        Ok(reply) => reply,
        Err(error) => return stopped(record, "token.grant", &error),
    };
    let took = time();
    record.pass("server.connection", "the servers can be reached, and TLS holds");
    check_certificates(record, bench, &endpoint);
    check_clock(record, &reply, host.now());
    match response::parse_response(&reply, bench.settings.preset.hints, host.now()) {
        Err(error) => {
            record.fail("token.grant", &advice::explain(error, source.client(), proof.secret(), metadata.as_ref()));
            record.took(took);
        }
        Ok(token) => {
            host.redactor.learn(&token.access_token);
            record.pass("token.grant", "the token endpoint granted a token");
            record.took(took);
            check_latency(record, took);
            token::check(record, bench, &reply, &token, metadata.as_ref()).await;
            token::check_negative(record, bench, &proof, metadata.as_ref()).await;
            api::check(record, bench, &token).await;
        }
    }
}

/// The first failure on the network says which: no connection, or an answer that is wrong.
fn stopped(record: &mut Recorder<'_>, id: &'static str, error: &Error) {
    if error.kind() == ErrorKind::Unreachable {
        record.fail("server.connection", error);
        record.skip(id, "the server was not reached");
    } else {
        record.fail(id, error);
    }
}

/// The metadata, where there is any: discovery may be skipped, and its document may still serve to check the token.
async fn discover(record: &mut Recorder<'_>, bench: &Bench<'_>) -> Result<Option<Metadata>, Error> {
    let Server::Metadata(source) = bench.source.server() else {
        record.skip("discovery.document", "`token_url` is set, so nothing is discovered");
        return Ok(None);
    };
    let metadata = metadata::find(bench.host, &bench.http, source, None, false).await?;
    record.pass(
        "discovery.document",
        format!("the metadata names the issuer {}", bench.host.redactor.quote(&metadata.issuer)),
    );
    Ok(Some(metadata))
}

fn check_auth_method(record: &mut Recorder<'_>, bench: &Bench<'_>, metadata: Option<&Metadata>) {
    let id = "discovery.auth_method";
    let Some(metadata) = metadata else { return record.skip(id, "there is no metadata") };
    let ours = bench.source.client().method.registered_name();
    if metadata.auth_methods.iter().any(|method| method == ours) {
        return record.pass(id, format!("the metadata lists {ours}"));
    }
    let listed = metadata.auth_methods.join(", ");
    let message = format!("the metadata does not list {ours}, only: {}", bench.host.redactor.quote(&listed));
    record.warn(id, message, "set `auth_method` to one that is listed, if the client is registered for it");
}

fn check_secret_expiry(record: &mut Recorder<'_>, bench: &Bench<'_>) {
    let id = "secret.expiry";
    let expires = match bench.settings.date(Key::SecretExpires) {
        Ok(Some(expires)) => expires,
        Ok(None) => return record.skip(id, "`secret_expires` is not set"),
        Err(error) => return record.fail(id, &error),
    };
    let shown = humantime::format_rfc3339_seconds(expires).to_string();
    let day = shown.split('T').next().unwrap_or_default();
    match expires.duration_since(bench.host.now()) {
        Err(_) => record.miss(
            id,
            format!("the client secret has expired on {day}"),
            "rotate it, then set `secret_expires` anew",
        ),
        Ok(left) if left <= bench.expected.warn_before => {
            record.warn(
                id,
                format!("the client secret expires on {day}"),
                "rotate it in time, then set `secret_expires` anew",
            );
        }
        Ok(_) => record.pass(id, format!("the client secret expires on {day}")),
    }
}

fn check_certificates(record: &mut Recorder<'_>, bench: &Bench<'_>, endpoint: &crate::platform::url::Url) {
    let id = "server.certificate";
    if endpoint.scheme() != "https" {
        return record.skip(id, "the servers are on this machine, without TLS");
    }
    match bench.noticed.all().first() {
        None => record.pass(id, "no certificate ends within 14 days"),
        Some(expiring) => {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(expiring.not_after);
            let message =
                format!("a certificate of {} ends on {}", expiring.host, humantime::format_rfc3339_seconds(at));
            record.warn(id, message, "its operator should have renewed it by now");
        }
    }
}

fn check_clock(record: &mut Recorder<'_>, reply: &Reply, now: SystemTime) {
    let id = "server.clock";
    let Some(theirs) = reply.header("date").and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return record.skip(id, "the server did not tell its time");
    };
    let skew = theirs.duration_since(now).unwrap_or_else(|e| e.duration());
    if skew <= SKEW {
        record.pass(id, "the server's clock and ours agree");
    } else {
        let message = format!(
            "the server's clock and ours differ by {}",
            humantime::format_duration(Duration::from_secs(skew.as_secs()))
        );
        record.warn(id, message, "set this machine's clock (NTP): expiry and signed assertions depend on it");
    }
}

fn check_latency(record: &mut Recorder<'_>, took: Duration) {
    let message = format!("the grant took {} ms", took.as_millis());
    if took <= SLOW {
        record.pass("token.latency", message);
    } else {
        record.warn("token.latency", message, "slow answers make pipelines fail at random; ask the server's operator");
    }
}
