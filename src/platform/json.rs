//! JSON that passes through as it was written: members in their order with their raw text, a bound on depth, and
//! white space that may change. Refuses to know any format.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The deepest nesting accepted, as in serde_json.
pub const DEPTH_LIMIT: usize = 128;

/// A JSON object as it was written: every member in order, repeated names included.
#[derive(Clone, Debug, Default)]
pub struct Members(pub Vec<(String, Box<RawValue>)>);

impl Members {
    /// The first member of this name.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    /// How often the name occurs.
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(n, _)| n == name).count()
    }

    /// The member's text, if it is there and a string.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads a JSON text from a server: one UTF-8 byte order mark is skipped, nesting is bounded.
///
/// # Errors
/// Why it is not such a text, without quoting it: it may hold a secret.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    let body = without_bom(body);
    if too_deep(body) {
        return Err(format!("nested deeper than {DEPTH_LIMIT} levels"));
    }
    // Checked here, for serde_json passes over what it ignores.
    let text = std::str::from_utf8(body).map_err(|e| format!("not UTF-8 from byte {} on", e.valid_up_to()))?;
    serde_json::from_str(text).map_err(|e| match e.classify() {
        serde_json::error::Category::Eof => "the JSON text ends too early".to_owned(),
        serde_json::error::Category::Data => format!("unexpected JSON: {}", position(&e, true)),
        _ => format!("not JSON: {}", position(&e, false)),
    })
}

/// The text without one leading byte order mark.
pub fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// serde's message repeats values ("invalid type: string \"..\""), so only its safe ones are kept.
fn position(error: &serde_json::Error, data: bool) -> String {
    let message = error.to_string();
    let safe = ["duplicate field", "missing field"].iter().any(|known| message.starts_with(known));
    if safe {
        return message;
    }
    let what = if data { "a value of another type" } else { "a syntax error" };
    format!("{what} at line {} column {}", error.line(), error.column())
}

fn too_deep(body: &[u8]) -> bool {
    // Most texts have too few brackets for that, and counting them is quick.
    if body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= DEPTH_LIMIT {
        return false;
    }
    let (mut depth, mut strings) = (0usize, StringTracker::default());
    for &byte in body {
        match byte {
            _ if strings.holds(byte) => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_LIMIT {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Follows a JSON text byte by byte and tells strings from the rest.
#[derive(Default)]
pub struct StringTracker {
    open: bool,
    escaped: bool,
}

impl StringTracker {
    /// Whether the next byte belongs to a string, its quotes included.
    pub fn holds(&mut self, byte: u8) -> bool {
        let inside = self.open || byte == b'"';
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.open => self.escaped = true,
            b'"' => self.open = !self.open,
            _ => {}
        }
        inside
    }
}

/// The same JSON on indented lines: only white space between tokens changes.
pub fn indented(json: &str) -> String {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut strings) = (0usize, StringTracker::default());
    let bytes = json.bytes().map(|byte| (strings.holds(byte), byte));
    let mut significant = bytes.filter(|(in_string, byte)| *in_string || !byte.is_ascii_whitespace()).peekable();
    while let Some((in_string, byte)) = significant.next() {
        match byte {
            _ if in_string => out.push(byte),
            b'{' | b'[' => {
                out.push(byte);
                if let Some((_, close)) = significant.next_if(|(_, next)| matches!(next, b'}' | b']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
    }
    // Only ASCII was added between bytes that were UTF-8.
    String::from_utf8(out).unwrap_or_else(|_| json.to_owned())
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_order_and_repetition() {
        let members: Members = parse(b"\xef\xbb\xbf{\"b\":1.50,\"a\":\"x\",\"b\":2}").unwrap();
        let seen: Vec<_> = members.0.iter().map(|(n, v)| format!("{n}={}", v.get())).collect();
        assert_eq!(seen, ["b=1.50", "a=\"x\"", "b=2"]);
        assert_eq!((members.count("b"), members.text("a").as_deref()), (2, Some("x")));
    }

    #[test]
    fn depth_is_bounded_and_strings_do_not_count() {
        let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
        assert!(parse::<Box<RawValue>>(deep.as_bytes()).is_err());
        let text = format!("\"{}\\\"{}\"", "[".repeat(200), "{".repeat(200));
        assert!(parse::<Box<RawValue>>(text.as_bytes()).is_ok());
    }

    #[test]
    fn a_parse_error_never_repeats_the_text() {
        let error = parse::<std::collections::BTreeMap<String, u32>>(br#"{"a":"s3cr3t"}"#).unwrap_err();
        assert!(!error.contains("s3cr3t"), "{error}");
    }

    #[test]
    fn indenting_changes_white_space_only() {
        let json = r#"[{"a" : 1.50,"b":[ ],"c":{"d":"x, {y}: \" "}},{}]"#;
        let shown = indented(json);
        assert_eq!(
            shown,
            "[\n  {\n    \"a\": 1.50,\n    \"b\": [],\n    \"c\": {\n      \"d\": \"x, {y}: \\\" \"\n    }\n  },\n  {}\n]"
        );
    }

    #[test]
    fn what_is_passed_over_must_be_utf_8_too() {
        #[derive(serde::Deserialize)]
        struct Nothing {}
        assert!(parse::<Nothing>(b"{\"x\":\"\xe9\"}").is_err_and(|why| why.contains("UTF-8")));
        assert!(parse::<Nothing>("{\"x\":\"é\"}".as_bytes()).is_ok());
    }
}
