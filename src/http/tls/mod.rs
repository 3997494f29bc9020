//! TLS: who is trusted, what a client shows, which certificate files are read, and what it means when TLS fails. Refuses to
//! know of requests, which are for `http`.

pub mod certificate_file;
pub mod certificate_format;
pub mod certificate_words;
pub mod client_config;
pub mod distinguished_name;
pub mod expiry_observer;
pub mod failure;
pub mod handshake_limit;
pub mod pem;
pub mod roots;
pub mod trust;
