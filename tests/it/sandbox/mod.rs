//! `m2m-sandbox`, and the examples that run against it.

mod ci_examples;
#[cfg(unix)]
mod client_auth;
#[cfg(unix)]
mod faults;
mod guides;
mod recipes;
