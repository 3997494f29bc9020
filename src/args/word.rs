//! Flags whose value is one of a fixed set of words. Help and completions know the words from here; a wrong one is refused
//! by the settings, which know where each value came from.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::settings::key::SettingKey;

/// A parser that takes any text and names the words of this setting.
#[derive(Clone)]
pub struct WordOf(pub SettingKey);

impl TypedValueParser for WordOf {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.words().iter().map(PossibleValue::new)))
    }
}
