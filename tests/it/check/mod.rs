//! `m2m check`: each group of checks, and the reports.

mod api;
mod config;
mod github;
mod jwt;
mod many;
mod reports;
mod server;
mod tls;
mod token;
