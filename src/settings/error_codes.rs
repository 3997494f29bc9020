//! What an API's own error codes mean, as data of a preset: class of exit, whether it may pass, whose move it is. Refuses to
//! read an answer: that is `api::refusal`'s.

use crate::platform::error::ErrorKind;

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Whoever makes the call.
    Integrator,
    /// Whoever runs the API.
    Operator,
    /// The participant for whom the call was made.
    Participant,
}

impl Owner {
    /// In a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integrator => "integrator",
            Self::Operator => "LTM",
            Self::Participant => "participant",
        }
    }
}

/// The meaning of one code.
#[derive(Debug)]
pub struct CodeMeaning {
    /// The code.
    pub code: &'static str,
    /// The class of failure.
    pub kind: ErrorKind,
    /// Whether it may pass by itself, so that a GET is repeated.
    pub may_pass: bool,
    /// Whose move it is.
    pub owner: Owner,
    /// In one sentence, as the message of an error.
    pub meaning: &'static str,
    /// What to try.
    pub hint: Option<&'static str>,
    /// The sub-codes that may come along.
    pub details: &'static [(&'static str, &'static str)],
}

impl CodeMeaning {
    /// A code that does not pass by itself, without a hint.
    pub const fn new(code: &'static str, kind: ErrorKind, owner: Owner, meaning: &'static str) -> Self {
        Self { code, kind, may_pass: false, owner, meaning, hint: None, details: &[] }
    }

    /// It may pass by itself.
    pub const fn may_pass(mut self) -> Self {
        self.may_pass = true;
        self
    }

    /// What to try.
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The sub-codes that may come along.
    pub const fn details(mut self, details: &'static [(&'static str, &'static str)]) -> Self {
        self.details = details;
        self
    }
}

/// The table of codes for the documentation, in Markdown.
pub fn markdown(codes: &[CodeMeaning], kind_name: impl Fn(ErrorKind) -> (u8, &'static str)) -> String {
    let mut out =
        String::from("| Code | Meaning | Exit | May pass | Whose move | What to try |\n|---|---|---|---|---|---|\n");
    for code in codes {
        let (exit, kind) = kind_name(code.kind);
        let pass = if code.may_pass { "yes" } else { "no" };
        out.push_str(&format!(
            "| {} | {} | {exit} `{kind}` | {pass} | {} | {} |\n",
            code.code,
            code.meaning,
            code.owner.name(),
            code.hint.unwrap_or("-")
        ));
    }
    for code in codes.iter().filter(|code| !code.details.is_empty()) {
        let details: Vec<String> = code.details.iter().map(|(sub, meaning)| format!("{sub} {meaning}")).collect();
        out.push_str(&format!("\nSub-codes of {}: {}.\n", code.code, details.join("; ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::settings::cloudloyalty_codes::CODES;

    #[test]
    fn codes_are_in_order_and_unique_and_read_as_messages() {
        let numbers: Vec<u32> = CODES.iter().map(|code| code.code.parse().unwrap()).collect();
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
        for code in CODES {
            assert!(!code.meaning.ends_with('.') && !code.meaning.is_empty(), "{}", code.code);
            assert!(code.meaning.starts_with(|c: char| c.is_lowercase()), "{}", code.code);
        }
    }
}
