//! What commands do, without clap and without printing data: plain values in, values or errors out.

pub mod api_refusal;
pub mod participants;
pub mod token_source;
