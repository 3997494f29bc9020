//! Where secrets come from: the environment, files, commands, the keyring, a prompt. Refuses to know which setting a
//! secret belongs to, or what it proves.

pub mod command;
pub mod prompt;
pub mod source;
