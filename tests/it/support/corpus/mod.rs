//! The corpus in `tests/corpus`: how its files are read, and how the binary meets one of them.

pub mod case;
pub mod run;
