//! `m2m profile`, and the configuration file that it reads and writes.

mod commands;
mod errors;
#[cfg(unix)]
mod key;
