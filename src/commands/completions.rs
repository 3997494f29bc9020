//! `m2m completions`: what a shell needs to complete m2m's command lines; clap_complete writes it.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::platform::error::Result;
use crate::platform::host::Host;

const EXAMPLES: &str = "\
Examples:
  m2m completions bash > ~/.local/share/bash-completion/completions/m2m
  m2m completions zsh > \"${fpath[1]}/_m2m\"
  m2m completions fish > ~/.config/fish/completions/m2m.fish";

/// Print shell completions
///
/// Prints a script for the shell to read.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Runs the command; `m2m` is what is to be completed.
///
/// # Errors
/// Internal: stdout cannot be written.
pub fn run(host: &Host, args: &CompletionsArgs, mut m2m: Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut m2m, "m2m", &mut script);
    host.ui.print(&script)
}
