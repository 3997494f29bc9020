//! The probe: does the API accept the token?

use std::ops::ControlFlow;

use crate::api::request;
use crate::api::session::ApiSession;
use crate::check::report::Recorder;
use crate::check::{CheckContext, stopwatch};
use crate::http::message::ResponseEvent;
use crate::oauth::token_response::Token;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::tokens::provider::AccessToken;

/// Calls the API read-only, if that is asked for. Bodies are dropped.
pub(crate) async fn check(record: &mut Recorder<'_>, bench: &CheckContext<'_>, token: &Token) {
    let id = "api.probe";
    let Some(api) = &bench.api else { return record.skip(id, "neither --api nor --cpf nor --login was given") };
    let time = stopwatch();
    let held = AccessToken {
        access_token: token.access_token.clone(),
        expires_at: token.expires_at,
        members: token.members.clone(),
        cached: false,
    };
    let session = ApiSession::with_token(bench.host, &bench.http, api, held).await;
    // Before anything else is awaited: the warnings of profiles that are checked at the same time come to the same
    // place.
    let remarks = bench.host.take_warnings();
    let outcome = match session {
        Ok(session) => probe(bench, &session).await,
        Err(error) => Err(error),
    };
    match (outcome, remarks.first()) {
        (Ok(Found::Page(what)), _) => record.warn(
            id,
            format!("{what} answered with an HTML page"),
            "sign-in pages and intermediaries answer so: is this a path of the API?",
        ),
        (Ok(Found::Answer(_)), Some(remark)) => {
            record.warn(id, remark.clone(), "the API accepts the token all the same");
        }
        (Ok(Found::Answer(message)), None) => record.pass(id, message),
        (Err(error), _) => record.fail(id, &error),
    }
    record.took(time());
}

/// What a successful probe met.
enum Found {
    /// The API, in a sentence.
    Answer(String),
    /// A page, which says nothing of the API. Of what request.
    Page(String),
}

async fn probe(bench: &CheckContext<'_>, session: &ApiSession<'_>) -> Result<Found> {
    if let (Some(directory), Some(query)) = (&bench.directory, &bench.expected.query) {
        let found = match directory.find(bench.host, session, query).await {
            Ok(found) => found.items.len(),
            // The API answered; that no participant matches does not concern the credentials.
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        if bench.expected.api_path.is_none() {
            let people = if found == 1 { "participant" } else { "participants" };
            return Ok(Found::Answer(format!("the API accepts the token; the lookup found {found} {people}")));
        }
    }
    let Some((api, path)) = bench.api.as_ref().zip(bench.expected.api_path.as_ref()) else {
        return Err(Error::new(ErrorKind::Internal, "there is nothing to probe"));
    };
    let request = request::build(api, "GET", path, &[], None)?;
    let what = request.description();
    let mut is_page = false;
    let mut look = |part: ResponseEvent<'_>| {
        if let ResponseEvent::Head(reply) = part {
            is_page = reply.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("text/html"));
        }
        ControlFlow::Continue(())
    };
    match request::send(bench.host, session, request, &mut look).await? {
        Some(error) => Err(error),
        None if is_page => Ok(Found::Page(what)),
        None => Ok(Found::Answer(format!("the API accepts the token: {what}"))),
    }
}
