//! `m2m cache`: what is cached, never a token itself.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::args::general::GeneralArgs;
use crate::args::list_format::ListFormat;
use crate::cache::dir::{Bucket, CacheDir};
use crate::cache::entry::Entry;
use crate::output::columns;
use crate::output::token_format::rfc3339;
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::unix_time;

/// List and clear cached tokens
#[derive(Args, Debug)]
pub struct CacheArgs {
    #[command(subcommand)]
    command: CacheCommand,
}

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum CacheCommand {
    /// List cached tokens: what for and until when, never the token itself
    List(ListArgs),
    /// Remove all cached tokens and metadata documents
    Clear(ClearArgs),
}

/// List cached tokens: what for and until when, never the token itself
#[derive(Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    format: ListFormat,
    #[command(flatten)]
    general: GeneralArgs,
}

/// Remove all cached tokens and metadata documents
#[derive(Args, Debug)]
struct ClearArgs {
    #[command(flatten)]
    general: GeneralArgs,
}

impl CacheArgs {
    pub(crate) fn general(&self) -> &GeneralArgs {
        match &self.command {
            CacheCommand::List(args) => &args.general,
            CacheCommand::Clear(args) => &args.general,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Internal: stdout cannot be written, or a file cannot be removed.
pub fn run(host: &Host, args: &CacheArgs) -> Result<()> {
    let folder = CacheDir::locate(host);
    match (&args.command, folder) {
        (CacheCommand::List(args), folder) => list(host, folder.as_ref(), args),
        (CacheCommand::Clear(_), None) => Ok(()),
        (CacheCommand::Clear(_), Some(folder)) => {
            let removed = folder.clear()?;
            host.ui.note(&format!("removed {removed} cached tokens and metadata documents"));
            Ok(())
        }
    }
}

fn list(host: &Host, folder: Option<&CacheDir>, args: &ListArgs) -> Result<()> {
    let now = host.process.now();
    let entry = |folder: &CacheDir, name: &String| Entry::from_bytes(&folder.read(host, Bucket::Tokens, name)?);
    let read = |folder: &CacheDir| folder.names(Bucket::Tokens).iter().filter_map(|name| entry(folder, name)).collect();
    let entries: Vec<Entry> = folder.map(read).unwrap_or_default();
    let left = |entry: &Entry| entry.remaining(now).map_or(0, |left| left.as_secs());
    let text = if args.format.is_json() {
        let row = |entry: &Entry| {
            json!({
                "server": entry.description.server, "client_id": entry.description.client_id, "scope": entry.description.scope, "audience": entry.description.audience,
                "expires_in": left(entry), "expires_at": rfc3339(entry.expires_at), "expires_at_unix": unix_time::seconds(entry.expires_at),
                "fresh": entry.is_fresh(now, None),
            })
        };
        format!("{}\n", json!(entries.iter().map(row).collect::<Vec<_>>()))
    } else {
        columns::aligned(entries.iter().map(|entry| {
            let state = match left(entry) {
                0 => "expired".to_owned(),
                secs => format!("{} left", humantime::format_duration(std::time::Duration::from_secs(secs))),
            };
            let audience =
                entry.description.audience.as_ref().map(|audience| format!("for {audience}")).unwrap_or_default();
            [
                entry.description.server.clone(),
                entry.description.client_id.clone(),
                state,
                entry.description.scope.clone(),
                audience,
            ]
        }))
    };
    host.ui.print(text.as_bytes())
}
