//! The name of a cache entry: a keyed hash over everything that shapes what is cached. Keyed, because a secret's value
//! takes part: without the key, which lies beside the cache, a name says nothing about it.

use ring::hmac;

use crate::platform::text::hex;

/// Changes when the fields or their order change, so that old names are never hit.
const VERSION: &str = "m2m token 1";

/// Collects named fields without ambiguity: every name and value is preceded by its length.
#[derive(Default)]
pub struct Fields(Vec<u8>);

impl Fields {
    /// Adds a field with its values; the order of fields counts, so callers add them in a fixed one.
    pub fn add<'v>(&mut self, name: &str, values: impl IntoIterator<Item = &'v str>) {
        let values: Vec<&str> = values.into_iter().collect();
        self.part(name);
        self.0.extend((values.len() as u64).to_le_bytes());
        for value in values {
            self.part(value);
        }
    }

    fn part(&mut self, text: &str) {
        self.0.extend((text.len() as u64).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    /// The name of the entry, in hex.
    pub fn name(&self, key: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        context.update(VERSION.as_bytes());
        context.update(&self.0);
        hex(&context.sign().as_ref()[..16])
    }
}

/// The name of a public thing's entry, such as a metadata document's.
pub fn public_name(text: &str) -> String {
    hex(&ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(fields: &[(&str, &[&str])]) -> String {
        let mut all = Fields::default();
        for (name, values) in fields {
            all.add(name, values.iter().copied());
        }
        all.name(b"key")
    }

    #[test]
    fn different_fields_have_different_names() {
        let all: Vec<String> = [
            &[("a", &["x", "y"][..])][..],
            &[("a", &["xy"])],
            &[("a", &["x"]), ("y", &[])],
            &[("a", &["x"]), ("", &["y"])],
            &[("ax", &["y"])],
            &[("a", &[]), ("x", &["y"])],
            &[("a", &["y", "x"])],
            &[],
        ]
        .iter()
        .map(|fields| name(fields))
        .collect();
        let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn the_key_counts() {
        let fields = Fields::default();
        assert_ne!(fields.name(b"one"), fields.name(b"two"));
        assert_eq!(fields.name(b"one").len(), 32);
    }
}
