//! One participant on the wire: the members and their order are those of CloudLoyalty's lookup, the values are fictional.
//! Which participants there are is in `directory.rs`.

use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// One item of the lookup's answer. Fields are written in this order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Participant {
    pub(crate) segment: Segment,
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) document_number: String,
    pub(crate) rg: String,
    pub(crate) birth_date: String,
    /// All lower case on the wire, unlike the other members.
    #[serde(rename = "persontype")]
    pub(crate) person_type: &'static str,
    pub(crate) gender_type: &'static str,
    pub(crate) marital_status: &'static str,
    pub(crate) status: &'static str,
    pub(crate) emails: Vec<Email>,
    pub(crate) phones: Vec<Phone>,
    pub(crate) address: Address,
    /// Undocumented members, as real answers have them: a client that passes an answer on must not change them.
    pub(crate) points_factor: Decimal,
    #[serde(rename = "x-sandbox")]
    pub(crate) vendor: Vendor,
}

/// The part of a campaign that a participant belongs to. `clientId` is a string, the other ids are numbers.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Segment {
    pub(crate) client_id: &'static str,
    pub(crate) campaign_id: u32,
    pub(crate) catalog_id: u32,
    pub(crate) name: &'static str,
}

pub(crate) const GOLD: Segment = Segment { client_id: "30599", campaign_id: 40499, catalog_id: 40599, name: "Gold" };

pub(crate) const SILVER: Segment =
    Segment { client_id: "30600", campaign_id: 40500, catalog_id: 40600, name: "Silver" };

#[derive(Serialize)]
pub(crate) struct Email {
    pub(crate) email: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Phone {
    pub(crate) area_code: &'static str,
    pub(crate) number: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    pub(crate) street: &'static str,
    pub(crate) number: String,
    pub(crate) complement: Option<&'static str>,
    pub(crate) district: &'static str,
    pub(crate) city: &'static str,
    pub(crate) state: &'static str,
    pub(crate) zip_code: &'static str,
    pub(crate) reference: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Vendor {
    pub(crate) fictional: bool,
    pub(crate) number: u32,
}

/// A JSON number that keeps its digits: `1.50` stays `1.50`, where a float would be written `1.5`.
pub(crate) struct Decimal(pub(crate) &'static str);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_owned()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// The values that lookups and filters depend on.
pub(crate) struct Identity {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) document: String,
    pub(crate) segment: Segment,
    pub(crate) status: &'static str,
}

impl Participant {
    /// The participant with this identity; everything else is derived from `number`.
    pub(crate) fn new(number: u32, identity: Identity) -> Self {
        Self {
            segment: identity.segment,
            id: identity.id,
            name: identity.name,
            document_number: identity.document,
            rg: format!("{:09}", 900_000_000 + number % 100_000_000),
            birth_date: format!("{}-{:02}-{:02}T00:00:00", 1950 + number % 55, 1 + number % 12, 1 + number % 28),
            person_type: "Natural",
            gender_type: pick(&["Female", "Male", "NotInformed"], number),
            marital_status: pick(&["Single", "Married", "Divorced", "Widowed"], number),
            status: identity.status,
            emails: vec![Email { email: format!("{}@example.com", identity.username), kind: "Personal" }],
            username: identity.username,
            phones: vec![Phone { area_code: "11", number: format!("9000{:05}", number % 100_000), kind: "Mobile" }],
            address: Address {
                street: "Rua dos Exemplos",
                number: (number + 1).to_string(),
                complement: number.is_multiple_of(3).then_some("Fundos"),
                district: "Bairro Imaginário",
                city: "São Exemplo",
                state: "SP",
                zip_code: "00000000",
                reference: "Em frente à praça que não existe",
            },
            points_factor: Decimal("1.50"),
            vendor: Vendor { fictional: true, number },
        }
    }

    /// The points on the participant's account.
    pub(crate) fn balance(&self) -> u64 {
        1_000 + self.id % 9_000
    }
}

/// The item of `choices` for `number`; `choices` is not empty.
fn pick(choices: &[&'static str], number: u32) -> &'static str {
    choices[number as usize % choices.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_keeps_key_order_and_digits() {
        let participant = Participant::new(
            0,
            Identity {
                id: 28_631_365,
                name: "Participante Exemplo".to_owned(),
                username: "exemplo".to_owned(),
                document: "52998224725".to_owned(),
                segment: GOLD,
                status: "INACTIVE",
            },
        );
        assert_eq!(
            serde_json::to_string(&participant).unwrap(),
            concat!(
                r#"{"segment":{"clientId":"30599","campaignId":40499,"catalogId":40599,"name":"Gold"},"#,
                r#""id":28631365,"name":"Participante Exemplo","username":"exemplo","documentNumber":"52998224725","#,
                r#""rg":"900000000","birthDate":"1950-01-01T00:00:00","persontype":"Natural","genderType":"Female","#,
                r#""maritalStatus":"Single","status":"INACTIVE","#,
                r#""emails":[{"email":"exemplo@example.com","type":"Personal"}],"#,
                r#""phones":[{"areaCode":"11","number":"900000000","type":"Mobile"}],"#,
                r#""address":{"street":"Rua dos Exemplos","number":"1","complement":"Fundos","#,
                r#""district":"Bairro Imaginário","city":"São Exemplo","state":"SP","zipCode":"00000000","#,
                r#""reference":"Em frente à praça que não existe"},"#,
                r#""pointsFactor":1.50,"x-sandbox":{"fictional":true,"number":0}}"#
            )
        );
    }
}
