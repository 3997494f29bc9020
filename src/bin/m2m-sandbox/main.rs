//! `m2m-sandbox`: a loopback stand-in for the systems that `m2m` talks to.

mod wire;

fn main() {}
