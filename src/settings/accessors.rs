//! Settings as values of a type: lists, secrets, URLs, durations, dates, numbers, words. Owns how a value that does not
//! fit is named.

use std::time::{Duration, SystemTime};

use crate::platform::deadline;
use crate::platform::error::{Error, Result};
use crate::platform::redaction::redactor::HIDDEN;
use crate::platform::text::{list_quoted, nearest};
use crate::platform::unfilled;
use crate::platform::url;
use crate::platform::url::Url;
use crate::secrets::source::SecretSource;
use crate::settings::key::SettingKey;
use crate::settings::layer::Value;
use crate::settings::resolved::Settings;

impl Settings {
    /// A list with its placeholders filled in; a text is a list of one.
    ///
    /// # Errors
    /// Usage: a placeholder's setting is missing.
    pub fn list(&self, key: SettingKey) -> Result<Vec<String>> {
        match self.raw(key) {
            Some((Value::List(items), _)) => items.iter().map(|item| self.expand_placeholders(key, item)).collect(),
            Some((Value::Text(text), _)) => Ok(vec![self.expand_placeholders(key, text)?]),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether a switch is on.
    pub fn switch(&self, key: SettingKey) -> bool {
        matches!(self.raw(key), Some((Value::Switch(true), _)))
    }

    /// Names and values.
    pub fn pairs(&self, key: SettingKey) -> &[(String, String)] {
        match self.raw(key) {
            Some((Value::Pairs(pairs), _)) => pairs,
            _ => &[],
        }
    }

    /// Names and secret sources.
    pub fn secret_pairs(&self, key: SettingKey) -> &[(String, SecretSource)] {
        match self.raw(key) {
            Some((Value::SecretPairs(pairs), _)) => pairs,
            _ => &[],
        }
    }

    /// Where a secret comes from.
    pub fn secret(&self, key: SettingKey) -> Option<&SecretSource> {
        match self.raw(key) {
            Some((Value::Secret(source), _)) => Some(source),
            _ => None,
        }
    }

    /// A URL to which secrets or tokens may go.
    ///
    /// # Errors
    /// Usage: it is not such a URL; the message shows it, unless it holds userinfo.
    pub fn url(&self, key: SettingKey) -> Result<Option<Url>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        if let Some(placeholder) = unfilled::braces(&text) {
            return Err(self
                .bad(key, &url::hide_userinfo(&text), &format!("`{placeholder}` is a placeholder"))
                .hint("put the real value in; only `{tenant_domain}` and `{tenant_id}` are filled in here"));
        }
        url::parse_user_supplied(&text).map(Some).map_err(|why| self.bad_url(key, &text, &why))
    }

    /// A duration such as `30s`.
    ///
    /// # Errors
    /// Usage: it is not a duration.
    pub fn duration(&self, key: SettingKey) -> Result<Option<Duration>> {
        let Some(text) = self.raw_or_default(key) else { return Ok(None) };
        deadline::parse_duration(text).map(Some).map_err(|why| self.bad(key, text, why))
    }

    /// A date, or a time in UTC.
    ///
    /// # Errors
    /// Usage: it is neither.
    pub fn date(&self, key: SettingKey) -> Result<Option<SystemTime>> {
        let Some(text) = self.raw_str(key) else { return Ok(None) };
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let parsed = humantime::parse_rfc3339_weak(&whole);
        parsed.map(Some).map_err(|_| {
            self.bad(key, text, "it must be a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z")
        })
    }

    /// A whole number up to `most`.
    ///
    /// # Errors
    /// Usage: it is not such a number.
    pub fn number(&self, key: SettingKey, most: u32) -> Result<Option<u32>> {
        let Some(text) = self.raw_or_default(key) else { return Ok(None) };
        match text.trim().parse() {
            Ok(number) if number <= most => Ok(Some(number)),
            _ => Err(self.bad(key, text, &format!("it must be a whole number from 0 to {most}"))),
        }
    }

    /// One of a fixed set of words, as the value of `all` that stands at the word's place.
    ///
    /// # Errors
    /// Usage: another word; the message lists the set.
    pub fn word<T: Copy>(&self, key: SettingKey, all: &[T]) -> Result<Option<T>> {
        let Some(text) = self.raw_or_default(key) else { return Ok(None) };
        let known = key.words();
        known.iter().zip(all).find(|(word, _)| **word == text).map(|(_, value)| Some(*value)).ok_or_else(|| {
            let error = self.bad(key, text, &format!("the values are {}", list_quoted(known)));
            match nearest(text, known) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    /// The error for a value that does not fit, naming key, value and origin.
    pub fn bad(&self, key: SettingKey, value: &str, why: &str) -> Error {
        Error::usage(format!("cannot use `{} = \"{value}\"` (from {})", key.name(), self.origin(key))).cause(why)
    }

    fn bad_url(&self, key: SettingKey, text: &str, why: &str) -> Error {
        let shown = if text.contains('@') { HIDDEN } else { text };
        self.bad(key, shown, why).hint(
            "give an absolute https:// URL without user name, password and fragment; http:// is for loopback hosts",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::layer::Layer;
    use crate::settings::resolved::resolved;

    fn settings(profile: &str) -> Settings {
        resolved(profile, &[], Layer::default()).unwrap()
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, secs) in
            [("30s", Some(30)), ("5m", Some(300)), ("1h", Some(3600)), ("30", None), ("", None), ("soon", None)]
        {
            let found = settings(&format!("min_ttl = \"{text}\"")).duration(SettingKey::MinTtl);
            assert_eq!(found.ok().flatten(), secs.map(Duration::from_secs), "{text}");
        }
        assert_eq!(settings("").duration(SettingKey::Timeout).unwrap(), Some(Duration::from_secs(30)));
        assert_eq!(settings("").duration(SettingKey::MinTtl).unwrap(), None);
    }

    #[test]
    fn numbers_have_a_limit_and_dates_are_days_or_times() {
        for (text, fits) in [("0", true), ("10", true), ("11", false), ("-1", false)] {
            assert_eq!(settings(&format!("retries = {text}")).number(SettingKey::Retries, 10).is_ok(), fits, "{text}");
        }
        for text in ["2027-01-31", "2027-01-31T12:00:00Z"] {
            assert!(
                settings(&format!("secret_expires = \"{text}\"")).date(SettingKey::SecretExpires).is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn words_are_of_a_set_and_the_nearest_is_named() {
        let found = |text: &str| settings(text).word(SettingKey::BodyFormat, &[1, 2]);
        assert_eq!(found("").unwrap(), Some(1));
        assert_eq!(found("body_format = \"json\"").unwrap(), Some(2));
        let error = found("body_format = \"jsn\"").unwrap_err();
        assert_eq!(error.hints(), ["did you mean `json`?"]);
    }

    #[test]
    fn urls_are_https_or_loopback_and_user_information_is_not_shown() {
        for (url, fits) in [
            ("https://a.example/t", true),
            ("http://127.0.0.1:1/t", true),
            ("http://a.example/t", false),
            ("https://user:s3cr3t@a.example/t", false),
            ("https://a.example/t#f", false),
            ("a.example/t", false),
        ] {
            let found = settings(&format!("token_url = \"{url}\"")).url(SettingKey::TokenUrl);
            assert_eq!(found.is_ok(), fits, "{url}");
            assert!(!format!("{found:?}").contains("s3cr3t"), "{url}");
        }
    }
}
