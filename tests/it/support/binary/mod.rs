//! The built binary: how a test runs it, what comes out, and the leak check after every run.

pub mod command;
pub mod home;
pub mod leak_check;
pub mod outcome;
#[cfg(unix)]
pub mod signal;
pub mod tripwire;
