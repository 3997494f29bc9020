//! What one source says about the settings: raw values, each with its origin. Refuses to judge them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::platform::error::{Error, Result};
use crate::secrets::source::SecretSource;
use crate::settings::key::SettingKey;

/// A value as a source gave it.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string, or anything written as one.
    Text(String),
    /// Several strings in order.
    List(Vec<String>),
    /// On or off.
    Switch(bool),
    /// Names and strings in order.
    Pairs(Vec<(String, String)>),
    /// Where a secret comes from.
    Secret(SecretSource),
    /// Names with secret sources, in order.
    SecretPairs(Vec<(String, SecretSource)>),
}

/// Where a value came from, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag.
    Flag(&'static str),
    /// An environment variable.
    Env(String),
    /// A profile of the config file.
    Profile {
        /// Its name.
        name: String,
        /// The file.
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
    },
    /// A provider preset.
    Preset(&'static str),
    /// Nobody set it.
    Default,
}

impl Origin {
    /// The order of precedence: a source of a higher rank wins.
    fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 4,
            Self::Env(_) => 3,
            Self::Profile { .. } => 2,
            Self::Preset(_) => 1,
            Self::Default => 0,
        }
    }

    /// Whether a value from here wins over one from `other`.
    pub fn overrides(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    /// Whether the user said so: by a flag, a variable, or a profile.
    pub fn is_explicit(&self) -> bool {
        self.overrides(&Self::Preset(""))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag `{flag}`"),
            Self::Env(name) => write!(f, "env `{name}`"),
            Self::Profile { name, file, line } => write!(f, "profile `{name}` ({}:{line})", file.display()),
            Self::Preset(name) => write!(f, "preset `{name}`"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The values that one source gives.
#[derive(Clone, Debug, Default)]
pub struct Layer(BTreeMap<SettingKey, (Value, Origin)>);

impl Layer {
    /// Sets a value; a second value for the same key within one layer replaces the first.
    pub fn set(&mut self, key: SettingKey, value: Value, origin: Origin) {
        self.0.insert(key, (value, origin));
    }

    /// Sets a text given by a flag, if it was given.
    pub fn flag(&mut self, key: SettingKey, value: Option<&String>) {
        if let (Some(text), Some(flag)) = (value, key.setting().flag) {
            self.set(key, Value::Text(text.clone()), Origin::Flag(flag));
        }
    }

    /// Sets a list given by a repeatable flag, if it was given.
    pub fn flag_list(&mut self, key: SettingKey, values: &[String]) {
        if let (false, Some(flag)) = (values.is_empty(), key.setting().flag) {
            self.set(key, Value::List(values.to_vec()), Origin::Flag(flag));
        }
    }

    /// Sets a switch given by a flag, if it was given.
    pub fn flag_switch(&mut self, key: SettingKey, on: bool) {
        if let (true, Some(flag)) = (on, key.setting().flag) {
            self.set(key, Value::Switch(true), Origin::Flag(flag));
        }
    }

    /// Sets a secret given by a flag that takes a path, where `-` is stdin.
    pub fn flag_secret_file(&mut self, key: SettingKey, path: Option<&PathBuf>) {
        if let (Some(path), Some(flag)) = (path, key.setting().flag) {
            self.set(key, Value::Secret(SecretSource::of_path(path.clone())), Origin::Flag(flag));
        }
    }

    /// Sets `K=V` pairs given by a repeatable flag.
    ///
    /// # Errors
    /// Usage: a pair without `=`. The text is not shown, it may hold a secret.
    pub fn flag_pairs(&mut self, key: SettingKey, pairs: &[String]) -> Result<()> {
        let Some(flag) = key.setting().flag.filter(|_| !pairs.is_empty()) else {
            return Ok(());
        };
        let split = |(at, pair): (usize, &String)| match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(Error::usage(format!("value {} of `{flag}` is not of the form NAME=VALUE", at + 1))
                .hint(format!("write `{flag} organization=org_123`"))),
        };
        let pairs = pairs.iter().enumerate().map(split).collect::<Result<_>>()?;
        self.set(key, Value::Pairs(pairs), Origin::Flag(flag));
        Ok(())
    }

    /// The value of a key, if this layer has one.
    pub fn get(&self, key: SettingKey) -> Option<&(Value, Origin)> {
        self.0.get(&key)
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.values().map(|(value, _)| value)
    }

    /// Fills in what this profile lacks from one that it extends: tables are merged by key, anything else is replaced.
    pub fn inherit(&mut self, parent: Self) {
        for (key, (value, origin)) in parent.0 {
            match (self.0.get_mut(&key).map(|(own, _)| own), value) {
                (Some(Value::Pairs(own)), Value::Pairs(theirs)) => merge_by_name(own, theirs),
                (Some(Value::SecretPairs(own)), Value::SecretPairs(theirs)) => merge_by_name(own, theirs),
                (Some(_), _) => {}
                (None, value) => self.set(key, value, origin),
            }
        }
    }

    /// Rewrites where secrets come from.
    ///
    /// # Errors
    /// What `rewrite` fails with.
    pub fn expand_secrets(
        &mut self,
        rewrite: &dyn Fn(SettingKey, &SecretSource) -> Result<SecretSource>,
    ) -> Result<()> {
        for (key, (value, _)) in &mut self.0 {
            match value {
                Value::Secret(source) => *source = rewrite(*key, source)?,
                Value::SecretPairs(pairs) => {
                    for (_, source) in pairs {
                        *source = rewrite(*key, source)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Fills in what this layer lacks from a lower one.
    pub fn or(&mut self, lower: Self) {
        for (key, value) in lower.0 {
            self.0.entry(key).or_insert(value);
        }
    }
}

/// Adds the pairs whose names are not there yet.
fn merge_by_name<T>(own: &mut Vec<(String, T)>, theirs: Vec<(String, T)>) {
    for (name, value) in theirs {
        if !own.iter().any(|(known, _)| *known == name) {
            own.push((name, value));
        }
    }
}
