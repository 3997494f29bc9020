//! What `m2m` reports when it fails: exit codes, formats, hints, and text that came from a server.

mod api;
mod exit_codes;
mod followed_hints;
mod format;
mod hints;
mod server_text;
