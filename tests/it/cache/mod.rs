//! The token cache: what is stored, when it is used, and what happens when it is damaged, shared or unwritable.

mod basics;
mod commands;
mod content;
mod fallback;
mod hits;
mod key;
mod lifetimes;

mod metadata;
#[cfg(unix)]
mod privacy;
#[cfg(unix)]
mod races;
#[cfg(unix)]
mod unwritable;
