//! The profiles of a config file: which there are, which a selector means, and what one holds together with those that it
//! extends. Refuses to know any source but the file.

use toml::Spanned;
use toml::de::DeValue;

use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::text::list_quoted;
use crate::secrets::source::SecretSource;
use crate::settings::config::file::{AvailableProfiles, Document, Item, Table};
use crate::settings::key::SettingKey;
use crate::settings::layer::{Layer, Origin};

/// A profile, as a list shows it.
#[derive(Debug)]
pub struct ProfileSummary {
    /// Its name.
    pub name: String,
    /// Its provider, inherited perhaps.
    pub provider: String,
    /// Whether it is there to be extended only.
    pub is_abstract: bool,
    /// Its own tags.
    pub tags: Vec<String>,
}

/// The values that an abstract profile's secrets may be made of.
struct Tenant {
    id: Option<String>,
    domain: Option<String>,
}

impl Document<'_> {
    /// The profile that is used when none is named.
    pub fn default_profile(&self) -> Option<String> {
        self.default_profile.clone()
    }

    /// The names of all profiles that can be used, in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        self.summaries().into_iter().filter(|profile| !profile.is_abstract).map(|profile| profile.name).collect()
    }

    /// The profiles that could be chosen, if none was.
    pub fn available_profiles(&self) -> AvailableProfiles {
        match self.names() {
            _ if self.file.path.is_none() => AvailableProfiles::NoFile,
            names if names.is_empty() => AvailableProfiles::None,
            names => AvailableProfiles::Profiles(names),
        }
    }

    /// All profiles, in alphabetical order.
    pub fn summaries(&self) -> Vec<ProfileSummary> {
        let all = self.profiles().into_iter().flatten();
        all.map(|(name, item)| {
            let chain = self.chain(name.get_ref()).unwrap_or_default();
            let provider = chain.iter().find_map(|(_, values)| values.get("provider")?.get_ref().as_str());
            ProfileSummary {
                name: name.get_ref().to_string(),
                provider: provider.unwrap_or("generic").to_owned(),
                is_abstract: item.get_ref().get("abstract").and_then(|item| item.get_ref().as_bool()) == Some(true),
                tags: tags(item),
            }
        })
        .collect()
    }

    /// The profiles that a selector means: `*` stands for any characters of a name, `tag:NAME` for those with a tag.
    /// Anything else is a name.
    ///
    /// # Errors
    /// Usage: no profile matches.
    pub fn select(&self, selector: &str) -> Result<Vec<String>> {
        let matches: Box<dyn Fn(&ProfileSummary) -> bool> = match selector.strip_prefix("tag:") {
            Some(tag) => Box::new(move |profile| profile.tags.iter().any(|known| known == tag)),
            None if selector.contains('*') => Box::new(move |profile| matches_glob(selector, &profile.name)),
            None => return Ok(vec![selector.to_owned()]),
        };
        let all = self.summaries();
        let found: Vec<String> =
            all.iter().filter(|profile| !profile.is_abstract && matches(profile)).map(|p| p.name.clone()).collect();
        if found.is_empty() {
            let mut tags: Vec<&str> = all.iter().flat_map(|profile| &profile.tags).map(String::as_str).collect();
            tags.sort_unstable();
            tags.dedup();
            let names = self.names();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let error = Error::usage(format!("no profile matches `{selector}`"));
            return Err(match selector.starts_with("tag:") {
                true if tags.is_empty() => error.cause("no profile has `tags`"),
                true => error.cause(format!("the tags are {}", list_quoted(&tags))),
                false => error.cause(format!("the profiles are {}", list_quoted(&names))),
            });
        }
        Ok(found)
    }

    /// The one profile that a name or selector means.
    ///
    /// # Errors
    /// Usage: none matches, or several do.
    pub fn select_one(&self, selector: &str) -> Result<String> {
        let found = self.select(selector)?;
        match found.as_slice() {
            [one] => Ok(one.clone()),
            several => {
                let names: Vec<&str> = several.iter().map(String::as_str).collect();
                Err(Error::usage(format!("`{selector}` means {} profiles, and one is needed", several.len()))
                    .cause(format!("they are {}", list_quoted(&names))))
            }
        }
    }

    /// One profile as a layer, with what it inherits.
    ///
    /// # Errors
    /// Usage: no such profile (`chosen_by` says who asked), one that is abstract, an unknown key, a wrong type, a circle
    /// of profiles.
    pub fn profile(&self, host: &Host, name: &str, chosen_by: &str) -> Result<Layer> {
        if self.profiles().is_none_or(|all| all.get(name).is_none()) {
            return Err(self.file.unknown_profile(name, chosen_by, &self.names()));
        }
        let chain = self.chain(name)?;
        if is_abstract(chain[0].1) {
            return Err(Error::usage(format!("the profile `{name}` (from {chosen_by}) is abstract: others extend it"))
                .hint(format!("use a profile that has `extends = \"{name}\"`")));
        }
        let [(_, own_values), parents @ ..] = chain.as_slice() else { return Ok(Layer::default()) };
        let mut layer = self.layer(host, name, own_values)?;
        if parents.is_empty() {
            return Ok(layer);
        }
        let own =
            |key: &str| chain.iter().find_map(|(_, values)| values.get(key)?.get_ref().as_str().map(str::to_owned));
        let tenant = Tenant { id: own("tenant_id"), domain: own("tenant_domain") };
        for (name, values) in parents {
            let mut inherited = self.layer(host, name, values)?;
            if is_abstract(values) {
                inherited.expand_secrets(&|key, source| tenant.expand(key, source))?;
            }
            layer.inherit(inherited);
        }
        Ok(layer)
    }

    fn profiles(&self) -> Option<&Table<'_>> {
        match self.table.get("profiles").map(Spanned::get_ref) {
            Some(DeValue::Table(profiles)) => Some(profiles),
            _ => None,
        }
    }

    /// A profile and those that it extends, itself first.
    fn chain(&self, name: &str) -> Result<Vec<(String, &Table<'_>)>> {
        let mut chain: Vec<(String, &Table<'_>)> = Vec::new();
        let mut next = Some((name.to_owned(), None));
        while let Some((name, extended_at)) = next {
            let Some(item) = self.profiles().and_then(|all| all.get(name.as_str())) else {
                let error = Error::usage(format!("there is no profile `{name}` to extend"));
                let names: Vec<String> = self.summaries_names();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let error = error.cause(format!("the profiles are {}", list_quoted(&names)));
                return Err(match extended_at {
                    Some(place) => error.cause(self.file.place(&place)),
                    None => error,
                });
            };
            let DeValue::Table(values) = item.get_ref() else {
                return Err(self.file.at(&item.span(), format!("`profiles.{name}` is not a table")));
            };
            if chain.iter().any(|(known, _)| *known == name) {
                let way: Vec<&str> = chain.iter().map(|(name, _)| name.as_str()).chain([name.as_str()]).collect();
                return Err(Error::usage(format!("profiles extend each other in a circle: {}", way.join(" -> "))));
            }
            chain.push((name, values));
            next = match values.get("extends") {
                None => None,
                Some(parent) => match parent.get_ref().as_str() {
                    Some(parent_name) => Some((parent_name.to_owned(), Some(parent.span()))),
                    None => return Err(self.file.at(&parent.span(), "`extends` must be the name of a profile".into())),
                },
            };
        }
        Ok(chain)
    }

    fn summaries_names(&self) -> Vec<String> {
        self.profiles().map(|all| all.keys().map(|key| key.get_ref().to_string()).collect()).unwrap_or_default()
    }

    /// The values of one profile, without what it inherits.
    fn layer(&self, host: &Host, name: &str, values: &Table<'_>) -> Result<Layer> {
        let mut layer = Layer::default();
        for (key, value) in values {
            let text: &str = key.get_ref();
            let Some(setting) = SettingKey::named(text) else {
                match (text, value.get_ref()) {
                    ("extends", _) | ("abstract", DeValue::Boolean(_)) => {}
                    ("tags", DeValue::Array(items)) if items.iter().all(|item| item.get_ref().as_str().is_some()) => {}
                    ("abstract", _) => {
                        return Err(self.file.at(&value.span(), "`abstract` must be `true` or `false`".into()));
                    }
                    ("tags", _) => {
                        return Err(self.file.at(&value.span(), "`tags` must be an array of strings".into()));
                    }
                    _ => return Err(self.file.unknown_key(text, &key.span(), name)),
                }
                continue;
            };
            let parsed = self.file.value(host, setting.name, setting.shape, value)?;
            let origin = Origin::Profile {
                name: name.to_owned(),
                file: self.file.path.clone().unwrap_or_default(),
                line: self.file.line(&key.span()),
            };
            layer.set(setting.key, parsed, origin);
        }
        Ok(layer)
    }
}

impl Tenant {
    /// The place of a secret with the tenant's own values filled in.
    fn expand(&self, key: SettingKey, source: &SecretSource) -> Result<SecretSource> {
        let filled = |text: &str| -> Result<String> {
            let mut out = text.to_owned();
            for (placeholder, name, value) in
                [("{tenant_id}", "tenant_id", &self.id), ("{tenant_domain}", "tenant_domain", &self.domain)]
            {
                if !out.contains(placeholder) {
                    continue;
                }
                let value = value.as_deref().ok_or_else(|| {
                    Error::usage(format!(
                        "`{}` is made of `{placeholder}`, and the profile has no `{name}`",
                        key.name()
                    ))
                    .hint("only a profile can say it here, no flag and no variable")
                })?;
                // Else a value could lead to another file, or become another argument.
                if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
                    return Err(Error::usage(format!("`{name} = \"{value}\"` cannot be part of `{}`", key.name()))
                        .cause("only letters, digits and `._-` can"));
                }
                out = out.replace(placeholder, value);
            }
            Ok(out)
        };
        Ok(match source {
            SecretSource::Env(name) => SecretSource::Env(filled(name)?),
            SecretSource::File(path) => SecretSource::File(filled(&path.to_string_lossy())?.into()),
            SecretSource::Credential(name) => SecretSource::Credential(filled(name)?),
            SecretSource::Keyring(entry) => SecretSource::Keyring(filled(entry)?),
            SecretSource::Command(argv) => {
                SecretSource::Command(argv.iter().map(|argument| filled(argument)).collect::<Result<_>>()?)
            }
            other => other.clone(),
        })
    }
}

fn is_abstract(values: &Table<'_>) -> bool {
    values.get("abstract").and_then(|item| item.get_ref().as_bool()) == Some(true)
}

fn tags(item: &Item<'_>) -> Vec<String> {
    let DeValue::Table(values) = item.get_ref() else { return Vec::new() };
    match values.get("tags").map(Spanned::get_ref) {
        Some(DeValue::Array(items)) => {
            items.iter().filter_map(|item| item.get_ref().as_str()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a name matches a pattern in which `*` stands for any characters.
fn matches_glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::config::file::ConfigFile;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, name, expected) in [
            ("ltm-*", "ltm-40499", true),
            ("ltm-*", "ltm", false),
            ("*-uat", "ltm-uat", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*", "x", true),
            ("aa*a", "aa", false),
        ] {
            assert_eq!(matches_glob(pattern, name), expected, "{pattern} {name}");
        }
    }

    fn selected(text: &str, selector: &str) -> Result<Vec<String>> {
        let file = ConfigFile::of(Some("c.toml".into()), text.to_owned(), true);
        file.parse().unwrap().select(selector)
    }

    #[test]
    fn selectors_mean_names_stars_and_tags_and_never_what_is_abstract() {
        let text = "[profiles.base]\nabstract = true\ntags = [\"uat\"]\n[profiles.ltm-a]\nextends = \"base\"\ntags = [\"uat\"]\n[profiles.ltm-b]\nextends = \"base\"\n";
        for (selector, names) in
            [("ltm-*", &["ltm-a", "ltm-b"][..]), ("tag:uat", &["ltm-a"]), ("*", &["ltm-a", "ltm-b"])]
        {
            assert_eq!(selected(text, selector).unwrap(), names, "{selector}");
        }
        assert_eq!(selected(text, "x-*").unwrap_err().message(), "no profile matches `x-*`");
        assert_eq!(selected(text, "tag:prod").unwrap_err().causes()[0].text, "the tags are `uat`");
    }
}
