//! What must never be printed: secrets, however they are encoded, and personal data. Knows values, not where they are
//! used.

pub mod encodings;
pub mod personal_data;
pub mod redactor;
