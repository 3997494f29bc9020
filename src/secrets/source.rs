//! Where secrets come from, and how they are read: environment, file, stdin, command, or the value itself in a private
//! config file. How a command is run is `secret_command`'s. Owns the rules about line ends and white space; the value
//! never appears in a message.

use std::path::{Path, PathBuf};

use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::file_mode;
use crate::platform::host::Host;
use crate::platform::local_input;
use crate::platform::local_input::LocalInput;
use crate::platform::secret::Secret;
use crate::platform::unfilled;
use crate::secrets::command;
use crate::secrets::prompt;

/// More than any secret, less than a mistake.
const SIZE_LIMIT: u64 = 64 * 1024;

/// What kind of text a secret is: decides how white space and line ends are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// A secret that is sent as it stands: every character counts but one final line end.
    Text,
    /// A private key or certificate in PEM or JWK: many lines, and white space around it means nothing.
    Key,
    /// A ready-made assertion: one line, and white space around it can only be an editor's.
    Assertion,
}

/// Where a secret comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file, read again each time.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A program and its arguments, run without a shell; its stdout is the secret.
    Command(Vec<String>),
    /// An entry of the system's keyring.
    Keyring(String),
    /// A name in systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// The value itself, from a config file that only its owner can read.
    Value(Secret),
    /// A value that is no secret: a header written out in the config file.
    Plain(String),
    /// The identity token of a GitHub Actions job for this audience; only as a client assertion.
    GithubOidc(String),
}

impl SecretSource {
    /// The source that a path names, where `-` is stdin.
    pub fn of_path(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
    }

    /// The source as messages and `profile show` name it, without the secret.
    pub fn describe(&self) -> String {
        match self {
            Self::Env(name) => format!("env `{name}`"),
            Self::File(path) => format!("file `{}`", path.display()),
            Self::Stdin => "stdin".to_owned(),
            Self::Command(argv) => format!("command `{}`", argv.first().map_or("", String::as_str)),
            Self::Keyring(entry) => format!("keyring entry `{entry}`"),
            Self::Credential(name) => format!("credential `{name}` of systemd"),
            Self::Value(_) | Self::Plain(_) => "the value in the config file".to_owned(),
            Self::GithubOidc(audience) => format!("GitHub Actions' identity token for `{audience}`"),
        }
    }

    /// Whether reading it costs nothing, so that a cache hit may do it.
    pub fn is_free(&self) -> bool {
        !matches!(self, Self::Command(_) | Self::Keyring(_) | Self::GithubOidc(_))
    }

    /// Reads the secret, and makes sure that it will not be shown. `what` names it in messages (`client_secret`).
    ///
    /// # Errors
    /// Usage: it cannot be read by `deadline`, is empty, or begins with a byte order mark.
    pub async fn read(&self, host: &Host, kind: SecretKind, what: &str, deadline: &Deadline) -> Result<Secret> {
        let raw = match self {
            Self::Command(argv) => self.run(host, argv, what, deadline).await?,
            Self::Keyring(entry) => {
                self.run(host, &keyring_command(entry), what, deadline).await.map_err(|e| keyring_hint(e, entry))?
            }
            _ => return self.read_free(host, kind, what),
        };
        self.check(host, kind, &raw, what)
    }

    /// Reads a secret that is free to read.
    ///
    /// # Errors
    /// As [`Self::read`]; internal for one that is not free.
    pub fn read_free(&self, host: &Host, kind: SecretKind, what: &str) -> Result<Secret> {
        let bytes = match self {
            Self::Plain(text) => return Ok(Secret::new(text.clone())),
            Self::Env(name) => match host.process.var_os(name) {
                None => return Err(self.unreadable(what, "the variable is not set")),
                Some(value) => value
                    .to_str()
                    .ok_or_else(|| self.unreadable(what, "the value is not UTF-8"))?
                    .to_owned()
                    .into_bytes(),
            },
            Self::File(path) => self.read_file(host, path, what)?,
            Self::Credential(name) => match host.process.var_os("CREDENTIALS_DIRECTORY") {
                Some(dir) if !dir.is_empty() => self.read_file(host, &Path::new(dir).join(name), what)?,
                _ => {
                    return Err(self
                        .unreadable(what, "`CREDENTIALS_DIRECTORY` is not set")
                        .hint(format!("systemd sets it for a service with `LoadCredential={name}:PATH`")));
                }
            },
            // A key has many lines.
            Self::Stdin if kind == SecretKind::Key => host.read_stdin(what, SIZE_LIMIT)?,
            Self::Stdin => prompt::secret(host, what, SIZE_LIMIT)?,
            Self::Value(secret) => secret.expose().to_owned().into_bytes(),
            Self::Command(_) | Self::Keyring(_) | Self::GithubOidc(_) => {
                return Err(Error::new(ErrorKind::Internal, "this secret is not free to read"));
            }
        };
        let raw = local_input::text(bytes).map_err(|why| self.unreadable(what, why))?;
        self.check(host, kind, &raw, what)
    }

    async fn run(&self, host: &Host, argv: &[String], what: &str, deadline: &Deadline) -> Result<String> {
        host.ui.verbose(|| format!("reading the {what} from {}", self.describe()));
        command::run(argv, SIZE_LIMIT, host.process.var_os("PATH"), deadline).await.map_err(|failure| {
            let error = self.unreadable(what, &failure.why);
            failure.hint.into_iter().fold(error, Error::hint)
        })
    }

    fn read_file(&self, host: &Host, path: &Path, what: &str) -> Result<Vec<u8>> {
        let failed = |e: std::io::Error| {
            let error = self.unreadable(what, &e.to_string());
            match unexpanded(host, path).filter(|_| e.kind() == std::io::ErrorKind::NotFound) {
                Some(why) => error.hint(why),
                None => error,
            }
        };
        let file = LocalInput::open(path).map_err(failed)?;
        file_mode::warn_if_exposed(
            host,
            path,
            &file.metadata,
            &format!("the file `{}` with the {what}", path.display()),
        );
        file.read(SIZE_LIMIT, host.process.input_timeout()).map_err(failed)
    }

    /// Strips one line end, and reports what is almost certainly a mistake.
    fn check(&self, host: &Host, kind: SecretKind, raw: &str, what: &str) -> Result<Secret> {
        let value = raw.strip_suffix('\n').map_or(raw, |rest| rest.strip_suffix('\r').unwrap_or(rest));
        let padded = kind != SecretKind::Text;
        let value = if padded { value.trim() } else { value };
        if value.is_empty() {
            return Err(self.unreadable(what, "it is empty"));
        }
        if value.starts_with('\u{feff}') {
            return Err(self.unreadable(what, "it begins with a byte order mark; save it as UTF-8 without one"));
        }
        let secret = Secret::new(value.to_owned());
        host.ui.redactor.register_named_secret(&secret, what);
        if !padded && let Some(oddity) = unfilled::stray_characters(value) {
            host.ui.warn(&format!("the {what} from {} {oddity}, which is sent as it is", self.describe()));
        }
        Ok(secret)
    }

    /// The error for a secret that cannot be read from here.
    pub fn unreadable(&self, what: &str, why: &str) -> Error {
        Error::usage(format!("cannot read the {what} from {}", self.describe())).cause(why)
    }
}

/// What a path that does not exist was likely meant to be.
fn unexpanded(host: &Host, path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    if let Some(variable) = unfilled::unexpanded_variable(&text) {
        Some(format!("`{variable}` is not expanded here: write the path itself"))
    } else if text.starts_with("~/") || text.contains("/~/") {
        let home = host.process.var_os("HOME").is_some_and(|home| !home.is_empty());
        let why =
            if home { "only a shell, and a profile, expand `~`" } else { "`HOME` is not set, so `~` has no meaning" };
        Some(format!("{why}: write the whole path"))
    } else if text.starts_with('$') || text.starts_with("%d/") {
        Some(
            "variables are not expanded here; for systemd's credentials there is `{ credential = \"NAME\" }`"
                .to_owned(),
        )
    } else {
        None
    }
}

/// The system's own tool for its keyring. A library would bring a D-Bus client, more than all of this program.
fn keyring_command(entry: &str) -> Vec<String> {
    let argv: &[&str] = if cfg!(target_os = "macos") {
        &["security", "find-generic-password", "-w", "-s", "m2m", "-a", entry]
    } else {
        &["secret-tool", "lookup", "service", "m2m", "entry", entry]
    };
    argv.iter().map(|&arg| arg.to_owned()).collect()
}

fn keyring_hint(error: Error, entry: &str) -> Error {
    if cfg!(target_os = "macos") {
        error.hint(format!("store it with `security add-generic-password -s m2m -a {entry} -w`"))
    } else {
        error
            .hint(format!(
                "store it with `secret-tool store --label=m2m service m2m entry {entry}` (package libsecret-tools)"
            ))
            .hint("a machine without a keyring can use `{ file }` or `{ command }` instead")
    }
}
