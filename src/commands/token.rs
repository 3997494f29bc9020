//! `m2m token`: a valid access token on stdout, in the format that was asked for, or with `--dry-run` how it would be got.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::args::grant::GrantArgs;
use crate::output::dry_run;
use crate::output::token_format;
use crate::output::token_format::TokenFormat;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::tokens::session::TokenSession;

/// Print a valid access token
///
/// From the cache if it is fresh there, else by the client-credentials grant (RFC 6749 section 4.4).
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  m2m token --profile uat
  m2m token -o curl | curl -K - https://api.example.com/v1/things    the token stays out of curl's arguments
  m2m token -o json | jq .expires_at
  eval \"$(m2m token -o env)\"                                         sets M2M_ACCESS_TOKEN")]
pub struct TokenArgs {
    /// What to print: the token; the response as json; a header line; a config for `curl -K -`; an env line; a kubectl
    /// ExecCredential; a mask and GITHUB_OUTPUT for github
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: TokenFormat,
    /// Show the settings with their origins and the request as a curl command, secrets hidden; no network, no secret
    /// command
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

impl ValueEnum for TokenFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// Runs the command.
///
/// # Errors
/// Usage, or whatever keeps a token from being granted.
pub fn run(host: &Host, args: &TokenArgs) -> Result<()> {
    let session = TokenSession::prepare(host, &args.grant.choice(), args.grant.layer()?, args.grant.cache.mode())?;
    if args.dry_run {
        session.http()?;
        return host.ui.print(dry_run::render(host, &session.settings, &session.source)?.as_bytes());
    }
    // What a format needs of its surroundings is checked before a token is paid for.
    let kubectl_version = token_format::kubectl_version(
        host.process.var("KUBERNETES_EXEC_INFO")?.filter(|_| args.output == TokenFormat::Kubectl),
    )?;
    let mut github_output = (args.output == TokenFormat::Github).then(|| open_github_output(host)).transpose()?;
    let token = session.token(host)?;
    // The mask comes first, then the value that it masks.
    host.ui.print(token_format::render(args.output, &token, host.process.now(), kubectl_version).as_bytes())?;
    match &mut github_output {
        Some(file) => file
            .write_all(token_format::github_output(&token).as_bytes())
            .map_err(|e| Error::usage("cannot write to the file in `GITHUB_OUTPUT`").caused_by(e)),
        None => Ok(()),
    }
}

fn open_github_output(host: &Host) -> Result<File> {
    let path = host.process.var("GITHUB_OUTPUT")?.ok_or_else(|| {
        Error::usage("`-o github` needs the environment variable `GITHUB_OUTPUT`")
            .hint("GitHub Actions sets it for every step")
    })?;
    let opened = std::fs::OpenOptions::new().read(true).append(true).create(true).open(path).and_then(end_last_line);
    opened.map_err(|e| Error::usage(format!("cannot open the file in `GITHUB_OUTPUT`, `{path}`")).caused_by(e))
}

/// Ends a line that an earlier step left open: ours would become part of its value.
fn end_last_line(mut file: File) -> std::io::Result<File> {
    let mut last = [b'\n'];
    if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(file)
}
