//! What may appear on stderr: lines that begin with one of the program's own prefixes, without control characters.

/// What a line of stderr may begin with.
pub const LINE_PREFIXES: [&str; 8] =
    ["error: ", "  cause: ", "  hint: ", "warning: ", "note: ", "m2m: ", "< ", "{\"error\":{"];

/// Whether a terminal obeys a character, or does not show it.
pub fn is_control_or_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
