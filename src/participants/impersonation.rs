//! Acting for a participant: the headers that CloudLoyalty wants, made from a looked-up participant.

use reqwest::header::{HeaderMap, HeaderName};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::message::visible_ascii;
use crate::participants::filter::text_at;
use crate::platform::error::{Error, Result};
use crate::platform::json;
use crate::platform::redaction::redactor::HIDDEN;
use crate::settings::key::SettingKey;
use crate::settings::resolved::{Settings, missing};

/// The header that says who acts.
const IMPERSONATOR_HEADER: &str = "impersonatorUser";
/// Which header takes which field, unless `impersonation` says otherwise. The provider's text and sample differ on
/// `customerId`; the sample is followed.
const DEFAULT_MAP: [(&str, &str); 4] = [
    ("participantid", "id"),
    ("catalogId", "segment.catalogId"),
    ("customerId", "segment.clientId"),
    ("username", "username"),
];

/// How to act for a participant, from the settings.
#[derive(Debug)]
pub struct Impersonation {
    map: Vec<(String, String)>,
    impersonator: String,
}

impl Impersonation {
    /// Reads and checks the settings.
    ///
    /// # Errors
    /// Usage: `impersonator` is not set, or a name in the map is not a header name.
    pub fn resolve(settings: &Settings) -> Result<Self> {
        let configured = settings.pairs(SettingKey::Impersonation);
        let map: Vec<(String, String)> = if configured.is_empty() {
            DEFAULT_MAP.iter().map(|(header, field)| ((*header).to_owned(), (*field).to_owned())).collect()
        } else {
            configured.to_vec()
        };
        if let Some((bad, _)) = map.iter().find(|(name, _)| name.parse::<HeaderName>().is_err()) {
            return Err(Error::usage(format!(
                "`impersonation.{bad}` (from {}) is not a header name",
                settings.origin(SettingKey::Impersonation)
            )));
        }
        let impersonator = settings.text(SettingKey::Impersonator)?.filter(|who| !who.is_empty()).ok_or_else(|| {
            missing(SettingKey::Impersonator).hint("it names who acts for the participant, in the API's audit trail")
        })?;
        Ok(Self { map, impersonator })
    }

    /// Refuses a request that sets one of the headers itself.
    pub fn refuse_among(&self, headers: &HeaderMap) -> Result<()> {
        let mut ours = self.map.iter().map(|(name, _)| name.as_str()).chain([IMPERSONATOR_HEADER]);
        match ours.find(|name| headers.contains_key(*name)) {
            None => Ok(()),
            Some(name) => Err(Error::usage(format!("`-H` cannot set `{name}` for a call on behalf of a participant"))
                .hint("`--as-login`, `--as-cpf` and `--as-participant` set it")),
        }
    }

    /// As [`Self::headers`], for a saved participant: one that was redacted cannot be used.
    ///
    /// # Errors
    /// As there; usage: a field is hidden.
    pub fn saved_headers(&self, participant: &RawValue) -> Result<Vec<(String, String)>> {
        let headers = self.headers(participant)?;
        match headers.iter().find(|(_, value)| value.contains(HIDDEN)) {
            None => Ok(headers),
            Some((name, _)) => {
                Err(Error::usage("the saved participant cannot be used: it was written with `--redact`")
                    .cause(format!("what the header `{name}` takes is `{HIDDEN}` in it"))
                    .hint("save it without `--redact`"))
            }
        }
    }

    /// The headers for a participant, by name, in the order of the map.
    ///
    /// # Errors
    /// Usage: the participant lacks a field of the map, or a value cannot be a header.
    pub fn headers(&self, participant: &RawValue) -> Result<Vec<(String, String)>> {
        let value: Value = serde_json::from_str(participant.get()).unwrap_or_default();
        let mut headers = Vec::new();
        for (name, field) in &self.map {
            let text = text_at(&value, &format!("/{}", field.replace('.', "/"))).ok_or_else(|| {
                Error::usage(format!("the participant has no `{field}`, which the header `{name}` takes"))
                    .hint("set `impersonation` in the profile, such as `impersonation = { participantid = \"id\" }`")
            })?;
            visible_ascii(&text, &format!("the participant's `{field}`"))?;
            headers.push((name.clone(), text));
        }
        visible_ascii(&self.impersonator, "`impersonator`")?;
        headers.push((IMPERSONATOR_HEADER.to_owned(), self.impersonator.clone()));
        Ok(headers)
    }
}

/// Headers as the HTTP client takes them; their values are personal data.
///
/// # Errors
/// Usage: a value cannot be a header.
pub fn header_map(headers: &[(String, String)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let mut value = visible_ascii(value, &format!("the header `{name}`"))?;
        value.set_sensitive(true);
        let name: HeaderName = name.parse().map_err(|_| Error::usage(format!("`{name}` is not a header name")))?;
        map.insert(name, value);
    }
    Ok(map)
}

/// A saved participant: the object, or an array that holds exactly one.
///
/// # Errors
/// Usage: it is not.
pub fn read_saved(bytes: &[u8]) -> Result<Box<RawValue>> {
    let refused = |why: &str| {
        Error::usage("the saved participant cannot be used")
            .cause(why)
            .hint("save one with `m2m participant --cpf CPF --one > participant.json`")
    };
    let raw: Box<RawValue> = json::parse(bytes).map_err(|why| refused(&why))?;
    if raw.get().starts_with('{') {
        return Ok(raw);
    }
    let items: Vec<Box<RawValue>> =
        serde_json::from_str(raw.get()).map_err(|_| refused("it is neither a JSON object nor an array"))?;
    match <[Box<RawValue>; 1]>::try_from(items) {
        Ok([one]) => Ok(one),
        Err(items) => Err(refused(&format!("it is an array of {} participants, not of one", items.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impersonation() -> Impersonation {
        let map = DEFAULT_MAP.iter().map(|(h, f)| ((*h).to_owned(), (*f).to_owned())).collect();
        Impersonation { map, impersonator: "ops@example.com".into() }
    }

    #[test]
    fn headers_come_from_fields_that_are_numbers_or_strings() {
        let saved =
            read_saved(br#"[{"segment":{"clientId":"30599","catalogId":40599},"id":28631365,"username":"ana"}]"#)
                .unwrap();
        let headers = impersonation().headers(&saved).unwrap();
        let lines: Vec<String> = headers.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(
            lines,
            [
                "participantid=28631365",
                "catalogId=40599",
                "customerId=30599",
                "username=ana",
                "impersonatorUser=ops@example.com"
            ]
        );
    }

    #[test]
    fn a_missing_field_and_a_line_end_are_refused() {
        for saved in [r#"{"id":1}"#, r#"{"segment":{"clientId":"a\nb","catalogId":1},"id":1,"username":"x"}"#] {
            assert!(impersonation().headers(&read_saved(saved.as_bytes()).unwrap()).is_err(), "{saved}");
        }
        for saved in ["[]", "[{},{}]", "7", "{"] {
            assert!(read_saved(saved.as_bytes()).is_err(), "{saved}");
        }
    }
}
