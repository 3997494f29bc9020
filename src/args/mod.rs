//! Flag groups that commands share: each turns what the user typed into a settings layer. They may validate, never do:
//! no file is read, no variable asked.

pub mod api;
pub mod assertion;
pub mod cache;
pub mod client;
pub mod general;
pub mod grant;
pub mod list_format;
pub mod network;
pub mod participant_filter;
pub mod participant_query;
pub mod server;
pub mod usage_error;
pub mod word;
