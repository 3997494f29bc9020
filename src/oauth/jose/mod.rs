//! JOSE on ring (RFC 7515, 7517, 7518, 7519): decoding and verifying JWTs, keys, signatures, client assertions. Written
//! here because jsonwebtoken 10 dropped ring, and a second cryptography library is not allowed in the tree.

pub mod assertion;
pub mod der;
pub mod jwks;
pub mod jwt;
pub mod key_pair;
pub mod private_key;
pub mod signer;
