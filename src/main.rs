//! The `m2m` binary: nothing but the process around [`m2m::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
