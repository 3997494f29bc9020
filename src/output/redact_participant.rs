//! `--redact`: a participant with its personal data masked. By what may stay, not by what must go: a field that nobody
//! thought of is masked too.

use serde_json::value::RawValue;

use crate::platform::json::Members;
use crate::platform::redaction::personal_data;
use crate::platform::redaction::redactor::HIDDEN;

/// Where a value stands in a participant, which decides what of it may stay.
#[derive(Clone, Copy)]
enum Position {
    Participant,
    Segment,
    Elsewhere,
}

/// A JSON text in which the participant's id and status, and the ids, name and status of its segment are left as they
/// were, and so are numbers that are ids elsewhere. All other scalars are masked, the structure stays.
pub fn participant(raw: &RawValue) -> String {
    mask(raw, Position::Participant, false)
}

/// `stays` is set for the value of a member that may stay.
fn mask(raw: &RawValue, place: Position, stays: bool) -> String {
    let text = raw.get();
    if let Ok(members) = serde_json::from_str::<Members>(text) {
        let members: Vec<String> = members.0.iter().map(|(name, value)| member(name, value, place)).collect();
        return format!("{{{}}}", members.join(","));
    }
    if let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(text) {
        let items: Vec<String> = items.iter().map(|item| mask(item, place, false)).collect();
        return format!("[{}]", items.join(","));
    }
    let spared = text == "null" || (stays && !is_personal(text));
    if spared { text.to_owned() } else { format!("\"{HIDDEN}\"") }
}

fn member(name: &str, value: &RawValue, place: Position) -> String {
    let is_id = name == "id" || name.ends_with("Id");
    let stays = match place {
        Position::Participant => matches!(name, "id" | "segment" | "status"),
        Position::Segment => is_id || matches!(name, "name" | "status"),
        Position::Elsewhere => false,
    };
    let is_number = value.get().starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let inside = match place {
        Position::Participant if name == "segment" => Position::Segment,
        _ => Position::Elsewhere,
    };
    let shown = serde_json::Value::from(personal_data::mask_cpfs(name, HIDDEN));
    format!("{shown}:{}", mask(value, inside, stays || (is_id && is_number)))
}

/// Whether a scalar, as JSON, looks like a CPF or an e-mail address whatever its name.
fn is_personal(json: &str) -> bool {
    let text = serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned());
    text.contains('@') || personal_data::mask_cpfs(&text, HIDDEN) != text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_segment_and_status_stay() {
        let raw = RawValue::from_string(
            r#"{"segment":{"clientId":"30599","catalogId":40599,"name":"Gold"},"id":28631365,"name":"Fulano","username":"u1","taxId":"52998224725","rg":null,"emails":[{"email":"a@example.com","type":"HOME"}],"status":"ACTIVE","factor":1.50,"ok":true}"#.into(),
        )
        .unwrap();
        assert_eq!(
            participant(&raw),
            r#"{"segment":{"clientId":"30599","catalogId":40599,"name":"Gold"},"id":28631365,"name":"[hidden]","username":"[hidden]","taxId":"[hidden]","rg":null,"emails":[{"email":"[hidden]","type":"[hidden]"}],"status":"ACTIVE","factor":"[hidden]","ok":"[hidden]"}"#
        );
    }
}
