//! The config file: TOML, `default_profile` and `[profiles.NAME]` tables. Owns its place, its grammar, and errors that
//! name file, line and key. A line of the file is never shown: it may hold a secret.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::local_input::LocalInput;
use crate::platform::secret::Secret;
use crate::platform::text::nearest;
use crate::settings::key::{Key, SETTINGS, Shape};
use crate::settings::layer::{Layer, Origin, Value};
use crate::settings::resolved::Unchosen;
use crate::settings::secret_source::SecretSource;

/// More than anybody's profiles, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The file as text, or nothing where there is none.
#[derive(Debug)]
pub struct ConfigFile {
    path: Option<PathBuf>,
    text: String,
    private: bool,
}

/// The file's text, taken apart.
pub struct Document<'f> {
    file: &'f ConfigFile,
    table: Table<'f>,
    default_profile: Option<String>,
}

type Table<'a> = DeTable<'a>;
type Item<'a> = Spanned<DeValue<'a>>;

impl ConfigFile {
    /// Where the file is: `--config`, else `M2M_CONFIG`, else `$XDG_CONFIG_HOME/m2m/config.toml`. The flag says whether
    /// somebody named it.
    ///
    /// # Errors
    /// Usage: `M2M_CONFIG` is not UTF-8.
    pub fn path(host: &Host, flag: Option<&Path>) -> Result<Option<(PathBuf, bool)>> {
        if let Some(path) = flag {
            return Ok(Some((path.to_owned(), true)));
        }
        if let Some(path) = host.var_os("M2M_CONFIG").filter(|path| !path.is_empty()) {
            return Ok(Some((PathBuf::from(path), true)));
        }
        Ok(host.user_dir("XDG_CONFIG_HOME", ".config").map(|dir| (dir.join("m2m/config.toml"), false)))
    }

    /// A file's text, from wherever it was read. `private` says that only its owner can read it.
    #[must_use]
    pub fn of(path: Option<PathBuf>, text: String, private: bool) -> Self {
        Self { path, text, private }
    }

    /// Reads the file. A default file that does not exist is an empty one.
    ///
    /// # Errors
    /// Usage: a file that was named does not exist, it cannot be read, or it is not TOML of the known form.
    pub fn load(host: &Host, flag: Option<&Path>) -> Result<Self> {
        let empty = || Self::of(None, String::new(), false);
        let Some((path, named)) = Self::path(host, flag)? else {
            return Ok(empty());
        };
        let (text, private) = match read(host, &path) {
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => return Ok(empty()),
            Err(e) => {
                return Err(Error::usage(format!("cannot read the config file `{}`", path.display()))
                    .cause(e.to_string())
                    .hint("`--config` and `M2M_CONFIG` name the file; without them it is `$XDG_CONFIG_HOME/m2m/config.toml`"));
            }
        };
        Ok(Self::of(Some(path), text, private))
    }

    /// Takes the text apart, once.
    ///
    /// # Errors
    /// Usage: it is not TOML of the known form.
    pub fn parse(&self) -> Result<Document<'_>> {
        let table = DeTable::parse(&self.text).map(Spanned::into_inner).map_err(|e| {
            // The parser's own rendering quotes the line, which may hold a secret.
            let place = e.span().unwrap_or_default();
            self.at(&place, "the config file is not valid TOML".into())
                .cause(e.message().lines().next().unwrap_or_default().to_owned())
        })?;
        let default_profile = self.check_top(&table)?;
        Ok(Document { file: self, table, default_profile })
    }

    fn check_top(&self, table: &Table<'_>) -> Result<Option<String>> {
        let mut default = None;
        for (key, value) in table {
            let name: &str = key.get_ref();
            match (name, value.get_ref()) {
                ("default_profile", DeValue::String(text)) => default = Some(text.to_string()),
                ("default_profile", _) => {
                    return Err(self.at(&value.span(), "`default_profile` is not a string".into()));
                }
                ("profiles", DeValue::Table(_)) => {}
                ("profiles", _) => return Err(self.at(&value.span(), "`profiles` is not a table".into())),
                _ => {
                    let error = self.at(&key.span(), format!("unknown key `{name}`"));
                    return Err(match nearest(name, &["default_profile", "profiles"]) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error.hint("settings belong into a profile: `[profiles.NAME]`"),
                    });
                }
            }
        }
        Ok(default)
    }

    fn value(&self, host: &Host, name: &str, shape: Shape, item: &Item<'_>) -> Result<Value> {
        let wrong = |expected: &str| {
            Err(self.at(&item.span(), format!("`{name}` must be {expected}; it is {}", kind(item.get_ref()))))
        };
        match (shape, item.get_ref()) {
            (Shape::Text, DeValue::String(text)) => Ok(Value::Text(text.to_string())),
            (Shape::Text, _) => wrong("a string"),
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
            ("keyring", DeValue::String(text)) if !text.is_empty() => Ok(SecretSource::Keyring(text.to_string())),
            ("github_oidc", DeValue::String(text)) if name == "client_assertion" => {
                Ok(SecretSource::GithubOidc(text.to_string()))
            }
            ("value", DeValue::String(text)) => {
                let secret = Secret::new(text.to_string());
                host.redactor.learn(&secret);
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
            ("env" | "file" | "keyring" | "value", _) => Err(wrong(format!("`{form}` is not a string, or empty"))),
            _ => Err(wrong(format!("`{form}` is not known"))),
        }
    }

    /// A relative path counts from the config file's folder, and `~/` from the user's home, when there is one.
    fn beside(&self, host: &Host, path: &str) -> PathBuf {
        let home = || host.var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        if let Some((below, home)) = path.strip_prefix("~/").zip(home()) {
            return home.join(below);
        }
        self.path.as_deref().and_then(Path::parent).map_or_else(|| PathBuf::from(path), |dir| dir.join(path))
    }

    fn plain_secret(&self, name: &str, item: &Item<'_>) -> Error {
        self.at(&item.span(), format!("`{name}` is a plain string (not shown), not a secret source"))
            .hint(format!("write `{name} = {{ env = \"NAME\" }}`, `{{ file = \"PATH\" }}` or `{{ command = [\"PROGRAM\", \"ARG\"] }}`; `{{ value = \"..\" }}` works in a file that only you can read"))
    }

    fn unknown_key(&self, key: &str, span: &Range<usize>, profile: &str) -> Error {
        let known: Vec<&str> = SETTINGS.iter().map(|s| s.name).collect();
        let error = self.at(span, format!("unknown key `{key}` in profile `{profile}`"));
        match nearest(key, &known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("the keys are {}", crate::settings::resolved::listed(&known))),
        }
    }

    fn unknown_profile(&self, name: &str, chosen_by: &str, names: &[String]) -> Error {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let place = match &self.path {
            Some(path) => format!(
                "{} has {}",
                path.display(),
                if names.is_empty() { "no profiles".into() } else { crate::settings::resolved::listed(&names) }
            ),
            None => "there is no config file".to_owned(),
        };
        let error = Error::usage(format!("there is no profile `{name}` (from {chosen_by})")).cause(place);
        match nearest(name, &names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        self.text.as_bytes()[..span.start.min(self.text.len())].iter().filter(|b| **b == b'\n').count() + 1
    }

    fn at(&self, span: &Range<usize>, message: String) -> Error {
        let path = self.path.as_deref().unwrap_or(Path::new("")).display().to_string();
        Error::usage(message).cause(format!("{path}, line {}", self.line(span)))
    }
}

impl Document<'_> {
    /// The profile that is used when none is named.
    #[must_use]
    pub fn default_profile(&self) -> Option<String> {
        self.default_profile.clone()
    }

    /// The names of all profiles, in alphabetical order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        profiles(&self.table).map(|all| all.keys().map(|k| k.get_ref().to_string()).collect()).unwrap_or_default()
    }

    /// What could have been chosen where nobody chose a profile.
    #[must_use]
    pub fn unchosen(&self) -> Unchosen {
        match self.names() {
            _ if self.file.path.is_none() => Unchosen::NoFile,
            names if names.is_empty() => Unchosen::None,
            names => Unchosen::Profiles(names),
        }
    }

    /// Names and providers of all profiles, in alphabetical order.
    #[must_use]
    pub fn summary(&self) -> Vec<(String, String)> {
        let provider = |item: &Item<'_>| {
            item.get_ref().get("provider").and_then(|p| p.get_ref().as_str()).unwrap_or("generic").to_owned()
        };
        profiles(&self.table)
            .map(|all| all.iter().map(|(name, item)| (name.get_ref().to_string(), provider(item))).collect())
            .unwrap_or_default()
    }

    /// One profile as a layer.
    ///
    /// # Errors
    /// Usage: no such profile (`chosen_by` says who asked), an unknown key, a wrong type.
    pub fn profile(&self, host: &Host, name: &str, chosen_by: &str) -> Result<Layer> {
        let all = profiles(&self.table);
        let Some(item) = all.and_then(|all| all.get(name)) else {
            return Err(self.file.unknown_profile(name, chosen_by, &self.names()));
        };
        let DeValue::Table(values) = item.get_ref() else {
            return Err(self.file.at(&item.span(), format!("`profiles.{name}` is not a table")));
        };
        let mut layer = Layer::default();
        for (key, value) in values {
            let text: &str = key.get_ref();
            let Some(setting) = Key::named(text) else {
                return Err(self.file.unknown_key(text, &key.span(), name));
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

fn profiles<'t, 'a>(table: &'t Table<'a>) -> Option<&'t Table<'a>> {
    match table.get("profiles").map(Spanned::get_ref) {
        Some(DeValue::Table(profiles)) => Some(profiles),
        _ => None,
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

/// The file's text, and whether only its owner can read it. One that others can change is a warning: they decide where
/// secrets go.
fn read(host: &Host, path: &Path) -> std::io::Result<(String, bool)> {
    let file = LocalInput::open(path)?;
    #[cfg(unix)]
    let private = {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata.permissions().mode() & 0o777;
        if file.metadata.is_file() && mode & 0o022 != 0 {
            host.warn(&format!(
                "the config file `{}` can be changed by others (mode {mode:04o}), who could send secrets elsewhere; `chmod go-w` it",
                path.display()
            ));
        }
        mode & 0o077 == 0
    };
    #[cfg(not(unix))]
    let private = true;
    let bytes = file.read(SIZE_LIMIT, host.patience())?;
    let text = String::from_utf8(bytes).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))?;
    Ok((text, private))
}
