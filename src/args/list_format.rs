//! `-o text|json` of the commands that list things.

use clap::{Args, ValueEnum};

/// How a list is printed.
#[derive(Args, Clone, Debug, Default)]
pub struct ListFormat {
    /// What to print: text, json
    #[arg(short, long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    output: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

impl ListFormat {
    /// Whether JSON is asked for.
    pub fn is_json(&self) -> bool {
        self.output == Format::Json
    }
}
