//! Scopes (RFC 6749 section 3.3): case-sensitive words, compared as a set, sent in the order given.

use std::collections::BTreeSet;

/// A list of scope values, possibly empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// Reads scopes separated by spaces; a repeated one is kept once.
    ///
    /// # Errors
    /// The reason, when a scope holds a character outside %x21 / %x23-5B / %x5D-7E.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scope = Self::default();
        for word in text.split([' ', '\t', '\n', '\r']).filter(|w| !w.is_empty()) {
            if let Some(bad) = word.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '"' | '\\')) {
                return Err(format!("a scope cannot hold {bad:?} (RFC 6749 section 3.3)"));
            }
            if !scope.0.iter().any(|known| known == word) {
                scope.0.push(word.to_owned());
            }
        }
        Ok(scope)
    }

    /// Reads what a server says it granted. Some separate scopes by commas, which is believed unless a scope that was
    /// asked for holds one itself.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_granted(text: &str, asked: Option<&Self>) -> Result<Self, String> {
        let commas_are_ours = asked.is_some_and(|asked| asked.0.iter().any(|word| word.contains(',')));
        if commas_are_ours { Self::parse(text) } else { Self::parse(&text.replace(',', " ")) }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As sent: joined by one space.
    pub fn joined(&self) -> String {
        self.0.join(" ")
    }

    /// As compared: sorted.
    pub fn sorted(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether it holds this word.
    pub fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|known| known == word)
    }

    /// What this holds and `granted` does not.
    pub fn missing_from(&self, granted: &Self) -> Vec<&str> {
        self.0.iter().filter(|w| !granted.0.contains(w)).map(String::as_str).collect()
    }

    /// Likely mistakes though the grammar allows it: placeholders, Markdown, commas.
    pub fn lint(&self) -> Option<(&str, &'static str)> {
        self.0.iter().find_map(|word| {
            let why = match word.as_str() {
                w if w.starts_with('<') && w.ends_with('>') => "it is a placeholder in angle brackets",
                w if w.contains(['{', '}']) => "it holds a placeholder in braces",
                w if w.contains(',') => "it holds a comma; scopes are separated by spaces",
                w if w.starts_with('_') || w.ends_with('_') => "it begins or ends with `_`, as Markdown does",
                w if w.contains("your-") => "it holds `your-`, as samples do",
                w if w.ends_with('/') => "it ends in `/`",
                _ => return None,
            };
            Some((word.as_str(), why))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_drops_repeats() {
        let scope = Scope::parse("  b/x a:y  b/x ").unwrap();
        assert_eq!((scope.joined().as_str(), scope.sorted()), ("b/x a:y", vec!["a:y", "b/x"]));
    }

    #[test]
    fn a_granted_scope_may_be_separated_by_commas() {
        assert_eq!(Scope::parse_granted("read,write", None).unwrap().joined(), "read write");
        let asked = Scope::parse("a,b").unwrap();
        assert_eq!(Scope::parse_granted("a,b c", Some(&asked)).unwrap().joined(), "a,b c");
    }

    #[test]
    fn refuses_what_the_grammar_excludes() {
        for text in ["a\"b", "a\\b", "é", "a\u{7f}"] {
            assert!(Scope::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn slips_are_noticed() {
        for text in ["x/{tenant-id}", "_read_", "a,b", "webpremios.backoffice/all.write/", "your-scope"] {
            assert!(Scope::parse(text).unwrap().lint().is_some(), "{text}");
        }
        assert!(
            Scope::parse("webpremios.campaigns/40499 https://graph.microsoft.com/.default").unwrap().lint().is_none()
        );
    }
}
