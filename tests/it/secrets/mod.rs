//! Secrets: where they are read from, and where they must never appear.

#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod headers;
mod leaks;
#[cfg(unix)]
mod sources;
mod suspicions;
mod values;
