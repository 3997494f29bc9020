//! One file a command: its arguments, whose doc comments are its help, and `run`, which translates, calls a flow and prints.

pub mod discover;
pub mod participant;
pub mod token;
