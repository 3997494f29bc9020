//! The values of a config file: TOML to settings of their shape, and secret sources. Owns what is said of a value of
//! another type; no value of a secret is shown.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeValue;

use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::secret::Secret;
use crate::secrets::source::SecretSource;
use crate::settings::config::file::{ConfigFile, Item};
use crate::settings::key::Shape;
use crate::settings::layer::Value;

impl ConfigFile {
    /// The value of a setting, which has to be of its shape.
    pub(super) fn value(&self, host: &Host, name: &str, shape: Shape, item: &Item<'_>) -> Result<Value> {
        let wrong = |expected: &str| {
            Err(self.at(&item.span(), format!("`{name}` must be {expected}; it is {}", kind(item.get_ref()))))
        };
        match (shape, item.get_ref()) {
            (Shape::Text | Shape::Word(_), DeValue::String(text)) => Ok(Value::Text(text.to_string())),
            (Shape::Text | Shape::Word(_), _) => wrong("a string"),
            (Shape::Duration, DeValue::String(text)) => Ok(Value::Text(text.to_string())),
            (Shape::Duration, _) => wrong("a duration such as \"30s\""),
            (Shape::Date, DeValue::Datetime(date)) => Ok(Value::Text(date.to_string())),
            (Shape::Date, DeValue::String(text)) => Ok(Value::Text(text.to_string())),
            (Shape::Date, _) => wrong("a date such as 2027-01-31"),
            (Shape::Number, DeValue::Integer(number)) => Ok(Value::Text(number.to_string())),
            (Shape::Number, _) => wrong("a whole number"),
            (Shape::Switch, DeValue::Boolean(on)) => Ok(Value::Switch(*on)),
            (Shape::Switch, _) => wrong("`true` or `false`"),
            (Shape::List, DeValue::String(text)) => Ok(Value::List(vec![text.to_string()])),
            (Shape::List, DeValue::Array(items)) => {
                let text = |(at, item): (usize, &Item<'_>)| match item.get_ref().as_str() {
                    Some(text) => Ok(text.to_owned()),
                    None => Err(self.no_string(&format!("value {} of `{name}`", at + 1), item)),
                };
                items.iter().enumerate().map(text).collect::<Result<_>>().map(Value::List)
            }
            (Shape::List, _) => wrong("a string or an array of strings"),
            (Shape::Pairs, DeValue::Table(table)) => {
                let pair = |(key, item): (&Spanned<_>, &Item<'_>)| {
                    let key: &str = AsRef::<str>::as_ref(key.get_ref());
                    match item.get_ref().as_str() {
                        Some(text) => Ok((key.to_owned(), text.to_owned())),
                        None => Err(self.no_string(&format!("`{name}.{key}`"), item)),
                    }
                };
                table.iter().map(pair).collect::<Result<_>>().map(Value::Pairs)
            }
            (Shape::Pairs, _) => wrong("a table of strings"),
            (Shape::Path, DeValue::String(text)) => Ok(Value::Text(self.beside(host, text).display().to_string())),
            (Shape::Path, _) => wrong("a string with a path"),
            (Shape::PathOrSecret, DeValue::String(text)) => {
                Ok(Value::Secret(SecretSource::File(self.beside(host, text))))
            }
            (Shape::PathOrSecret | Shape::Assertion, DeValue::Table(_)) => {
                self.secret(host, name, item).map(Value::Secret)
            }
            (Shape::PathOrSecret, _) => wrong("a string with a path, or a secret source"),
            (Shape::Assertion, DeValue::String(_)) => Err(self.plain_secret(name, item)),
            (Shape::Assertion, _) => wrong("a secret source or `{ github_oidc = \"AUDIENCE\" }`"),
            (Shape::Secret, DeValue::String(_)) => Err(self.plain_secret(name, item)),
            (Shape::Secret, _) => self.secret(host, name, item).map(Value::Secret),
            (Shape::SecretPairs, DeValue::Table(table)) => {
                let pair = |(k, v): (&Spanned<_>, &Item<'_>)| -> Result<(String, SecretSource)> {
                    let header: &str = AsRef::<str>::as_ref(k.get_ref());
                    let source = match v.get_ref() {
                        DeValue::String(text) => SecretSource::Plain(text.to_string()),
                        _ => self.secret(host, &format!("{name}.{header}"), v)?,
                    };
                    Ok((header.to_owned(), source))
                };
                table.iter().map(pair).collect::<Result<_>>().map(Value::SecretPairs)
            }
            (Shape::SecretPairs, _) => wrong("a table of strings or secret sources"),
        }
    }

    fn no_string(&self, what: &str, item: &Item<'_>) -> Error {
        self.at(&item.span(), format!("{what} must be a string; it is {}", kind(item.get_ref())))
    }

    fn secret(&self, host: &Host, name: &str, item: &Item<'_>) -> Result<SecretSource> {
        const FORMS: &str = "one of `{ env = \"NAME\" }`, `{ file = \"PATH\" }`, `{ command = [\"PROGRAM\", \"ARG\"] }`, `{ keyring = \"ENTRY\" }`, `{ value = \"..\" }`";
        let wrong = |why: String| {
            self.at(&item.span(), format!("`{name}` is not a secret source: {why}"))
                .hint(format!("a secret source is {FORMS}"))
        };
        let DeValue::Table(table) = item.get_ref() else {
            return Err(wrong(format!("it is {}", kind(item.get_ref()))));
        };
        let mut entries = table.iter();
        let (Some((form, value)), None) = (entries.next(), entries.next()) else {
            return Err(wrong(format!("it has {} members, not one", table.len())));
        };
        let form: &str = form.get_ref();
        match (form, value.get_ref()) {
            ("env", DeValue::String(text)) if !text.is_empty() => Ok(SecretSource::Env(text.to_string())),
            ("file", DeValue::String(text)) if !text.is_empty() => Ok(SecretSource::File(self.beside(host, text))),
            ("credential", DeValue::String(text)) if !text.is_empty() && !text.contains('/') => {
                Ok(SecretSource::Credential(text.to_string()))
            }
            ("keyring", DeValue::String(text)) if !text.is_empty() => Ok(SecretSource::Keyring(text.to_string())),
            ("github_oidc", DeValue::String(text)) if name == "client_assertion" => {
                Ok(SecretSource::GithubOidc(text.to_string()))
            }
            ("value", DeValue::String(text)) => {
                let secret = Secret::new(text.to_string());
                host.ui.redactor.register_secret(&secret);
                if !self.private {
                    let path = self.path.as_deref().unwrap_or(Path::new("")).display().to_string();
                    return Err(self
                        .at(
                            &value.span(),
                            format!("`{name}` holds the secret itself, but others can read the config file"),
                        )
                        .hint(format!("`chmod 600 {path}`, or use {}", "`{ env }`, `{ file }` or `{ command }`")));
                }
                Ok(SecretSource::Value(secret))
            }
            ("command", DeValue::Array(items)) if !items.is_empty() => {
                let argv = items.iter().map(|i| i.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
                argv.map(SecretSource::Command).ok_or_else(|| wrong("`command` is not an array of strings".into()))
            }
            ("command", _) => {
                Err(wrong("`command` is not an array with the program and its arguments (there is no shell)".into()))
            }
            ("env" | "file" | "credential" | "keyring" | "value", _) => {
                Err(wrong(format!("`{form}` is not a string, or empty")))
            }
            _ => Err(wrong(format!("`{form}` is not known"))),
        }
    }

    /// A relative path counts from the config file's folder, and `~/` from the user's home, when there is one.
    fn beside(&self, host: &Host, path: &str) -> PathBuf {
        let home = || host.process.var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        if let Some((below, home)) = path.strip_prefix("~/").zip(home()) {
            return home.join(below);
        }
        self.path.as_deref().and_then(Path::parent).map_or_else(|| PathBuf::from(path), |dir| dir.join(path))
    }

    fn plain_secret(&self, name: &str, item: &Item<'_>) -> Error {
        self.at(&item.span(), format!("`{name}` is a plain string (not shown), not a secret source"))
            .hint(format!("write `{name} = {{ env = \"NAME\" }}`, `{{ file = \"PATH\" }}` or `{{ command = [\"PROGRAM\", \"ARG\"] }}`; `{{ value = \"..\" }}` works in a file that only you can read"))
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
