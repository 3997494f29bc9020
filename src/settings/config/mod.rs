//! The config file: reading it, its values, and starting one. Refuses to know how sources are merged.

pub mod file;
pub mod generated_key;
pub mod profiles;
pub mod starter;
mod value;
