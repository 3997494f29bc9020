//! What an API's own error codes mean, as data of a preset: class of exit, whether it may pass, whose move it is. The data are
//! text, read when a code has come: thousands of pointers would cost every start of the program. Refuses to read an answer:
//! that is `api::refusal`'s.

use crate::platform::error::ErrorKind;

/// CloudLoyalty's codes; the file says where they come from, and how it is written.
pub const CLOUDLOYALTY: &str = include_str!("cloudloyalty_codes.txt");

/// The meaning of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeMeaning {
    /// The code.
    pub code: &'static str,
    /// The class of failure.
    pub kind: ErrorKind,
    /// Whose move it is: the integrator's, the operator's, or the participant's.
    pub owner: &'static str,
    /// Whether it may pass by itself, so that a GET is repeated.
    pub may_pass: bool,
    /// In one sentence, as the message of an error.
    pub meaning: &'static str,
    /// What to try.
    pub hint: Option<&'static str>,
    /// The sub-codes that may come along, with their meaning.
    pub details: Vec<(&'static str, &'static str)>,
}

/// The meaning of a code, if the table has it.
pub fn find(table: &'static str, code: &str) -> Option<CodeMeaning> {
    all(table).into_iter().find(|known| known.code == code)
}

/// All codes of a table, in its order.
pub fn all(table: &'static str) -> Vec<CodeMeaning> {
    let mut codes: Vec<CodeMeaning> = Vec::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("  "), codes.last_mut()) {
            (Some(detail), Some(code)) => code.details.extend(detail.split_once(' ')),
            _ => codes.extend(code(line)),
        }
    }
    codes
}

fn code(line: &'static str) -> Option<CodeMeaning> {
    let (code, rest) = line.split_once(' ')?;
    let (kind, rest) = rest.split_once(' ')?;
    let (owner, rest) = rest.split_once(' ')?;
    let kind = match kind {
        "bad_response" => ErrorKind::BadResponse,
        "not_found" => ErrorKind::NotFound,
        _ => ErrorKind::ApiRefused,
    };
    let may_pass = rest.starts_with("may-pass ");
    let rest = rest.strip_prefix("may-pass ").unwrap_or(rest);
    let (meaning, hint) = rest.split_once(" | ").map_or((rest, None), |(meaning, hint)| (meaning, Some(hint)));
    Some(CodeMeaning { code, kind, owner, may_pass, meaning, hint, details: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_codes_are_in_order_and_read_as_messages() {
        let codes = all(CLOUDLOYALTY);
        let lines = CLOUDLOYALTY.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(codes.iter().map(|code| 1 + code.details.len()).sum::<usize>(), lines);
        let numbers: Vec<u32> = codes.iter().map(|code| code.code.parse().unwrap()).collect();
        assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
        for code in &codes {
            assert!(code.meaning.starts_with(|c: char| c.is_lowercase()), "{}", code.code);
            assert!(!code.meaning.ends_with('.'), "{}", code.code);
            assert!(["integrator", "operator", "participant"].contains(&code.owner), "{}", code.code);
        }
        for line in CLOUDLOYALTY.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
            let kind = line.split(' ').nth(1).unwrap();
            assert!(["api_refused", "bad_response", "not_found"].contains(&kind), "{line}");
        }
    }

    #[test]
    fn a_code_has_its_hint_and_details() {
        let code = find(CLOUDLOYALTY, "332").unwrap();
        assert!(code.hint.unwrap().contains("@balance") && !code.may_pass);
        assert!(find(CLOUDLOYALTY, "100").unwrap().may_pass);
        assert!(find(CLOUDLOYALTY, "322").unwrap().details.contains(&("29", "the CEP is missing or invalid")));
        assert_eq!(find(CLOUDLOYALTY, "1"), None);
    }
}
