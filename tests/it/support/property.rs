//! The runner of properties, which prints how many cases held.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Tries a property, and says what was tried.
#[track_caller]
#[expect(clippy::print_stdout, reason = "what a test prints is shown when it is asked for")]
pub fn holds<S: Strategy>(what: &str, cases: u32, inputs: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: Debug,
{
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    if let Err(why) = TestRunner::new(config).run(&inputs, property) {
        panic!("{what}: {why}");
    }
    println!("{cases:>6} cases held: {what}");
}
