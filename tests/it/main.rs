//! Black-box tests of the built binary, one module for each theme, against servers scripted on loopback.
//!
//! Every run has an environment and a home of its own, and passes the leak tripwire of [`support::tripwire`].

#![expect(unreachable_pub, reason = "the support modules serve this one binary")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test reports")]

mod support;
