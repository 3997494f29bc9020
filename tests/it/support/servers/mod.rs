//! The authorization servers in `tests/servers`: starting them, running `m2m` against them, and the table of results.

pub mod process;
pub mod run;
pub mod table;
pub mod trial;
