//! Mistakes in the arguments as our own errors, so that they can be JSON too. A stray value is never repeated: it may
//! be a secret or a CPF that lost its flag.

use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};

use crate::platform::error::Error;
use crate::platform::text;

/// Turns clap's error into ours; `command` is the one that was called, as far as the arguments name one.
pub fn from_clap(error: &clap::Error, command: &str) -> Error {
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        Some(ContextValue::StyledStr(text)) => Some(text.to_string()),
        _ => None,
    };
    let argument = said(ContextKind::InvalidArg).unwrap_or_default();
    let ours = match error.kind() {
        ClapKind::UnknownArgument => Error::usage(describe_unknown_argument(&argument)),
        ClapKind::InvalidSubcommand => {
            let name = said(ContextKind::InvalidSubcommand).unwrap_or_default();
            if is_word(&name) {
                Error::usage(format!("there is no command `{name}`"))
            } else {
                Error::usage("the first argument is not a command (not shown)")
            }
        }
        ClapKind::InvalidValue if said(ContextKind::InvalidValue).is_none_or(|v| v.is_empty()) => {
            Error::usage(format!("`{argument}` needs a value"))
        }
        ClapKind::InvalidValue | ClapKind::ValueValidation => {
            let value = said(ContextKind::InvalidValue).filter(|v| is_word(v) || is_small_number(v));
            let ours = Error::usage(value.map_or_else(
                || format!("`{argument}` has a value that is not valid (not shown)"),
                |v| format!("`{argument}` cannot be `{v}`"),
            ));
            match std::error::Error::source(error).filter(|_| error.kind() == ClapKind::ValueValidation) {
                Some(why) => ours.cause(why.to_string()),
                None => ours,
            }
        }
        ClapKind::ArgumentConflict => {
            let other = said(ContextKind::PriorArg).unwrap_or_default();
            if other == argument {
                Error::usage(format!("`{argument}` is given more than once"))
            } else {
                Error::usage(format!("`{argument}` cannot be used together with `{other}`"))
            }
        }
        ClapKind::MissingRequiredArgument => Error::usage(format!("something is missing: {argument}")),
        ClapKind::TooFewValues | ClapKind::WrongNumberOfValues | ClapKind::NoEquals => {
            Error::usage(format!("`{argument}` needs a value"))
        }
        ClapKind::TooManyValues => Error::usage(format!("`{argument}` has too many values (not shown)")),
        ClapKind::InvalidUtf8 => Error::usage("an argument is not UTF-8"),
        ClapKind::MissingSubcommand | ClapKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Error::usage("a command is missing")
        }
        _ => Error::usage("the arguments are not valid"),
    };
    let mut ours = ours;
    if let Some(values) = said(ContextKind::ValidValue).filter(|v| !v.is_empty()) {
        ours = ours.cause(format!("the values are {values}"));
    }
    let suggestions = [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ];
    // What clap suggests may be far from what was typed, and have nothing to do with it.
    let near = suggestions.into_iter().find_map(|(typed, near)| {
        let (typed, near) = (said(typed)?, said(near)?);
        text::is_similar(typed.split('=').next().unwrap_or_default(), &near).then_some(near)
    });
    if let Some(near) = near {
        ours = ours.hint(format!("did you mean `{near}`?"));
    }
    if command == "m2m exec" && error.kind() == ClapKind::UnknownArgument && !argument.starts_with('-') {
        ours = ours.hint("put `--` before the program: `m2m exec -- PROGRAM ARGS`");
    }
    ours.hint(format!("`{command} --help` shows what there is"))
}

/// Names a flag that does not exist, less its value; says no more of a stray value than that it is one.
fn describe_unknown_argument(argument: &str) -> String {
    let name = argument.split('=').next().unwrap_or_default();
    let flag = name.strip_prefix("--").or_else(|| name.strip_prefix('-').filter(|short| short.chars().count() == 1));
    match flag {
        Some(word) if is_word(word) => format!("there is no flag `{name}` here"),
        _ => "there is an argument too many (not shown, it could be a secret)".into(),
    }
}

/// Whether a text is a number too short to be a CPF or any other identifier.
fn is_small_number(text: &str) -> bool {
    (1..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b))
}

/// Whether a text is plainly a word of the command line, not a value.
fn is_word(text: &str) -> bool {
    (1..=24).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_')
}
