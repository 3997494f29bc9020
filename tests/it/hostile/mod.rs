//! The corpus of hostile input in `tests/corpus`, given to the built binary.

mod answers;
mod files;
