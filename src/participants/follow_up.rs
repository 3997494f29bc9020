//! What a bulk lookup does with each participant that it found: one GET on their behalf. Only a GET: a debit for ten thousand
//! people must not be one flag away.

use serde_json::value::RawValue;

use crate::api::refusal;
use crate::api::request;
use crate::api::session::ApiSession;
use crate::http::message::Request;
use crate::participants::identity;
use crate::participants::impersonation;
use crate::participants::impersonation::Impersonation;
use crate::participants::lookup::Query;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::json;
use crate::settings::api::Api;
use crate::settings::resolved::Settings;

/// The largest answer kept, in bytes: many are in flight.
const ANSWER_LIMIT: usize = 256 * 1024;

/// The call, complete but for the participant.
pub struct FollowUp<'a> {
    api: &'a Api,
    target: String,
    impersonation: Impersonation,
}

/// What the API answered.
#[derive(Debug)]
pub struct Followed {
    /// The HTTP status, 2xx.
    pub status: u16,
    /// The body: JSON as it was sent, or a string.
    pub body: Box<RawValue>,
}

impl<'a> FollowUp<'a> {
    /// Reads and checks the settings and the target: a path, or `@name`.
    ///
    /// # Errors
    /// Usage: nothing is sent then.
    pub fn resolve(settings: &Settings, api: &'a Api, target: &str) -> Result<Self> {
        let follow_up = Self { api, target: target.to_owned(), impersonation: Impersonation::resolve(settings)? };
        follow_up.build().map(|_| follow_up)
    }

    fn build(&self) -> Result<Request> {
        request::build(self.api, "GET", &self.target, &[], None)
    }

    /// Makes the call for one participant.
    ///
    /// # Errors
    /// Bad response: it is another person than the one that was asked for, and nothing is sent. Usage: the participant
    /// lacks a field. The network's errors, and what a refusal means.
    pub async fn call(
        &self,
        host: &Host,
        session: &ApiSession<'_>,
        query: &Query,
        participant: &RawValue,
    ) -> Result<Followed> {
        identity::require_same(host, query, participant)?;
        let mut request = self.build()?;
        request.limit = ANSWER_LIMIT;
        request.retry = session.repeat();
        request.headers.extend(impersonation::header_map(&self.impersonation.headers(participant)?)?);
        let reply = session.send(&mut request, None).await?;
        if !reply.is_success() {
            let what = request.description();
            return Err(refusal::refusal(&reply, &session.call(&what), host.process.now()));
        }
        Ok(Followed { status: reply.status, body: as_json(&reply.body)? })
    }
}

/// A body that can stand in a line of JSON.
fn as_json(body: &[u8]) -> Result<Box<RawValue>> {
    if let Ok(raw) = json::parse::<Box<RawValue>>(body) {
        return Ok(raw);
    }
    let text = String::from_utf8_lossy(body);
    serde_json::value::to_raw_value(&text)
        .map_err(|e| Error::new(ErrorKind::BadResponse, "the answer is not text").caused_by(e))
}
