//! The `m2m` binary: builds the host from the process, and leaves everything else to [`m2m::run`].

use std::process::ExitCode;

use m2m::platform::host::Host;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| m2m::report::panic_report(&Host::system(), panic.location())));
    m2m::run(&Host::system())
}
