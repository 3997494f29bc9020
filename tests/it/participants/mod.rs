//! `m2m participant` for one participant, and `--as-cpf` and `--as-login`.

mod impersonation;
mod lookup;
mod query;
mod redact;
mod refusals;
mod selection;
