//! `m2m token`, `m2m exec` and `m2m inspect`: getting a token, passing it on, and reading it.

mod any_token;
mod dry_run;
#[cfg(unix)]
mod exec;
#[cfg(unix)]
mod exec_environment;
mod formats;
mod inspect;
mod output;
mod refusals;
mod responses;
mod verify;
