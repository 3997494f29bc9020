//! CloudLoyalty's participant service, behind the gateway: the lookup, and the calls on behalf of one participant.
//!
//! Its errors are `{"errors":[{"code":..,"message":..}]}`, in Portuguese. The participants themselves are in
//! `crate::participants`.

use hyper::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use super::impersonation::{Impersonation, Refusal};
use crate::participants::directory::Directory;
use crate::participants::participant::Participant;
use crate::wire::answer::Answer;

/// The service and its participants.
pub(crate) struct Service {
    pub(crate) directory: Directory,
}

/// The key of a lookup.
#[derive(Debug, PartialEq)]
enum Lookup {
    Login(String),
    Document(String),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    participant_id: u64,
    balance: u64,
    currency: &'static str,
}

impl Service {
    /// All participants with the login or the document of the query, as an array that can be empty.
    pub(crate) fn lookup(&self, uri: &Uri) -> Result<Answer, Answer> {
        let found = match Lookup::parse(uri.query().unwrap_or_default()) {
            Some(Lookup::Login(login)) => self.directory.by_login(&login),
            Some(Lookup::Document(document)) => self.directory.by_document(&document),
            None => {
                return Err(error(StatusCode::BAD_REQUEST, "400", "Informe login ou document, e apenas um deles."));
            }
        };
        Ok(Answer::json(StatusCode::OK, &found))
    }

    /// The participant on whose behalf the call is made.
    pub(crate) fn me(&self, headers: &HeaderMap) -> Result<Answer, Answer> {
        Ok(Answer::json(StatusCode::OK, &self.impersonated(headers)?))
    }

    /// That participant's balance.
    pub(crate) fn balance(&self, headers: &HeaderMap) -> Result<Answer, Answer> {
        let participant = self.impersonated(headers)?;
        let balance = Balance { participant_id: participant.id, balance: participant.balance(), currency: "points" };
        Ok(Answer::json(StatusCode::OK, &balance))
    }

    pub(crate) fn impersonated(&self, headers: &HeaderMap) -> Result<Participant, Answer> {
        Impersonation::from_headers(headers)
            .and_then(|impersonation| impersonation.participant(&self.directory))
            .map_err(|refusal| match refusal {
                Refusal::NotImpersonating => wrong_kind_of_token(),
                Refusal::NoSuchParticipant => participant_not_found(),
            })
    }
}

impl Lookup {
    /// Reads a query with exactly one of `login` and `document`.
    fn parse(query: &str) -> Option<Self> {
        let mut asked = form_urlencoded::parse(query.as_bytes()).filter_map(|(name, value)| match name.as_ref() {
            _ if value.is_empty() => None,
            "login" => Some(Self::Login(value.into_owned())),
            "document" => Some(Self::Document(value.into_owned())),
            _ => None,
        });
        let lookup = asked.next()?;
        asked.next().is_none().then_some(lookup)
    }
}

/// An error of the service.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "errors": [{ "code": code, "message": message }] }))
}

/// An error of the service that says what to do, as some do.
pub(crate) fn advised_error(code: &str, message: &str, advice: &str) -> Answer {
    let error = json!({ "errors": [{ "code": code, "message": message, "subMessage": advice }] });
    Answer::json(StatusCode::UNPROCESSABLE_ENTITY, &error)
}

/// The call needs a participant, but the impersonation headers are missing.
pub(crate) fn wrong_kind_of_token() -> Answer {
    error(StatusCode::UNAUTHORIZED, "103", "Tipo de token inválido.")
}

pub(crate) fn participant_not_found() -> Answer {
    error(StatusCode::BAD_REQUEST, "113", "Participante não encontrado.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_has_one_key() {
        for (query, lookup) in [
            ("login=a%20b", Some(Lookup::Login("a b".to_owned()))),
            ("document=1&other=2", Some(Lookup::Document("1".to_owned()))),
            ("login=&document=1", Some(Lookup::Document("1".to_owned()))),
            ("login=a&document=1", None),
            ("login=a&login=a", None),
            ("login=", None),
            ("", None),
        ] {
            assert_eq!(Lookup::parse(query), lookup, "{query}");
        }
    }
}
