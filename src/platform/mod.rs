//! The ground floor: the process (environment, streams, clock), errors, text, JSON, URLs, secrets as values, and the
//! redactor through which everything on stderr goes. Knows nothing above it: no HTTP, no OAuth, no settings, no
//! commands.

pub mod deadline;
pub mod error;
pub mod file_mode;
pub mod host;
pub mod json;
pub mod local_input;
pub mod private_file;
pub mod process;
pub mod redaction;
pub mod runtime;
pub mod secret;
pub mod shell;
pub mod text;
pub mod ui;
pub mod unfilled;
pub mod unix_time;
pub mod url;
pub mod uuid;
