//! Values to bytes: the formats of stdout. Pure; knows neither settings nor network.

pub mod columns;
pub mod json_text;
pub mod token_format;
