//! One file a command: its arguments, whose doc comments are its help, and `run`, which translates, calls a flow and prints.

pub mod cache;
pub mod discover;
pub mod exec;
pub mod participant;
pub mod profile;
pub mod token;
