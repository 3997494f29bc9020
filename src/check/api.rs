//! The probe: does the API accept the token?

use std::ops::ControlFlow;

use crate::api::request;
use crate::api::session::ApiSession;
use crate::check::context::{CheckContext, stopwatch};
use crate::check::report::Recorder;
use crate::http::message::ResponseEvent;
use crate::oauth::token_response::Token;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::tokens::provider::AccessToken;

/// Calls the API read-only, if that is asked for. Bodies are dropped.
pub(crate) async fn check(record: &mut Recorder<'_>, context: &CheckContext<'_>, token: &Token) {
    let id = "api.probe";
    let Some(api) = &context.api else { return record.skip(id, "neither --api nor --cpf nor --login was given") };
    let time = stopwatch();
    let held = AccessToken {
        access_token: token.access_token.clone(),
        expires_at: token.expires_at,
        members: token.members.clone(),
        cached: false,
    };
    let session = ApiSession::with_token(context.host, &context.http, api, held).await;
    let remarks = context.host.ui.take_warnings();
    let outcome = match session {
        Ok(session) => probe(context, &session).await,
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
        (Err(error), _) => record.fail_with(id, &error),
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

async fn probe(context: &CheckContext<'_>, session: &ApiSession<'_>) -> Result<Found> {
    if let (Some(lookup), Some(query)) = (&context.lookup, &context.expected.query) {
        let found = match lookup.find(context.host, session, query).await {
            Ok(found) => found.items.len(),
            // The API answered; that no participant matches does not concern the credentials.
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        if context.expected.api_path.is_none() {
            let people = if found == 1 { "participant" } else { "participants" };
            return Ok(Found::Answer(format!("the API accepts the token; the lookup found {found} {people}")));
        }
    }
    let Some((api, path)) = context.api.as_ref().zip(context.expected.api_path.as_ref()) else {
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
    match request::send(context.host, session, request, &mut look).await? {
        Some(error) => Err(error),
        None if is_page => Ok(Found::Page(what)),
        None => Ok(Found::Answer(format!("the API accepts the token: {what}"))),
    }
}
