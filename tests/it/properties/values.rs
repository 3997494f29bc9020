//! Properties of cache keys, CPFs and freshness, tried on generated input. Each oracle is written here, apart from the code
//! under test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use m2m::Host;
use m2m::internals::cache::entry::{Entry, TokenDescription};
use m2m::internals::cache::key::Fields;
use m2m::internals::participants::cpf::Cpf;
use m2m::internals::platform::json;
use m2m::internals::platform::json::Members;
use m2m::internals::platform::redaction::personal_data;
use m2m::internals::platform::secret::Secret;
use m2m::internals::platform::url;
use m2m::internals::secrets::source::SecretSource;
use m2m::internals::settings::key::SettingKey;
use m2m::internals::settings::layer::{Layer, Origin, Value};
use m2m::internals::settings::resolved::{Choice, Settings};
use m2m::internals::tokens::source::TokenSource;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::property::holds;
use crate::support::random;

/// What shapes a token, in few words, so that two are often nearly the same.
#[derive(Clone, Debug)]
struct Shape {
    url: String,
    id: String,
    secret: String,
    method: &'static str,
    format: &'static str,
    scope: Vec<String>,
    audience: Option<String>,
    resources: Vec<String>,
    params: BTreeMap<String, String>,
}

impl Shape {
    fn any() -> impl Strategy<Value = Self> {
        let word = || "[ab]{1,3}";
        (
            "https://(a|b|ab)\\.example/(x|y)?",
            word(),
            word(),
            prop_oneof![Just("client_secret_basic"), Just("client_secret_post")],
            prop_oneof![Just("form"), Just("json")],
            vec(word(), 0..4),
            proptest::option::of(word()),
            vec("https://[ab]{1,2}\\.example/", 0..3),
            proptest::collection::btree_map("[ab]{1,2}", "[ab]{0,2}", 0..3),
        )
            .prop_map(|(url, id, secret, method, format, scope, audience, resources, params)| {
                // With JSON the credentials go into the body.
                let method = if format == "json" { "client_secret_post" } else { method };
                Self { url, id, secret, method, format, scope, audience, resources, params }
            })
    }

    /// This shape, with the fields of `other` that `mask` names.
    fn with(&self, other: &Self, mask: u16) -> Self {
        let (mut mixed, other) = (self.clone(), other.clone());
        let from = |bit: u16| mask & (1 << bit) != 0;
        if from(0) {
            mixed.url = other.url;
        }
        if from(1) {
            mixed.id = other.id;
        }
        if from(2) {
            mixed.secret = other.secret;
        }
        if from(3) {
            (mixed.method, mixed.format) = (other.method, other.format);
        }
        if from(4) {
            mixed.scope = other.scope;
        }
        if from(5) {
            mixed.audience = other.audience;
        }
        if from(6) {
            mixed.resources = other.resources;
        }
        if from(7) {
            mixed.params = other.params;
        }
        mixed
    }

    /// What counts: scopes are a set, resources and parameters have no order.
    fn canonical(&self) -> impl PartialEq + Debug {
        let scope: BTreeSet<_> = self.scope.iter().cloned().collect();
        let mut resources = self.resources.clone();
        resources.sort();
        let url = url::Url::parse(&self.url).expect("a URL").to_string();
        (
            (url, self.id.clone(), self.secret.clone(), self.method, self.format),
            (scope, self.audience.clone(), resources, self.params.clone()),
        )
    }

    fn key(&self) -> String {
        let host = quiet_host();
        let mut layer = Layer::default();
        let mut set = |key, value| layer.set(key, value, Origin::Default);
        set(SettingKey::TokenUrl, Value::Text(self.url.clone()));
        set(SettingKey::ClientId, Value::Text(self.id.clone()));
        set(SettingKey::ClientSecret, Value::Secret(SecretSource::Value(Secret::new(self.secret.clone()))));
        set(SettingKey::AuthMethod, Value::Text(self.method.to_owned()));
        set(SettingKey::BodyFormat, Value::Text(self.format.to_owned()));
        set(SettingKey::Scope, Value::List(self.scope.clone()));
        if let Some(audience) = &self.audience {
            set(SettingKey::Audience, Value::Text(audience.clone()));
        }
        set(SettingKey::Resource, Value::List(self.resources.clone()));
        set(SettingKey::Params, Value::Pairs(self.params.clone().into_iter().collect()));
        let settings = Settings::resolve(&host, &Choice::default(), layer).expect("settings");
        let mut fields = Fields::default();
        let source = TokenSource::resolve(&settings, &host).expect("a source");
        source.describe_key(&host, &mut fields).expect("a key");
        fields.name(b"the key beside the cache")
    }
}

/// A process without environment, whose output is discarded.
fn quiet_host() -> Host {
    let sink = || Box::new(std::io::sink());
    Host::new(Vec::new(), BTreeMap::new(), Box::new(|| UNIX_EPOCH), Box::new(std::io::empty()), sink(), sink())
}

#[test]
fn cache_keys_are_equal_exactly_where_settings_are() {
    let inputs = (Shape::any(), Shape::any(), any::<u16>(), any::<u16>(), any::<bool>());
    holds("cache keys: equal settings, equal keys, and no others", 4000, inputs, |(one, other, a, b, turned)| {
        // Few differences at a time, often none.
        let mut mixed = one.with(&other, a & b);
        if turned {
            mixed.scope.reverse();
            mixed.scope.extend(mixed.scope.first().cloned());
            mixed.resources.reverse();
        }
        prop_assert_eq!(one.canonical() == mixed.canonical(), one.key() == mixed.key(), "{:?} {:?}", one, mixed);
        Ok(())
    });
    holds("cache keys: fields have no seams", 4000, (fields(), fields()), |(one, other)| {
        let name = |all: &[(String, Vec<String>)]| {
            let mut fields = Fields::default();
            all.iter().for_each(|(name, values)| fields.add(name, values.iter().map(String::as_str)));
            fields.name(b"key")
        };
        prop_assert_eq!(one == other, name(&one) == name(&other));
        Ok(())
    });
}

fn fields() -> impl Strategy<Value = Vec<(String, Vec<String>)>> {
    vec(("[ab\\x00\\x01]{0,2}", vec("[ab\\x00\\x01]{0,2}", 0..3)), 0..3)
}

/// The residues that become the check digits (10 is written as 0), by the definition: weights 10 to 2, then 11 to 2.
fn residues(digits: &[u32]) -> [u32; 2] {
    [9usize, 10].map(|len| {
        let weights = (2..=len as u32 + 1).rev();
        digits[..len].iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() * 10 % 11
    })
}

/// Arithmetic modulo 11 with its residue 10 written as 0 cannot see two kinds of change, whoever computes: the first digit
/// by one where the first check digit is 0, and the sixth by two where both are. Every other change is refused.
#[test]
fn every_change_of_one_digit_of_a_cpf_is_refused() {
    let inputs = (any::<u8>(), 0..11usize, 1..10u32).prop_map(|(_, at, by)| (random::cpf(), at, by));
    holds("CPF: a change of one digit is refused", 8000, inputs, |(good, at, by)| {
        prop_assert!(Cpf::parse(&good).is_ok());
        prop_assert!(Cpf::parse(&random::formatted_cpf(&good)).is_ok());
        let mut digits: Vec<u32> = good.bytes().map(|byte| u32::from(byte - b'0')).collect();
        let before = residues(&digits);
        digits[at] = (digits[at] + by) % 10;
        let after = residues(&digits);
        let zero = |residue: u32| matches!(residue, 0 | 10);
        let blind = match at {
            0 => zero(before[0]) && zero(after[0]) && before[1] == after[1],
            5 => before.iter().chain(&after).all(|residue| zero(*residue)),
            _ => false,
        };
        let same = digits.iter().all(|digit| *digit == digits[0]);
        let changed: String = digits.iter().map(u32::to_string).collect();
        prop_assert_eq!(Cpf::parse(&changed).is_ok(), blind && !same, "{}", changed);
        Ok(())
    });
    let inputs = ("[^0-9]{0,8}", "[^0-9]{0,8}").prop_map(|(before, after)| (before, random::cpf(), after));
    holds("CPF: one in any text is masked", 4000, inputs, |(before, number, after)| {
        for shape in [number.clone(), random::formatted_cpf(&number)] {
            let masked = personal_data::mask_cpfs(&format!("{before}{shape}{after}"), "*");
            prop_assert!(!masked.contains(&shape) && masked.contains('*'), "{}", masked);
        }
        Ok(())
    });
}

fn entry(obtained: u64, lifetime: u64) -> Entry {
    let at = |secs| UNIX_EPOCH + Duration::from_secs(secs);
    Entry {
        access_token: Secret::new("abc".to_owned()),
        obtained_at: at(obtained),
        expires_at: at(obtained + lifetime),
        members: json::parse::<Members>(br#"{"access_token":"abc"}"#).expect("members"),
        description: TokenDescription::default(),
    }
}

#[test]
fn a_token_is_fresh_while_enough_of_it_is_left_and_never_again() {
    let secs = || prop_oneof![0..400u64, 0..100_000u64];
    let inputs = (1_000_000_000..2_000_000_000u64, secs(), -100..100_000i64, proptest::option::of(secs()));
    holds(
        "freshness: by the formula, once and for all, on disk too",
        8000,
        inputs,
        |(obtained, lifetime, age, least)| {
            let (entry, least) = (entry(obtained, lifetime), least.map(Duration::from_secs));
            let at = |age: i64| -> SystemTime { UNIX_EPOCH + Duration::from_secs(obtained.saturating_add_signed(age)) };
            let fresh = |age| entry.is_fresh(at(age), least);
            let left = lifetime as i64 - age;
            let margin = 240.min(lifetime as i64);
            let expected =
                age >= 0 && left > 0 && 4 * left > margin && least.is_none_or(|least| left >= least.as_secs() as i64);
            prop_assert_eq!(fresh(age), expected, "{} of {} left", left, lifetime);
            prop_assert!(!fresh(age) || entry.remaining(at(age)) == Some(Duration::from_secs(left as u64)));
            prop_assert!(!fresh(age) || (0..age).step_by(997).all(fresh), "fresh later than it was stale");
            let read = Entry::from_bytes(&entry.to_bytes());
            prop_assert_eq!(read.is_some_and(|read| read.is_fresh(at(age), least)), expected);
            Ok(())
        },
    );
}
