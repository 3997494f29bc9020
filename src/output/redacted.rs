//! `--redact`: a participant with its personal data masked. By what may stay, not by what must go: a field that nobody
//! thought of is masked too.

use serde_json::value::RawValue;

use crate::platform::cpf;
use crate::platform::json::Members;
use crate::platform::redactor::HIDDEN;

/// A JSON text in which only ids, segment and status are left as they were; other strings and numbers are masked, the
/// structure stays.
#[must_use]
pub fn participant(raw: &RawValue) -> String {
    mask(raw, false)
}

/// `keep` is set inside a member that may stay.
fn mask(raw: &RawValue, keep: bool) -> String {
    let text = raw.get();
    if let Ok(members) = serde_json::from_str::<Members>(text) {
        let member = |(name, value): &(String, Box<RawValue>)| {
            format!("{}:{}", serde_json::Value::from(name.as_str()), mask(value, keep || may_stay(name)))
        };
        return format!("{{{}}}", members.0.iter().map(member).collect::<Vec<_>>().join(","));
    }
    if let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(text) {
        return format!("[{}]", items.iter().map(|item| mask(item, keep)).collect::<Vec<_>>().join(","));
    }
    match text {
        "null" | "true" | "false" => text.to_owned(),
        // An id may still be a CPF.
        _ if keep && cpf::mask_all(text, HIDDEN) == text => text.to_owned(),
        _ => format!("\"{HIDDEN}\""),
    }
}

fn may_stay(name: &str) -> bool {
    matches!(name, "id" | "segment" | "status") || name.ends_with("Id")
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
            r#"{"segment":{"clientId":"30599","catalogId":40599,"name":"Gold"},"id":28631365,"name":"[hidden]","username":"[hidden]","taxId":"[hidden]","rg":null,"emails":[{"email":"[hidden]","type":"[hidden]"}],"status":"ACTIVE","factor":"[hidden]","ok":true}"#
        );
    }
}
