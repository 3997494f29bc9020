//! Flag groups that commands share: each turns what the user typed into a settings layer. They may validate, never do:
//! no file is read, no variable asked.

pub mod api;
pub mod client;
pub mod general;
pub mod network;
pub mod server;
pub mod usage_error;
