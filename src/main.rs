//! The `m2m` binary: builds the host from the process, and leaves everything else to [`m2m::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(m2m::report_panic));
    m2m::run(&m2m::Host::system())
}
