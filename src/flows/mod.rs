//! What commands do, without clap and without printing data: plain values in, values or errors out.

pub mod api_refusal;
pub mod api_session;
pub mod child;
pub mod dry_run;
pub mod metadata;
pub mod participants;
pub mod token_cache;
pub mod token_source;
