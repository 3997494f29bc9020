//! Keys and signed JWTs.

pub mod client_key;
pub mod signer;
