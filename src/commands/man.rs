//! `m2m man`: manual pages made of the help texts; clap_mangen writes the roff.

use clap::{Args, Command};

use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;

const EXAMPLES: &str = "\
Examples:
  m2m man | man -l -
  m2m man token > ~/.local/share/man/man1/m2m-token.1";

/// Print a manual page
///
/// Prints the page of m2m, or of one of its commands, for `man` to show or to keep.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// The command, such as `token` or `profile init`; m2m itself when there is none
    #[arg(value_name = "COMMAND")]
    path: Vec<String>,
}

/// Runs the command; `m2m` is what the page is about.
///
/// # Errors
/// Usage: there is no such command. Internal: stdout cannot be written.
pub fn run(host: &Host, args: &ManArgs, mut m2m: Command) -> Result<()> {
    // Only then do the commands below know their whole name.
    m2m.build();
    let command = args.path.iter().try_fold(&m2m, |command, name| {
        command.find_subcommand(name).ok_or_else(|| unknown(&args.path.join(" "), command))
    })?;
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .source(concat!("m2m ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|e| Error::new(ErrorKind::Internal, "cannot write the page").caused_by(e))?;
    host.ui.print(&page)
}

fn unknown(asked: &str, below: &Command) -> Error {
    let names: Vec<_> = below.get_subcommands().map(Command::get_name).collect();
    let parent = below.get_bin_name().unwrap_or("m2m");
    Error::usage(format!("there is no command `{asked}`")).hint(match &names[..] {
        [] => format!("`{parent}` has no commands of its own"),
        names => format!("the commands of `{parent}` are {}", names.join(", ")),
    })
}
