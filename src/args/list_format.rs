//! `-o text|json` of the commands that list things.

use clap::Args;

/// How a list is printed.
#[derive(Args, Clone, Debug, Default)]
pub struct ListFormat {
    /// What to print: text, json
    #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

impl ListFormat {
    /// Whether JSON is asked for.
    pub fn is_json(&self) -> bool {
        self.output == "json"
    }
}
