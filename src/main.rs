//! The `m2m` binary: builds the host from the process, and leaves everything else to [`m2m::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let argv: Vec<_> = std::env::args_os().collect();
    m2m::run(&argv, &m2m::platform::host::Host::system())
}
