//! `m2m request`: what it sends, where, and what it makes of the response.

mod response;
mod sent;
mod target;
mod writes;
