//! Black-box tests.

mod real_servers;
