//! The config file: TOML, `default_profile` and `[profiles.NAME]` tables. Owns its place, its grammar, and errors that
//! name file, line and key. A line of the file is never shown: it may hold a secret.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::platform::error::{Error, Result};
use crate::platform::file_mode;
use crate::platform::host::Host;
use crate::platform::local_input;
use crate::platform::local_input::LocalInput;
use crate::platform::text::{list_quoted, nearest};
use crate::settings::key::SETTINGS;

/// Larger than any real configuration, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The file's text; empty if there is no file.
#[derive(Debug)]
pub struct ConfigFile {
    pub(super) path: Option<PathBuf>,
    text: String,
    /// Whether only its owner can read it.
    pub(super) private: bool,
    /// Where it was looked for, if there is none.
    missing: Option<PathBuf>,
}

/// The profiles that could have been chosen where none was.
#[derive(Debug, Default)]
pub enum AvailableProfiles {
    /// One was chosen, or there is none in the config file.
    #[default]
    None,
    /// There is no config file.
    NoFile,
    /// These.
    Profiles(Vec<String>),
}

/// The file's text, taken apart.
pub struct Document<'f> {
    pub(super) file: &'f ConfigFile,
    pub(super) table: Table<'f>,
    pub(super) default_profile: Option<String>,
}

pub(super) type Table<'a> = DeTable<'a>;
pub(super) type Item<'a> = Spanned<DeValue<'a>>;

impl ConfigFile {
    /// Where the file is: `--config`, else `M2M_CONFIG`, else `$XDG_CONFIG_HOME/m2m/config.toml`. The second value says
    /// whether the user named it.
    ///
    /// # Errors
    /// Usage: `M2M_CONFIG` is not UTF-8.
    pub fn path(host: &Host, flag: Option<&Path>) -> Result<Option<(PathBuf, bool)>> {
        if let Some(path) = flag {
            return Ok(Some((path.to_owned(), true)));
        }
        if let Some(path) = host.process.var_os("M2M_CONFIG").filter(|path| !path.is_empty()) {
            return Ok(Some((PathBuf::from(path), true)));
        }
        Ok(host.process.user_dir("XDG_CONFIG_HOME", ".config").map(|dir| (dir.join("m2m/config.toml"), false)))
    }

    /// A file's text, from wherever it was read. `private` says that only its owner can read it.
    pub fn of(path: Option<PathBuf>, text: String, private: bool) -> Self {
        Self { path, text, private, missing: None }
    }

    /// Reads the file. A default file that does not exist is an empty one.
    ///
    /// # Errors
    /// Usage: a file that was named does not exist, it cannot be read, or it is not TOML of the known form.
    pub fn load(host: &Host, flag: Option<&Path>) -> Result<Self> {
        let Some((path, named)) = Self::path(host, flag)? else {
            return Ok(Self::of(None, String::new(), false));
        };
        let (text, private) = match read(host, &path) {
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => {
                return Ok(Self { missing: Some(path), ..Self::of(None, String::new(), false) });
            }
            Err(e) => {
                let not_text = e.kind() == std::io::ErrorKind::InvalidData;
                let error = Error::usage(format!("cannot read the config file `{}`", path.display())).caused_by(e);
                if not_text {
                    return Err(error);
                }
                return Err(error.hint(
                    "`--config` and `M2M_CONFIG` name the file; without them it is `$XDG_CONFIG_HOME/m2m/config.toml`",
                ));
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

    pub(super) fn unknown_key(&self, key: &str, span: &Range<usize>, profile: &str) -> Error {
        let of_profiles = ["extends", "abstract", "tags"];
        let known: Vec<&str> = SETTINGS.iter().map(|s| s.name).chain(of_profiles).collect();
        let error = self.at(span, format!("unknown key `{key}` in profile `{profile}`"));
        match nearest(key, &known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("the keys are {}", list_quoted(&known))),
        }
    }

    pub(super) fn unknown_profile(&self, name: &str, chosen_by: &str, names: &[String]) -> Error {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let place = match &self.path {
            Some(path) => format!(
                "{} has {}",
                path.display(),
                if names.is_empty() { "no profiles".into() } else { list_quoted(&names) }
            ),
            None => match &self.missing {
                Some(path) => format!("there is no config file: {} does not exist", path.display()),
                None => "there is no config file: neither `XDG_CONFIG_HOME` nor `HOME` is set".to_owned(),
            },
        };
        let error = Error::usage(format!("there is no profile `{name}` (from {chosen_by})")).cause(place);
        if self.path.is_none() {
            return error.hint(format!(
                "`m2m profile init {name} --provider NAME` writes a first profile; `--config FILE` names another file"
            ));
        }
        match nearest(name, &names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.text.as_bytes()[..span.start.min(self.text.len())].iter().filter(|b| **b == b'\n').count() + 1
    }

    pub(super) fn at(&self, span: &Range<usize>, message: String) -> Error {
        Error::usage(message).cause(self.place(span))
    }

    /// File and line, for people.
    pub(super) fn place(&self, span: &Range<usize>) -> String {
        let path = self.path.as_deref().unwrap_or(Path::new("")).display().to_string();
        format!("{path}, line {}", self.line(span))
    }
}

/// The file's text, and whether only its owner can read it. One that others can change is a warning: they decide where
/// secrets go.
fn read(host: &Host, path: &Path) -> std::io::Result<(String, bool)> {
    let file = LocalInput::open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata.permissions().mode() & 0o777;
        if file.metadata.is_file() && mode & 0o022 != 0 {
            host.ui.warn(&format!(
                "the config file `{}` can be changed by others (mode {mode:04o}), who could send secrets elsewhere; `chmod go-w` it",
                path.display()
            ));
        }
    }
    let private = file_mode::is_private(host, path, &file.metadata);
    let bytes = file.read(SIZE_LIMIT, host.process.input_timeout())?;
    let text = local_input::text(bytes).map_err(|why| std::io::Error::new(std::io::ErrorKind::InvalidData, why))?;
    Ok((text, private))
}
