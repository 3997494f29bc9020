//! Which participants there are, and how they are found: by login, by document, by id.
//!
//! The first three participants are special cases; the rest are generated from their number. Only the keys are kept in
//! memory and a participant is built per lookup, so 100,000 of them take a few megabytes.

use std::collections::HashMap;

use super::cpf;
use super::participant::{GOLD, Identity, Participant, SILVER};

/// The example of CloudLoyalty's documentation: an INACTIVE participant whose login looks like a CPF but is not the document.
pub(crate) const DOCUMENTED_CPF: &str = "52998224725";
pub(crate) const DOCUMENTED_LOGIN: &str = "11144477735";

/// A CPF with two participants, one in each segment.
pub(crate) const SHARED_CPF: &str = "12345678909";

/// Up to this number no document repeats (see the tests).
pub(crate) const MAX_GENERATED: u32 = 1_000_000;

/// How many participants are special cases.
const SPECIAL: u32 = 3;

/// Every participant, by each of its keys.
pub(crate) struct Directory {
    by_login: HashMap<String, u32>,
    by_document: HashMap<String, Vec<u32>>,
    by_id: HashMap<u64, u32>,
}

impl Directory {
    /// The three special participants and `generated` others.
    pub(crate) fn new(generated: u32) -> Self {
        let all = SPECIAL + generated.min(MAX_GENERATED);
        let mut directory = Self {
            by_login: HashMap::with_capacity(all as usize),
            by_document: HashMap::with_capacity(all as usize),
            by_id: HashMap::with_capacity(all as usize),
        };
        for number in 0..all {
            let Identity { id, username, document, .. } = identity(number);
            directory.by_login.insert(username, number);
            directory.by_document.entry(document).or_default().push(number);
            directory.by_id.insert(id, number);
        }
        directory
    }

    /// The participant with exactly this login, if any.
    pub(crate) fn by_login(&self, login: &str) -> Vec<Participant> {
        self.by_login.get(login).map(|&number| participant(number)).into_iter().collect()
    }

    /// All participants with this document: one CPF can be in several segments.
    pub(crate) fn by_document(&self, document: &str) -> Vec<Participant> {
        self.by_document.get(document).into_iter().flatten().map(|&number| participant(number)).collect()
    }

    /// The participant with this id.
    pub(crate) fn by_id(&self, id: u64) -> Option<Participant> {
        self.by_id.get(&id).map(|&number| participant(number))
    }
}

/// The login and document of the generated participant `index`, counted from 1, as an example.
pub(crate) fn generated_example(index: u32) -> (String, String) {
    let Identity { username, document, .. } = identity(SPECIAL - 1 + index);
    (username, document)
}

fn participant(number: u32) -> Participant {
    Participant::new(number, identity(number))
}

fn identity(number: u32) -> Identity {
    match number {
        0 => Identity {
            id: 28_631_365,
            name: "Participante Exemplo".to_owned(),
            username: DOCUMENTED_LOGIN.to_owned(),
            document: DOCUMENTED_CPF.to_owned(),
            segment: GOLD,
            status: "INACTIVE",
        },
        1 => Identity {
            id: 28_631_401,
            name: "Fulana Duas-Contas".to_owned(),
            username: "fulana.gold".to_owned(),
            document: SHARED_CPF.to_owned(),
            segment: GOLD,
            status: "ACTIVE",
        },
        2 => Identity {
            id: 28_631_402,
            name: "Fulana Duas-Contas".to_owned(),
            username: "fulana.silver".to_owned(),
            document: SHARED_CPF.to_owned(),
            segment: SILVER,
            status: "INACTIVE",
        },
        _ => generated(number - SPECIAL + 1),
    }
}

/// The generated participant `index`, counted from 1. Every third is Silver, every tenth INACTIVE.
fn generated(index: u32) -> Identity {
    const NAMES: [&str; 6] = ["Fulano", "Beltrana", "Sicrano", "Fulana", "Beltrano", "Sicrana"];
    let name = NAMES[index as usize % NAMES.len()];
    Identity {
        id: 30_000_000 + u64::from(index),
        name: format!("{name} Fictício {index:04}"),
        username: format!("user{index:04}"),
        document: cpf::from_stem(stem(index)),
        segment: if index.is_multiple_of(3) { SILVER } else { GOLD },
        status: if index.is_multiple_of(10) { "INACTIVE" } else { "ACTIVE" },
    }
}

/// Nine digits that look random and never repeat: multiplying by a number that is coprime to 10^9 permutes the numbers
/// below 10^9.
fn stem(index: u32) -> u32 {
    const MODULUS: u64 = 1_000_000_000;
    const MULTIPLIER: u64 = 618_033_989;
    let stem = u64::from(index) * MULTIPLIER % MODULUS;
    u32::try_from(stem).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cpf_may_have_two_participants_and_a_login_may_look_like_a_cpf() {
        let directory = Directory::new(10);
        let shared = directory.by_document(SHARED_CPF);
        let described: Vec<_> =
            shared.iter().map(|each| (each.segment.name, each.segment.catalog_id, each.status)).collect();
        assert_eq!(described, [("Gold", 40599, "ACTIVE"), ("Silver", 40600, "INACTIVE")]);

        assert_eq!(directory.by_login(DOCUMENTED_LOGIN)[0].document_number, DOCUMENTED_CPF);
        assert!(directory.by_document(DOCUMENTED_LOGIN).is_empty());
        assert!(directory.by_login("nobody").is_empty());
        assert_eq!(directory.by_id(30_000_010).map(|each| each.username), Some("user0010".to_owned()));
        assert!(directory.by_id(30_000_011).is_none());
    }

    #[test]
    fn the_example_is_in_the_directory() {
        let (login, document) = generated_example(1);
        assert_eq!(login, "user0001");
        assert_eq!(Directory::new(1).by_document(&document)[0].username, "user0001");
    }

    #[test]
    fn generated_stems_avoid_the_special_ones_and_repeated_digits() {
        let special = [529_982_247, 123_456_789, 111_444_777];
        for index in 1..=MAX_GENERATED {
            let stem = stem(index);
            assert!(!special.contains(&stem), "{index}");
            assert!(!stem.is_multiple_of(111_111_111), "{index}");
        }
    }
}
