//! The program at a terminal and in a shell: help, input, output.

mod help;
#[cfg(unix)]
mod input;
#[cfg(unix)]
mod output;
mod shell;
