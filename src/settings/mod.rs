//! Settings: from flags, environment, profile, preset and defaults to validated values, each with its origin. Resolved
//! once; nothing above reads a variable or a file for a setting again.
//!
//! [`key`] is the list of settings, [`layer`] holds what one source says, [`resolved`] merges the layers in their order
//! (flag > environment > profile > preset > default), and the other modules turn raw values into typed parts.

mod accessors;
pub mod api;
pub mod assertion;
pub mod cache_mode;
pub mod client;
pub mod config;
pub mod environment;
pub mod error_codes;
pub mod key;
pub mod layer;
pub mod network;
pub mod presets;
pub mod resolved;
pub mod secret_headers;
pub mod server;
pub mod table;
