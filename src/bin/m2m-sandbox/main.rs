//! `m2m-sandbox`: a loopback stand-in for the systems that `m2m` talks to.

mod accounts;
mod api;
mod catalogue;
mod clock;
mod fault;
mod identity;
mod jwt;
mod people;
mod random;
mod signing;
mod wire;

fn main() {}
