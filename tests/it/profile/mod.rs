//! `m2m profile`, and the configuration file that it reads and writes.

mod commands;
mod errors;
mod inheritance;
#[cfg(unix)]
mod key;
