//! Authorized calls to the API: the session that holds the token and the gateway's headers, one request, and what a
//! refusal means. Knows neither clap nor stdout.

pub mod outcome;
pub mod refusal;
pub mod request;
pub mod session;
