//! The `m2m` binary: builds the host from the process, and leaves everything else to [`m2m::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    m2m::run(&m2m::platform::host::Host::system())
}
