//! One file per command: its arguments, whose doc comments are its help, and `run`, which translates, calls a flow and
//! prints.

pub mod cache;
pub mod check;
pub mod completions;
pub mod discover;
pub mod exec;
pub mod inspect;
pub mod man;
pub mod participant;
pub mod profile;
pub mod request;
pub mod token;
