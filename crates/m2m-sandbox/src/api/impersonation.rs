//! Calls on behalf of one participant: five headers that must all be present and describe the same participant. What the
//! call returns is in `participants.rs`.

use hyper::HeaderMap;

use crate::participants::directory::Directory;
use crate::participants::participant::Participant;

/// The participant that the headers describe.
#[derive(Debug, PartialEq)]
pub(crate) struct Impersonation<'a> {
    participant_id: &'a str,
    catalog_id: &'a str,
    /// The `clientId` of the segment, although the header is named `customerId`.
    customer_id: &'a str,
    username: &'a str,
}

/// Why a call has no participant to act for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// A header is missing or empty.
    NotImpersonating,
    /// No participant matches all headers.
    NoSuchParticipant,
}

impl<'a> Impersonation<'a> {
    /// Reads the headers. `impersonatorUser` names the user who acts: any name, but not an empty one.
    pub(crate) fn from_headers(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
                .filter(|value| !value.is_empty())
                .ok_or(Refusal::NotImpersonating)
        };
        header("impersonatoruser")?;
        Ok(Self {
            participant_id: header("participantid")?,
            catalog_id: header("catalogid")?,
            customer_id: header("customerid")?,
            username: header("username")?,
        })
    }

    /// The participant that matches the headers.
    pub(crate) fn participant(&self, directory: &Directory) -> Result<Participant, Refusal> {
        self.participant_id
            .parse()
            .ok()
            .and_then(|id| directory.by_id(id))
            .filter(|participant| self.describes(participant))
            .ok_or(Refusal::NoSuchParticipant)
    }

    fn describes(&self, participant: &Participant) -> bool {
        self.catalog_id == participant.segment.catalog_id.to_string()
            && self.customer_id == participant.segment.client_id
            && self.username == participant.username
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    const HEADERS: [(&str, &str); 5] = [
        ("participantid", "28631365"),
        ("catalogid", "40599"),
        ("customerid", "30599"),
        ("impersonatoruser", "operator"),
        ("username", "11144477735"),
    ];

    fn who(headers: &[(&'static str, &'static str)]) -> Result<u64, Refusal> {
        let headers = headers
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Impersonation::from_headers(&headers)?.participant(&Directory::new(0)).map(|participant| participant.id)
    }

    #[test]
    fn matching_headers_give_the_participant() {
        assert_eq!(who(&HEADERS), Ok(28_631_365));
    }

    #[test]
    fn every_header_is_needed() {
        for missing in 0..HEADERS.len() {
            let mut headers = HEADERS.to_vec();
            headers[missing].1 = "";
            assert_eq!(who(&headers), Err(Refusal::NotImpersonating), "{headers:?}");
            headers.remove(missing);
            assert_eq!(who(&headers), Err(Refusal::NotImpersonating), "{headers:?}");
        }
    }

    #[test]
    fn every_header_must_match_except_the_name_of_the_operator() {
        for (position, (name, _)) in HEADERS.iter().enumerate() {
            let mut headers = HEADERS.to_vec();
            headers[position].1 = "40600";
            let expected = if *name == "impersonatoruser" { Ok(28_631_365) } else { Err(Refusal::NoSuchParticipant) };
            assert_eq!(who(&headers), expected, "{name}");
        }
    }
}
