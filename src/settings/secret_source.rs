//! Where secrets come from, and how they are read: environment, file, stdin, command, or the value itself in a private
//! config file. Owns the rules about line ends and white space; the value never appears in a message.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::prompt;
use crate::platform::secret::Secret;
use crate::settings::key::Key;

/// The longest a secret command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// More than any secret, less than a mistake.
const SIZE_LIMIT: u64 = 64 * 1024;

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
    /// The value itself, from a config file that only its owner can read.
    Value(Secret),
    /// A value that is no secret: a header written out in the config file.
    Plain(String),
    /// The identity token of a GitHub Actions job for this audience; only as a client assertion.
    GithubOidc(String),
}

impl SecretSource {
    /// The source as messages and `profile show` name it, without the secret.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Env(name) => format!("env `{name}`"),
            Self::File(path) => format!("file `{}`", path.display()),
            Self::Stdin => "stdin".to_owned(),
            Self::Command(argv) => format!("command `{}`", argv.first().map_or("", String::as_str)),
            Self::Keyring(entry) => format!("keyring entry `{entry}`"),
            Self::Value(_) | Self::Plain(_) => "the value in the config file".to_owned(),
            Self::GithubOidc(audience) => format!("GitHub Actions' identity token for `{audience}`"),
        }
    }

    /// Whether reading it costs nothing, so that a cache hit may do it.
    #[must_use]
    pub fn is_free(&self) -> bool {
        !matches!(self, Self::Command(_) | Self::Keyring(_) | Self::GithubOidc(_))
    }

    /// Reads the secret, and makes sure that it will not be shown. `what` names it in messages (`client_secret`).
    ///
    /// # Errors
    /// Usage: it cannot be read, is empty, or begins with a byte order mark.
    pub async fn read(&self, host: &Host, what: &str) -> Result<Secret> {
        let raw = match self {
            Self::Command(argv) => run(host, argv, &self.describe(), what).await?,
            Self::Keyring(entry) => {
                run(host, &keyring_command(entry), &self.describe(), what).await.map_err(|e| keyring_hint(e, entry))?
            }
            _ => return self.read_free(host, what),
        };
        self.check(host, &raw, what)
    }

    /// Reads a secret that is free to read.
    ///
    /// # Errors
    /// As [`Self::read`]; internal for one that is not free.
    pub fn read_free(&self, host: &Host, what: &str) -> Result<Secret> {
        let bytes = match self {
            Self::Plain(text) => return Ok(Secret::new(text.clone())),
            Self::Env(name) => match host.var_os(name) {
                None => return Err(self.unreadable(what, "the variable is not set")),
                Some(value) => value
                    .to_str()
                    .ok_or_else(|| self.unreadable(what, "the value is not UTF-8"))?
                    .to_owned()
                    .into_bytes(),
            },
            Self::File(path) => self.read_file(host, path, what)?,
            // A key has many lines.
            Self::Stdin if what == Key::ClientKey.name() => host.read_stdin(what, SIZE_LIMIT)?,
            Self::Stdin => prompt::secret(host, what, SIZE_LIMIT)?,
            Self::Value(secret) => secret.expose().to_owned().into_bytes(),
            Self::Command(_) | Self::Keyring(_) | Self::GithubOidc(_) => {
                return Err(Error::new(ErrorKind::Internal, "this secret is not free to read"));
            }
        };
        let raw = String::from_utf8(bytes).map_err(|_| self.unreadable(what, "it is not UTF-8"))?;
        self.check(host, &raw, what)
    }

    fn read_file(&self, host: &Host, path: &Path, what: &str) -> Result<Vec<u8>> {
        use std::io::Read as _;
        let failed = |e: std::io::Error| self.unreadable(what, &e.to_string());
        let file = std::fs::File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(self.unreadable(what, "it is a directory"));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = metadata.permissions().mode() & 0o777;
            if metadata.is_file() && mode & 0o077 != 0 {
                host.warn(&format!(
                    "the file `{}` with the {what} can be read by others (mode {mode:04o}); `chmod 600` it",
                    path.display()
                ));
            }
        }
        let mut bytes = Vec::new();
        file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(self.unreadable(what, "it holds more than 64 KiB, which no secret does"));
        }
        Ok(bytes)
    }

    /// Strips one line end, and reports what is almost certainly a mistake.
    fn check(&self, host: &Host, raw: &str, what: &str) -> Result<Secret> {
        let value = raw.strip_suffix('\n').map_or(raw, |rest| rest.strip_suffix('\r').unwrap_or(rest));
        // Around a key it means nothing, around an assertion it can only be an editor's.
        let padded = [Key::ClientKey.name(), Key::ClientAssertion.name()].contains(&what);
        let value = if padded { value.trim() } else { value };
        if value.is_empty() {
            return Err(self.unreadable(what, "it is empty"));
        }
        if value.starts_with('\u{feff}') {
            return Err(self.unreadable(what, "it begins with a byte order mark; save it as UTF-8 without one"));
        }
        let secret = Secret::new(value.to_owned());
        host.redactor.learn_as(&secret, what);
        if value.trim() != value {
            host.warn(&format!(
                "the {what} from {} begins or ends with white space, which is sent as it is",
                self.describe()
            ));
        }
        Ok(secret)
    }

    /// The error for a secret that cannot be read from here.
    #[must_use]
    pub fn unreadable(&self, what: &str, why: &str) -> Error {
        Error::usage(format!("cannot read the {what} from {}", self.describe())).cause(why)
    }
}

/// Runs a secret command: no shell, no stdin, its stderr passed through, half a minute at most.
async fn run(host: &Host, argv: &[String], source: &str, what: &str) -> Result<String> {
    let failed = |why: String| Error::usage(format!("cannot read the {what} from {source}")).cause(why);
    let (program, args) = argv.split_first().ok_or_else(|| failed("it names no program".into()))?;
    host.story(|| format!("reading the {what} from {source}"));
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed(format!("`{program}` cannot be started: {e}")))?;
    let ended = async {
        let mut printed = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(SIZE_LIMIT + 1).read_to_end(&mut printed).await?;
        }
        // One that prints on and on would wait for a reader.
        if printed.len() as u64 > SIZE_LIMIT {
            return Ok((printed, None));
        }
        child.wait().await.map(|status| (printed, Some(status)))
    };
    let (printed, status) = tokio::time::timeout(COMMAND_LIMIT, ended)
        .await
        .map_err(|_| failed(format!("`{program}` did not end within {}", humantime::format_duration(COMMAND_LIMIT))))?
        .map_err(|e: std::io::Error| failed(e.to_string()))?;
    match status {
        None => Err(failed(format!("`{program}` printed more than 64 KiB, which no secret has"))),
        Some(status) if !status.success() => {
            Err(failed(format!("`{program}` ended with {status}"))
                .hint("what it said about it, if anything, stands above"))
        }
        Some(_) => String::from_utf8(printed).map_err(|_| failed(format!("what `{program}` printed is not UTF-8"))),
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
