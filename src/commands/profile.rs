//! `m2m profile`: the configuration, each value with its origin, secrets hidden.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::args::api::ApiArgs;
use crate::args::general::GeneralArgs;
use crate::args::grant::GrantArgs;
use crate::args::list_format::ListFormat;
use crate::args::word::WordOf;
use crate::output::columns;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::private_file;
use crate::settings::config::file::ConfigFile;
use crate::settings::config::generated_key;
use crate::settings::config::starter;
use crate::settings::config::starter::Proof;
use crate::settings::key::SettingKey;
use crate::settings::presets::Preset;
use crate::settings::resolved::Settings;
use crate::settings::resolved::unknown_provider;
use crate::settings::table;

/// List, show and start profiles
#[derive(Args, Debug)]
pub struct ProfileArgs {
    #[command(subcommand)]
    command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum ProfileCommand {
    /// List the profiles of the config file
    List(ListArgs),
    /// Show the settings of a profile, each with its origin
    Show(Box<ShowArgs>),
    /// Print where the config file is
    Path(PathArgs),
    /// Write a config file with a commented profile; never overwrites one
    Init(InitArgs),
}

/// List the profiles of the config file
#[derive(Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    format: ListFormat,
    #[command(flatten)]
    general: GeneralArgs,
}

/// Show the settings of a profile, each with its origin
#[derive(Args, Debug)]
struct ShowArgs {
    /// The profile; without it the one that other commands would use
    #[arg(value_name = "NAME", conflicts_with = "profile")]
    name: Option<String>,
    #[command(flatten)]
    format: ListFormat,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    grant: GrantArgs,
}

/// Print where the config file is
#[derive(Args, Debug)]
struct PathArgs {
    #[command(flatten)]
    general: GeneralArgs,
}

/// Write a config file with a commented profile; never overwrites one
#[derive(Args, Debug)]
struct InitArgs {
    /// Name of the profile, also as --profile [default: the provider's name]
    #[arg(value_name = "NAME", conflicts_with = "profile")]
    name: Option<String>,
    /// The provider, whose settings the profile begins with
    #[arg(long, value_name = "NAME", value_parser = WordOf(SettingKey::Provider))]
    provider: String,
    /// How the client authenticates; private_key_jwt makes a key pair (ES256) beside the config file and prints the
    /// public JWK to register
    #[arg(long, value_name = "METHOD", value_enum, default_value_t)]
    auth_method: InitMethod,
    /// Print the profile instead of writing a file
    #[arg(long, conflicts_with = "auth_method")]
    print: bool,
    #[command(flatten)]
    general: GeneralArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum InitMethod {
    #[default]
    ClientSecret,
    PrivateKeyJwt,
}

impl ProfileArgs {
    pub(crate) fn general(&self) -> &GeneralArgs {
        match &self.command {
            ProfileCommand::List(args) => &args.general,
            ProfileCommand::Show(args) => &args.grant.general,
            ProfileCommand::Path(args) => &args.general,
            ProfileCommand::Init(args) => &args.general,
        }
    }
}

/// Runs the command.
pub fn run(host: &Host, args: &ProfileArgs) -> Result<()> {
    match &args.command {
        ProfileCommand::List(args) => list(host, args),
        ProfileCommand::Show(args) => show(host, args),
        ProfileCommand::Path(args) => path(host, args),
        ProfileCommand::Init(args) => init(host, args),
    }
}

fn list(host: &Host, args: &ListArgs) -> Result<()> {
    let file = ConfigFile::load(host, args.general.config.as_deref())?;
    let file = file.parse()?;
    let default = file.default_profile();
    let profiles = file.summaries();
    let is_default = |name: &str| default.as_deref() == Some(name);
    let text = if args.format.is_json() {
        let all: Vec<_> = profiles
            .iter()
            .map(|profile| {
                json!({
                    "profile": profile.name, "provider": profile.provider, "default": is_default(&profile.name),
                    "abstract": profile.is_abstract, "tags": profile.tags,
                })
            })
            .collect();
        format!("{}\n", json!(all))
    } else {
        columns::aligned(profiles.into_iter().map(|profile| {
            let mut remarks = profile.tags;
            remarks.extend(profile.is_abstract.then(|| "abstract".to_owned()));
            remarks.extend(is_default(&profile.name).then(|| "default".to_owned()));
            [profile.name, profile.provider, remarks.join(" ")]
        }))
    };
    host.ui.print(text.as_bytes())
}

fn show(host: &Host, args: &ShowArgs) -> Result<()> {
    let mut grant = args.grant.clone();
    grant.general.by_argument = args.name.is_some();
    grant.general.profile = args.name.clone().or(grant.general.profile);
    let settings = {
        let mut flags = grant.layer()?;
        args.api.add_to(&mut flags);
        Settings::resolve(host, &grant.choice(), flags)?
    };
    let rows = table::rows(host, &settings);
    let text = if args.format.is_json() {
        let all: Vec<_> =
            rows.iter().map(|row| json!({"key": row.name, "value": row.value, "origin": row.origin})).collect();
        format!("{}\n", json!({"profile": settings.profile, "settings": all}))
    } else {
        columns::aligned(rows.into_iter().map(|row| [row.name.to_owned(), row.value, row.origin]))
    };
    host.ui.print(host.ui.redactor.hide(&text).as_bytes())
}

fn path(host: &Host, args: &PathArgs) -> Result<()> {
    let (path, _) = config_path(host, args.general.config.as_deref())?;
    host.ui.print(format!("{}\n", path.display()).as_bytes())
}

fn init(host: &Host, args: &InitArgs) -> Result<()> {
    let preset = Preset::named(&args.provider).ok_or_else(|| unknown_provider(&args.provider, &"flag `--provider`"))?;
    let name = args.name.as_deref().or(args.general.profile.as_deref()).unwrap_or(preset.name);
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !plain {
        return Err(
            Error::usage(format!("`{name}` cannot be the name of a profile")).hint("letters, digits, `-` and `_`")
        );
    }
    if args.print {
        return host.ui.print(starter::config(name, preset, &Proof::Secret).as_bytes());
    }
    let (path, _) = config_path(host, args.general.config.as_deref())?;
    if args.auth_method == InitMethod::ClientSecret {
        write_new(&path, &starter::config(name, preset, &Proof::Secret))?;
        host.ui.note(&format!("wrote {}; put your client id in, then `m2m profile show`", path.display()));
        return Ok(());
    }
    if path.exists() {
        return Err(exists(&path));
    }
    let file = format!("{name}-key.pem");
    let key = generated_key::write(&path.with_file_name(&file))?;
    write_new(&path, &starter::config(name, preset, &Proof::Key { file: &file, kid: &key.kid }))?;
    host.ui.note(&format!(
        "wrote {} and {file} beside it; register this public key with the authorization server:",
        path.display()
    ));
    host.ui.print(format!("{}\n", key.public_jwk).as_bytes())
}

fn config_path(host: &Host, flag: Option<&Path>) -> Result<(std::path::PathBuf, bool)> {
    ConfigFile::path(host, flag)?.ok_or_else(|| {
        Error::usage("there is no place for a config file")
            .cause("neither `XDG_CONFIG_HOME` nor `HOME` is set")
            .hint("name it with `--config` or `M2M_CONFIG`")
    })
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| {
        if e.kind() == std::io::ErrorKind::AlreadyExists {
            return exists(path);
        }
        Error::usage(format!("cannot write the config file `{}`", path.display())).caused_by(e)
    };
    private_file::write_new(path, text.as_bytes()).map_err(failed)
}

fn exists(path: &Path) -> Error {
    Error::usage(format!("there is a config file already, `{}`", path.display()))
        .hint("it is never overwritten; `--print` prints the profile, to be added by hand")
}
