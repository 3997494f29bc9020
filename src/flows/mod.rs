//! What commands do, without clap and without printing data: plain values in, values or errors out.

pub mod advice;
pub mod api_refusal;
pub mod api_request;
pub mod api_session;
pub mod bulk;
pub mod bulk_input;
pub mod child;
pub mod client_proof;
pub mod dry_run;
pub mod impersonation;
pub mod inspection;
pub mod metadata;
pub mod participants;
pub mod resume;
pub mod selection;
pub mod smoke;
pub mod starter_key;
pub mod token_cache;
pub mod token_source;
pub mod verification;
