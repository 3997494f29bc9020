//! CloudLoyalty's participants: CPF, lookup, filters, bulk lookups, and impersonation. Users of other systems can
//! ignore this folder. Knows neither clap nor stdout.

pub mod bulk;
pub mod bulk_input;
pub mod collector;
pub mod cpf;
pub mod filter;
pub mod follow_up;
pub mod identity;
pub mod impersonation;
pub mod lookup;
pub mod pacing;
pub mod resume;
