//! Settings: which source wins, what presets say, and which values are valid.

mod precedence;
mod presets;
mod profiles;
mod templates;
mod unfilled;
mod urls;
