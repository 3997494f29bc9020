//! Client authentication at the token endpoint: secrets, assertions and certificates.

mod assertions;
mod basic;
mod body;
mod mutual_tls;
mod ready_assertions;
