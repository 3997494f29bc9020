//! The disk cache: one private file per token and per metadata document. Owns names, formats, privacy and locks; knows
//! no protocol and asks no server. A cache that does not work is a warning, never a failure.

pub mod dir;
pub mod entry;
pub mod key;
pub mod lock;
