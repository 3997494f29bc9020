//! Choosing among the participants of an answer, and telling them apart without personal data.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::platform::error::{Error, ErrorKind, Result};

/// Which participants count. Ids match as number or as string.
#[derive(Clone, Debug, Default)]
pub struct ParticipantFilter {
    /// Insist on exactly one.
    pub one: bool,
    /// The segment's name.
    pub segment: Option<String>,
    /// The segment's catalog.
    pub catalog_id: Option<String>,
    /// The segment's campaign.
    pub campaign_id: Option<String>,
    /// The participant's status.
    pub status: Option<String>,
}

impl ParticipantFilter {
    /// Whether every participant counts.
    pub fn is_everything(&self) -> bool {
        self.criteria().next().is_none()
    }

    fn criteria(&self) -> impl Iterator<Item = (&'static str, &String)> {
        [
            ("/segment/name", &self.segment),
            ("/segment/catalogId", &self.catalog_id),
            ("/segment/campaignId", &self.campaign_id),
            ("/status", &self.status),
        ]
        .into_iter()
        .filter_map(|(path, wanted)| wanted.as_ref().map(|wanted| (path, wanted)))
    }

    /// The participants that count, in their order.
    pub fn apply(&self, items: Vec<Box<RawValue>>) -> Vec<Box<RawValue>> {
        if self.is_everything() {
            return items;
        }
        let counts = |item: &RawValue| {
            let value: Value = serde_json::from_str(item.get()).unwrap_or_default();
            self.criteria().all(|(path, wanted)| text_at(&value, path).as_ref() == Some(wanted))
        };
        items.into_iter().filter(|item| counts(item)).collect()
    }

    /// Insists on at least one participant, and on at most one where one is asked for.
    ///
    /// # Errors
    /// Not found; the causes tell several apart without personal data.
    pub fn require(&self, items: &[Box<RawValue>]) -> Result<()> {
        if items.is_empty() {
            return Err(not_found(self.is_everything()));
        }
        if self.one && items.len() > 1 {
            return Err(ambiguous(items));
        }
        Ok(())
    }
}

fn not_found(everything: bool) -> Error {
    let error = Error::new(ErrorKind::NotFound, "no participant matches");
    if everything {
        error
    } else {
        error.hint("the filters may leave nobody over: try without `--segment`, `--catalog-id`, `--campaign-id` and `--status`")
    }
}

fn ambiguous(items: &[Box<RawValue>]) -> Error {
    let error = Error::new(ErrorKind::NotFound, format!("{} participants match, not one", items.len()))
        .hint("choose with `--segment`, `--catalog-id`, `--campaign-id` or `--status`");
    items.iter().enumerate().fold(error, |error, (at, item)| {
        error.cause_quoted(format!("participant {}", at + 1), describe_without_pii(item))
    })
}

/// What tells one participant from another.
fn describe_without_pii(item: &RawValue) -> String {
    let value: Value = serde_json::from_str(item.get()).unwrap_or_default();
    [
        ("segment", "/segment/name"),
        ("catalog", "/segment/catalogId"),
        ("campaign", "/segment/campaignId"),
        ("status", "/status"),
        ("id", "/id"),
    ]
    .iter()
    .filter_map(|(label, path)| text_at(&value, path).map(|text| format!("{label} {text}")))
    .collect::<Vec<_>>()
    .join(", ")
}

/// A string or number at a JSON pointer, as text.
pub fn text_at(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: &str = r#"{"segment":{"name":"Gold","catalogId":40599,"campaignId":"40499"},"id":28631365,"name":"Fulano","documentNumber":"52998224725","status":"INACTIVE"}"#;
    const SILVER: &str = r#"{"segment":{"name":"Silver","catalogId":"40600"},"id":2,"status":"ACTIVE"}"#;

    fn items() -> Vec<Box<RawValue>> {
        [GOLD, SILVER].iter().map(|text| RawValue::from_string((*text).to_owned()).unwrap()).collect()
    }

    #[test]
    fn participants_are_told_apart_without_personal_data() {
        assert_eq!(
            describe_without_pii(&items()[0]),
            "segment Gold, catalog 40599, campaign 40499, status INACTIVE, id 28631365"
        );
    }

    #[test]
    fn ids_match_as_number_or_string() {
        let by = |catalog: &str| {
            ParticipantFilter { catalog_id: Some(catalog.into()), ..ParticipantFilter::default() }.apply(items()).len()
        };
        assert_eq!((by("40599"), by("40600"), by("1")), (1, 1, 0));
        let both = ParticipantFilter {
            segment: Some("Gold".into()),
            status: Some("ACTIVE".into()),
            ..ParticipantFilter::default()
        };
        assert!(both.apply(items()).is_empty());
    }

    #[test]
    fn one_means_exactly_one() {
        let one = ParticipantFilter { one: true, ..ParticipantFilter::default() };
        assert!(one.require(&items()).is_err());
        assert!(one.require(&items()[..1]).is_ok());
        assert!(one.require(&[]).is_err());
        assert!(ParticipantFilter::default().require(&items()).is_ok());
    }
}
