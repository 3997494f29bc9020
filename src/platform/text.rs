//! Makes foreign text fit for a terminal or a CI log: control, invisible and direction-changing characters are
//! escaped, long text is cut. Refuses to decide what is secret: that is the redactor's.

use std::borrow::Cow;

/// Replaces hidden text.
pub const HIDDEN: &str = "[hidden]";

/// How much of a server's text a person gets to see, in characters.
pub const QUOTE_LIMIT: usize = 512;

/// Escapes everything that could move a cursor, start a line or hide itself: C0, DEL, C1, line and paragraph
/// separators, and format characters (bidirectional controls, zero width, tags). Also the second of two `#`: CI systems
/// obey `##[command]` (GitHub) and `##vso[command]` (Azure Pipelines) wherever they stand in a line of a log.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '#' if out.ends_with('#') => out.push_str("\\u{23}"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Output fit for a terminal: what acts on it is written as JSON escapes it, which changes no JSON text's meaning; line
/// ends and tabs stay, and bytes that are no text become U+FFFD.
pub fn for_terminal(data: &[u8]) -> Cow<'_, [u8]> {
    // A token is nothing else, and every warm run prints one.
    if data.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return Cow::Borrowed(data);
    }
    let stays = |c: char| matches!(c, '\n' | '\t') || !is_unsafe(c);
    if std::str::from_utf8(data).is_ok_and(|text| text.chars().all(stays)) {
        return Cow::Borrowed(data);
    }
    let text = String::from_utf8_lossy(data);
    let mut out = String::with_capacity(text.len() + 16);
    let mut units = [0u16; 2];
    for (at, c) in text.char_indices() {
        if stays(c) || (c == '\r' && text[at..].starts_with("\r\n")) {
            out.push(c);
        } else {
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    Cow::Owned(out.into_bytes())
}

/// The first `limit` characters, with `…` where something was cut.
pub fn truncate(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => Cow::Owned(format!("{}…", &text[..cut])),
        None => Cow::Borrowed(text),
    }
}

/// `text` after `prefix`, broken at spaces so that no line is longer than `width`. Lines after the first are indented
/// by `indent`, of which `| ` are the last two characters: foreign text must not begin a line, leading blanks or not. A
/// word that is longer than a line stays whole, so that paths and URLs can be copied.
pub fn wrap_hanging(prefix: &str, text: &str, indent: usize, width: usize) -> String {
    let mut out = prefix.to_owned();
    let mut used = prefix.chars().count();
    let mut at_start = true;
    for word in text.split(' ') {
        let len = word.chars().count();
        if !at_start && used + 1 + len > width {
            out.push_str(&format!("\n{:>indent$}", "| "));
            used = indent;
        } else if !at_start {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += len;
        at_start = false;
    }
    out.push('\n');
    out
}

/// Whether a character must be escaped before it reaches a terminal. The ranges are Unicode's general categories Cc,
/// Cf, Zl, Zp, and the noncharacters that some terminals choke on.
fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// How alike two words are, from 0 to 1: the share of letters that stay when one is corrected into the other.
pub fn similarity(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(one, other)
}

/// Whether one word is most likely the other, mistyped.
pub fn is_similar(one: &str, other: &str) -> bool {
    similarity(one, other) >= 0.6
}

/// The known word that a mistyped one most likely means.
pub fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let near = known.iter().filter(|k| is_similar(word, k));
    near.max_by(|a, b| similarity(word, a).total_cmp(&similarity(word, b))).copied()
}

/// Bytes in small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

/// `` `a`, `b` and `c` ``.
pub fn list_quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_terminal_would_obey() {
        for (raw, shown) in [
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("abc\u{202e}fed", "abc\\u{202e}fed"),
            ("zero\u{200b}width\u{2028}", "zero\\u{200b}width\\u{2028}"),
            ("\u{7f}\0", "\\u{7f}\\u{0}"),
            ("a ##vso[task.x] #1 ###", "a #\\u{23}vso[task.x] #1 #\\u{23}#"),
        ] {
            assert_eq!(sanitize(raw), shown);
        }
    }

    #[test]
    fn leaves_ordinary_text_alone() {
        let text = "Participante não encontrado. 日本語 ✓";
        assert!(matches!(sanitize(text), Cow::Borrowed(t) if t == text));
    }

    #[test]
    fn lines_are_broken_at_spaces_and_hang() {
        assert_eq!(wrap_hanging("> ", "one two three", 4, 9), "> one two\n  | three\n");
        assert_eq!(wrap_hanging("> ", "a https://example.com/x b", 4, 9), "> a\n  | https://example.com/x\n  | b\n");
        assert_eq!(wrap_hanging("> ", "one two three", 4, usize::MAX), "> one two three\n");
        assert_eq!(wrap_hanging("> ", "", 4, 9), "> \n");
    }

    #[test]
    fn cuts_on_characters_not_bytes() {
        assert_eq!(truncate("ééé", 2), "éé…");
        assert_eq!(truncate("éé", 2), "éé");
    }

    #[test]
    fn output_acts_on_no_terminal_and_stays_json() {
        for (raw, shown) in [
            (&b"a\tb\r\nc\n"[..], "a\tb\r\nc\n"),
            (b"\"\xc2\x9b31m\x7f\xe2\x80\xae\"", "\"\\u009b31m\\u007f\\u202e\""),
            (b"\x1b[2J\r\x07", "\\u001b[2J\\u000d\\u0007"),
            (b"\xf3\xa0\x81\x81 \xff", "\\udb40\\udc41 \u{fffd}"),
        ] {
            assert_eq!(String::from_utf8_lossy(&for_terminal(raw)), shown);
        }
        assert!(matches!(for_terminal("não\n".as_bytes()), Cow::Borrowed(_)));
    }
}
