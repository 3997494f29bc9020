//! Is the participant in an answer the one that was asked for? Compares the login or CPF of the query with what the answer
//! says of the person. Refuses to decide what a mismatch means for a command.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::participants::filter::text_at;
use crate::participants::lookup::Query;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::host::Host;

/// The warning for an answer about another person, where nothing is done on its behalf.
pub const OTHER_PERSON: &str = "the API answered with another participant than the one that was asked for";

/// What the comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// It is the person that was asked for.
    Same,
    /// It is another person.
    Different,
    /// The answer has no member to compare with.
    Unverified,
}

/// Compares a participant with the query that found it: a CPF with `documentNumber` by its digits; a login with `username`,
/// any e-mail, or the document, trimmed and in any case.
pub fn compare(query: &Query, participant: &RawValue) -> Identity {
    let value: Value = serde_json::from_str(participant.get()).unwrap_or_default();
    let document = text_at(&value, "/documentNumber").filter(|document| !document.trim().is_empty());
    let known: Vec<bool> = match query {
        Query::Cpf(cpf) => document.iter().map(|document| same_digits(document, cpf.digits())).collect(),
        Query::Login(login) => {
            let same = |text: &String| text.trim().to_lowercase() == login.trim().to_lowercase();
            let names = text_at(&value, "/username").into_iter().chain(emails(&value));
            let mut known: Vec<bool> = names.map(|text| same(&text)).collect();
            known.extend(document.iter().map(|document| same(document) || same_digits(document, login)));
            known
        }
    };
    match known.as_slice() {
        [] => Identity::Unverified,
        known if known.contains(&true) => Identity::Same,
        _ => Identity::Different,
    }
}

/// The warning for a participant who will be acted for although nothing in the answer says who it is.
const UNVERIFIED: &str = "the answer of the lookup has neither `username`, nor `emails`, nor `documentNumber`: whether this is the participant that was asked for cannot be told";

/// Nobody acts for somebody else. A participant that cannot be told is acted for with a warning.
///
/// # Errors
/// Bad response: the participant is another person than the one that was asked for.
pub fn require_same(host: &Host, query: &Query, participant: &RawValue) -> Result<(), Error> {
    match compare(query, participant) {
        Identity::Same => return Ok(()),
        Identity::Unverified => {
            host.ui.warn(UNVERIFIED);
            return Ok(());
        }
        Identity::Different => {}
    }
    let asked = match query {
        Query::Login(_) => "login: neither `username` nor an e-mail nor `documentNumber` is the one",
        Query::Cpf(_) => "CPF: its `documentNumber` is not the one",
    };
    Err(Error::new(ErrorKind::BadResponse, OTHER_PERSON)
        .cause(format!("it was looked up by {asked} that was given (not shown, they are personal data)"))
        .hint("nothing was sent on behalf of this participant; check the lookup's path (`participant_by_login`, `participant_by_cpf`), or ask the API's operator"))
}

/// The e-mails, as strings or as objects with `email` or `address`.
fn emails(value: &Value) -> Vec<String> {
    let all = value.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |item: &Value| {
        let text = item.as_str().or_else(|| item.get("email")?.as_str()).or_else(|| item.get("address")?.as_str());
        text.map(str::to_owned)
    };
    all.iter().filter_map(text).collect()
}

/// Whether two texts have the same digits: as many as a CPF has, leading zeros aside, which numbers lose.
fn same_digits(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (one, other) = (digits(one), digits(other));
    let significant = |digits: &str| digits.trim_start_matches('0').to_owned();
    !one.is_empty() && significant(&one) == significant(&other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::participants::cpf::Cpf;

    #[test]
    fn a_cpf_is_compared_by_digits_and_a_login_with_every_name_of_the_person() {
        use Identity::{Different, Same, Unverified};
        let cpf = || Query::Cpf(Cpf::parse("529.982.247-25").unwrap());
        let zero = || Query::Cpf(Cpf::parse("000.000.001-91").unwrap());
        let login = |text: &str| Query::Login(text.to_owned());
        for (query, participant, expected) in [
            (cpf(), r#"{"documentNumber":"52998224725"}"#, Same),
            (cpf(), r#"{"documentNumber":"529.982.247-25","username":"x"}"#, Same),
            (cpf(), r#"{"documentNumber":52998224725}"#, Same),
            (zero(), r#"{"documentNumber":191}"#, Same),
            (cpf(), r#"{"documentNumber":"11144477735"}"#, Different),
            (cpf(), r#"{"documentNumber":""}"#, Unverified),
            (cpf(), r#"{"id":1}"#, Unverified),
            (login("ana"), r#"{"username":" ANA "}"#, Same),
            (login("ana@x.example"), r#"{"username":"1","emails":[{"email":"Ana@x.example"}]}"#, Same),
            (login("ana@x.example"), r#"{"username":"1","emails":["ana@x.example"]}"#, Same),
            (login("529.982.247-25"), r#"{"username":"1","documentNumber":"52998224725"}"#, Same),
            (login("ana"), r#"{"username":"bea","documentNumber":"52998224725"}"#, Different),
            (login("ana"), r#"{"emails":[{"email":"bea@x.example"}]}"#, Different),
            (login("ana"), r#"{"id":1,"emails":[]}"#, Unverified),
        ] {
            let raw = RawValue::from_string(participant.to_owned()).unwrap();
            assert_eq!(compare(&query, &raw), expected, "{participant}");
        }
    }
}
