//! The settings as rows for people and scripts: each value with its origin, secrets hidden.

use crate::platform::host::Host;
use crate::platform::redaction::redactor::{HIDDEN, is_sensitive_name};
use crate::platform::url;
use crate::secrets::source::SecretSource;
use crate::settings::client::default_auth_method;
use crate::settings::key::{SETTINGS, SettingKey};
use crate::settings::layer::Value;
use crate::settings::resolved::Settings;

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Its profile key.
    pub name: &'static str,
    /// Its value, fit to be shown.
    pub value: String,
    /// Where it was set.
    pub origin: String,
}

/// All settings that have a value, in the order of the table of keys.
pub fn rows(host: &Host, settings: &Settings) -> Vec<Row> {
    let row = |key: SettingKey| {
        if let Some((value, origin)) = settings.raw(key) {
            return Some(Row {
                name: key.name(),
                value: shown(host, settings, key, value),
                origin: origin.to_string(),
            });
        }
        let (value, origin) = if key == SettingKey::AuthMethod {
            let (method, reason) = default_auth_method(settings);
            (
                method.name(),
                reason.map(|reason| format!("follows from `{}` ({})", reason.name(), settings.origin(reason))),
            )
        } else {
            (key.default()?, None)
        };
        let origin = origin.unwrap_or_else(|| "default".into());
        Some(Row { name: key.name(), value: value.to_owned(), origin })
    };
    SETTINGS.iter().filter_map(|setting| row(setting.key)).collect()
}

/// Placeholders are filled in where that is possible.
fn shown(host: &Host, settings: &Settings, key: SettingKey, value: &Value) -> String {
    match value {
        Value::Text(text) => url::hide_userinfo(&settings.text(key).ok().flatten().unwrap_or_else(|| text.clone())),
        Value::List(items) => settings.list(key).unwrap_or_else(|_| items.clone()).join(" "),
        Value::Switch(on) => on.to_string(),
        Value::Pairs(pairs) => pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", redact_if_sensitive(name, value)))
            .collect::<Vec<_>>()
            .join(" "),
        Value::Secret(source) => secret(host, source),
        Value::SecretPairs(pairs) => pairs
            .iter()
            .map(|(name, source)| format!("{name}: {}", secret(host, source)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn secret(host: &Host, source: &SecretSource) -> String {
    let state = match source {
        SecretSource::Env(name) if host.process.var_os(name).is_none() => " (not set)",
        SecretSource::File(path) if !path.exists() => " (not found)",
        _ => "",
    };
    format!("{}{state}", source.describe())
}

fn redact_if_sensitive<'v>(name: &str, value: &'v str) -> &'v str {
    if is_sensitive_name(name) { HIDDEN } else { value }
}
