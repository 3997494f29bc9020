//! Values to bytes: the formats of stdout. Pure: reads no setting and sends nothing.

pub mod check_report;
pub mod clean_stream;
pub mod columns;
pub mod curl_config;
pub mod dry_run;
pub mod json_text;
pub mod ndjson;
pub mod redact_participant;
pub mod token_format;
