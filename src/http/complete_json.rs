//! Whether a body that ended without a length and without TLS close_notify can have been cut unseen: one JSON object or
//! array whose last bracket has come cannot. Refuses to check whether it is valid JSON, which is for those who read it.

use crate::platform::json::StringTracker;

/// Follows a body chunk by chunk.
#[derive(Default)]
pub struct CompleteJson {
    strings: StringTracker,
    depth: usize,
    state: State,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Before,
    Inside,
    Complete,
    /// It is something else, or more than one document.
    Other,
}

impl CompleteJson {
    /// Takes the next chunk.
    pub fn feed(&mut self, chunk: &[u8]) {
        for &byte in chunk {
            if self.state == State::Other {
                return;
            }
            let in_string = self.strings.holds(byte);
            self.state = match (self.state, byte) {
                (State::Inside, b'{' | b'[') if !in_string => {
                    self.depth += 1;
                    State::Inside
                }
                (State::Inside, b'}' | b']') if !in_string => {
                    self.depth -= 1;
                    if self.depth == 0 { State::Complete } else { State::Inside }
                }
                (State::Inside, _) => State::Inside,
                (State::Before, b'{' | b'[') => {
                    self.depth = 1;
                    State::Inside
                }
                // White space, and a byte order mark before the text.
                (state, b' ' | b'\t' | b'\r' | b'\n') => state,
                (State::Before, 0xef | 0xbb | 0xbf) => State::Before,
                _ => State::Other,
            };
        }
    }

    /// Whether one object or array has come, and nothing after it but white space.
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_whole_object_or_array_is_complete() {
        for (text, expected) in [
            ("{}", true),
            (" [1, {\"a\": [\"]\", \"}\\\"\"]}] \r\n", true),
            ("\u{feff}{\"a\":1}", true),
            ("", false),
            ("{", false),
            ("{\"a\":\"}", false),
            ("{\"a\":\"}\\\"", false),
            ("[[]", false),
            ("{}{}", false),
            ("{}\n{}", false),
            ("12", false),
            ("\"text\"", false),
            ("null", false),
            ("<html>{}</html>", false),
            ("x{}", false),
        ] {
            for size in 1..4 {
                let mut body = CompleteJson::default();
                text.as_bytes().chunks(size).for_each(|chunk| body.feed(chunk));
                assert_eq!(body.is_complete(), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn no_part_of_a_document_is_complete() {
        let text = br#"{"a":["\\\"]}",{"b":[]},"}"],"c":{}}"#;
        for end in 0..text.len() {
            let mut body = CompleteJson::default();
            body.feed(&text[..end]);
            assert!(!body.is_complete(), "{end}");
        }
    }
}
