//! The ground floor: process, streams, clock, network, files, text. Knows nothing above it: no OAuth, no settings, no commands.

pub mod certificate_watch;
pub mod clients;
pub mod cpf;
pub mod deadline;
pub mod error;
pub mod host;
pub mod http;
pub mod http_failure;
pub mod http_story;
pub mod json;
pub mod local_input;
pub mod message;
pub mod private_key;
pub mod prompt;
pub mod proxy;
pub mod proxy_failure;
pub mod redactor;
pub mod retry;
pub mod runtime;
pub mod secret;
pub mod text;
pub mod tls;
pub mod url;
pub mod uuid;
pub mod warm_connection;
