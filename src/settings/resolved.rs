//! The layers merged: one value per setting, with its origin. Owns which layer is below which, and placeholders; the
//! modules beside it turn values into typed ones, and name those that do not fit.

use crate::platform::deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::secret::Secret;
use crate::platform::text::{list_quoted, nearest};
use crate::platform::unfilled;
use crate::platform::url::Url;
use crate::secrets::source::{SecretKind, SecretSource};
use crate::settings::config::file::{AvailableProfiles, ConfigFile, Document};
use crate::settings::environment;
use crate::settings::key::SettingKey;
use crate::settings::layer::{Layer, Origin, Value};
use crate::settings::presets::{NAMES, PRESETS, Preset};

/// What the command line says beside settings: which profile, which file.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The profile's name.
    pub profile: Option<String>,
    /// Whether that is an argument of the command, and not `--profile`.
    pub by_argument: bool,
    /// `--config`.
    pub config: Option<std::path::PathBuf>,
}

/// All settings of one profile, merged.
#[derive(Debug)]
pub struct Settings {
    /// The profile's name; none with flags and environment alone.
    pub profile: Option<String>,
    /// Which profiles there are where none was chosen.
    pub available_profiles: AvailableProfiles,
    /// The provider's preset.
    pub preset: &'static Preset,
    values: Layer,
    /// Variables that the profile's secrets come from, whichever source wins.
    profile_secret_vars: Vec<String>,
}

impl Settings {
    /// Merges flags over environment over the chosen profile over its preset.
    ///
    /// # Errors
    /// Usage: the config file or a variable is wrong, the profile or provider does not exist.
    pub fn resolve(host: &Host, choice: &Choice, flags: Layer) -> Result<Self> {
        apply_input_timeout(host, &flags);
        let file = ConfigFile::load(host, choice.config.as_deref())?;
        Self::merge(host, choice, flags, &file.parse()?)
    }

    /// As [`Self::resolve`], with a config file that was read already.
    pub fn merge(host: &Host, choice: &Choice, flags: Layer, file: &Document<'_>) -> Result<Self> {
        let name = match (&choice.profile, host.process.var("M2M_PROFILE")?) {
            (Some(name), _) if choice.by_argument => Some((name.clone(), "the argument")),
            (Some(name), _) => Some((name.clone(), "flag `--profile`")),
            (None, Some(name)) => Some((name.to_owned(), "env `M2M_PROFILE`")),
            (None, None) => file.default_profile().map(|name| (name, "`default_profile`")),
        };
        // Each layer fills in what those above it left open.
        let mut values = flags;
        values.or(environment::layer(host)?);
        let mut profile_secret_vars = Vec::new();
        let name = name.map(|(name, origin)| file.select_one(&name).map(|name| (name, origin))).transpose()?;
        if let Some((name, origin)) = &name {
            let profile = file.profile(host, name, origin)?;
            profile_secret_vars = variables_of(&profile);
            values.or(profile);
        }
        let available_profiles = if name.is_none() { file.available_profiles() } else { AvailableProfiles::None };
        let name = name.map(|(name, _)| name);
        apply_input_timeout(host, &values);
        Self::complete(host, name, values).map(|settings| Self { profile_secret_vars, available_profiles, ..settings })
    }

    /// Adds the lower layers: what the platform gives to a workload without a secret of its own, then the preset. What is set
    /// nowhere has the default of `key::SETTINGS`, see [`Self::raw_or_default`].
    fn complete(host: &Host, profile: Option<String>, mut values: Layer) -> Result<Self> {
        let preset = match values.get(SettingKey::Provider) {
            Some((Value::Text(name), origin)) => Preset::named(name).ok_or_else(|| unknown_provider(name, origin))?,
            _ => &PRESETS[0],
        };
        let proofs =
            [SettingKey::ClientSecret, SettingKey::ClientKey, SettingKey::ClientCert, SettingKey::ClientAssertion];
        if proofs.iter().all(|key| values.get(*key).is_none()) {
            values.or(workload_identity(host, preset)?);
        }
        let mut defaults = Layer::default();
        for (name, value) in preset.values {
            if let Some(setting) = SettingKey::named(name) {
                defaults.set(setting.key, Value::Text((*value).to_owned()), Origin::Preset(preset.name));
            }
        }
        values.or(defaults);
        let settings = Self {
            profile,
            available_profiles: AvailableProfiles::None,
            preset,
            values,
            profile_secret_vars: Vec::new(),
        };
        // Fail now: otherwise a malformed date is noticed only after it matters.
        settings.date(SettingKey::SecretExpires).map(|_| settings)
    }

    /// The raw value of a setting.
    pub fn raw(&self, key: SettingKey) -> Option<&(Value, Origin)> {
        self.values.get(key)
    }

    /// Where a setting's value came from.
    pub fn origin(&self, key: SettingKey) -> Origin {
        self.raw(key).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Whether the user set it, and not a preset or nothing at all.
    pub fn is_explicit(&self, key: SettingKey) -> bool {
        self.raw(key).is_some_and(|(_, origin)| origin.is_explicit())
    }

    /// A text as it was given.
    pub fn raw_str(&self, key: SettingKey) -> Option<&str> {
        match self.raw(key) {
            Some((Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    /// A text as it was given, else the setting's default.
    pub fn raw_or_default(&self, key: SettingKey) -> Option<&str> {
        self.raw_str(key).or(key.default())
    }

    /// A text with its placeholders filled in; the setting's default if it was not given.
    ///
    /// # Errors
    /// Usage: a placeholder's setting is missing.
    pub fn text(&self, key: SettingKey) -> Result<Option<String>> {
        self.raw_or_default(key).map(|text| self.expand_placeholders(key, text)).transpose()
    }

    /// The issuer, unless it is a preset's that lacks what it is made of.
    ///
    /// # Errors
    /// Usage: a placeholder's setting is missing.
    pub fn issuer(&self) -> Result<Option<String>> {
        match self.raw(SettingKey::Issuer) {
            Some((_, Origin::Preset(_))) => Ok(self.text(SettingKey::Issuer).ok().flatten()),
            _ => self.text(SettingKey::Issuer),
        }
    }

    /// A required text.
    ///
    /// # Errors
    /// Usage: it is not set, or a placeholder's setting is missing.
    pub fn required(&self, key: SettingKey) -> Result<String> {
        self.text(key)?.ok_or_else(|| missing(key))
    }

    /// The environment variables that secrets come from, also those of the profile that a stronger source outdoes.
    pub fn secret_variables(&self) -> Vec<String> {
        let mut variables = self.profile_secret_vars.clone();
        variables.extend(variables_of(&self.values));
        variables
    }

    /// Learns every secret that is free to read, so that no copy of it goes unnoticed. One that cannot be read is left
    /// to the caller that needs it.
    pub fn register_free_secrets(&self, host: &Host) {
        for source in
            sources_of(&self.values).filter(|source| source.is_free() && !matches!(source, SecretSource::Stdin))
        {
            if let Ok(secret) = source.read_free(host, SecretKind::Text, "secret") {
                host.ui.redactor.register_secret(&secret);
            }
        }
        let proxy = self.raw_str(SettingKey::Proxy).and_then(|proxy| Url::parse(proxy).ok());
        if let Some(password) = proxy.as_ref().and_then(Url::password) {
            host.ui.redactor.register_secret(&Secret::new(password.to_owned()));
        }
    }

    /// Fills in `{tenant_domain}` and `{tenant_id}`, also spelled with a dash as the provider's documents do. Refuses a
    /// control character and a variable that nothing expanded: neither can be meant.
    pub(super) fn expand_placeholders(&self, key: SettingKey, text: &str) -> Result<String> {
        if text.chars().any(char::is_control) {
            let error = self.bad(key, text, "it holds a control character");
            return Err(if text.ends_with('\r') {
                error.hint("a file with Windows line ends leaves a `\\r`")
            } else {
                error
            });
        }
        if let Some(variable) = unfilled::unexpanded_variable(text) {
            return Err(self.bad(key, text, &format!("`{variable}` was not expanded"))
                .hint("neither the config file nor a flag expands variables: write the value, or set the environment variable of this setting"));
        }
        let mut out = text.to_owned();
        for (placeholder, source) in [
            ("{tenant_domain}", SettingKey::TenantDomain),
            ("{tenant-domain}", SettingKey::TenantDomain),
            ("{tenant_id}", SettingKey::TenantId),
            ("{tenant-id}", SettingKey::TenantId),
        ] {
            if !out.contains(placeholder) {
                continue;
            }
            let value = self.raw_str(source).ok_or_else(|| {
                Error::usage(format!(
                    "`{}` is not set, and `{}` (from {}) needs it",
                    source.name(),
                    key.name(),
                    self.origin(key)
                ))
                .hint(format!("set it with {}", source.how_to_set()))
            })?;
            let fits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b));
            if !fits {
                return Err(self.bad(source, value, "only letters, digits and `-._:` can stand in a URL or scope"));
            }
            out = out.replace(placeholder, value);
        }
        Ok(out)
    }
}

/// Lets the host wait for local input as long as `timeout` says, as far as it is known; whether it can be used is
/// judged elsewhere.
fn apply_input_timeout(host: &Host, known: &Layer) {
    let variable = || host.process.var("M2M_TIMEOUT").ok().flatten().map(str::to_owned);
    let text = match known.get(SettingKey::Timeout) {
        Some((Value::Text(text), _)) => Some(text.clone()),
        _ => variable(),
    };
    if let Some(timeout) = text.and_then(|text| deadline::parse_duration(&text).ok()) {
        host.process.set_input_timeout(timeout.min(deadline::LONGEST));
    }
}

/// The secret sources of a layer.
fn sources_of(layer: &Layer) -> impl Iterator<Item = &SecretSource> {
    layer.values().flat_map(|value| match value {
        Value::Secret(source) => vec![source],
        Value::SecretPairs(pairs) => pairs.iter().map(|(_, source)| source).collect(),
        _ => Vec::new(),
    })
}

fn variables_of(layer: &Layer) -> Vec<String> {
    let variable = |source: &SecretSource| if let SecretSource::Env(name) = source { Some(name.clone()) } else { None };
    sources_of(layer).filter_map(variable).collect()
}

/// What the platform gives to a workload that has no secret of its own.
fn workload_identity(host: &Host, preset: &Preset) -> Result<Layer> {
    let mut layer = Layer::default();
    for (name, variable) in preset.variables {
        let (Some(setting), Some(text)) = (SettingKey::named(name), host.process.var(variable)?) else { continue };
        let value = match setting.key {
            SettingKey::ClientAssertion => Value::Secret(SecretSource::File(text.into())),
            _ => Value::Text(text.to_owned()),
        };
        layer.set(setting.key, value, Origin::Env((*variable).to_owned()));
    }
    Ok(layer)
}

/// The error for a setting that is needed and not set.
pub fn missing(key: SettingKey) -> Error {
    Error::usage(format!("`{}` is not set", key.name())).hint(format!("set it with {}", key.how_to_set()))
}

/// The error for a provider that is not known.
pub fn unknown_provider(name: &str, origin: &dyn std::fmt::Display) -> Error {
    let error = Error::usage(format!("cannot use `provider = \"{name}\"` (from {origin})"))
        .cause(format!("the providers are {}", list_quoted(NAMES)));
    match nearest(name, NAMES) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("use `generic` (the default) for any other server"),
    }
}

/// Settings as a profile `p` of this text, these variables, and these flags give them.
#[cfg(test)]
pub fn resolved(profile: &str, env: &[(&str, &str)], flags: Layer) -> Result<Settings> {
    let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let sink = || Box::new(std::io::sink());
    let clock = Box::new(|| std::time::SystemTime::UNIX_EPOCH);
    let host = Host::new(Vec::new(), env, clock, Box::new(std::io::empty()), sink(), sink());
    let file = ConfigFile::of(Some("c.toml".into()), format!("[profiles.p]\n{profile}\n"), true);
    let choice = Choice { profile: Some("p".into()), ..Choice::default() };
    Settings::merge(&host, &choice, flags, &file.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(key: SettingKey, value: &str) -> Layer {
        let mut layer = Layer::default();
        layer.flag(key, Some(&value.to_owned()));
        layer
    }

    #[test]
    fn a_flag_wins_over_the_environment_over_the_profile_over_the_preset_over_the_default() {
        let (key, variable) = (SettingKey::BodyFormat, ("M2M_BODY_FORMAT", "from-env"));
        let (auth0, profile) = ("provider = \"auth0\"", "provider = \"auth0\"\nbody_format = \"from-profile\"");
        for (flags, env, text, value, origin) in [
            (flag(key, "from-flag"), &[variable][..], profile, "from-flag", "flag `--body-format`"),
            (Layer::default(), &[variable], profile, "from-env", "env `M2M_BODY_FORMAT`"),
            (Layer::default(), &[], profile, "from-profile", "profile `p` (c.toml:3)"),
            (Layer::default(), &[], auth0, "json", "preset `auth0`"),
            (Layer::default(), &[], "", "form", "default"),
        ] {
            let settings = resolved(text, env, flags).unwrap();
            assert_eq!(settings.raw_or_default(key), Some(value));
            assert_eq!(settings.origin(key).to_string(), origin);
        }
    }

    #[test]
    fn placeholders_are_filled_in_or_name_what_is_missing() {
        let template = "token_url = \"https://{tenant_domain}/t\"";
        let settings = resolved(&format!("{template}\ntenant_domain = \"a.example\""), &[], Layer::default()).unwrap();
        assert_eq!(settings.text(SettingKey::TokenUrl).unwrap().as_deref(), Some("https://a.example/t"));
        let settings = resolved(template, &[], Layer::default()).unwrap();
        let error = settings.text(SettingKey::TokenUrl).unwrap_err();
        assert!(error.message().starts_with("`tenant_domain` is not set, and `token_url`"), "{error}");
        let settings = resolved(&format!("{template}\ntenant_domain = \"a/b\""), &[], Layer::default()).unwrap();
        assert!(settings.text(SettingKey::TokenUrl).is_err());
    }

    #[test]
    fn mistakes_in_a_profile_name_file_line_and_the_nearest_key() {
        for (text, message, hint) in [
            ("clientid = \"x\"", "unknown key `clientid` in profile `p`", "did you mean `client_id`?"),
            ("\nretries = \"2\"", "`retries`", ""),
            ("provider = \"auth\"", "cannot use `provider = \"auth\"`", "did you mean `auth0`?"),
            ("secret_expires = \"soon\"", "cannot use `secret_expires = \"soon\"`", ""),
        ] {
            let error = resolved(text, &[], Layer::default()).unwrap_err();
            assert!(error.message().contains(message), "{text}: {error}");
            assert!(hint.is_empty() || error.hints().contains(&hint.to_owned()), "{text}: {:?}", error.hints());
        }
    }
}
