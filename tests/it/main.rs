//! Black-box tests.

mod drift;
mod real_servers;
