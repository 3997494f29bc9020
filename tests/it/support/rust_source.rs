//! Just enough of Rust's grammar to find paths that start at the crate's root: comments and literals fall away, `use` trees are
//! followed, and `super` is counted from the module in which it stands.

/// A piece of source code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    Word(&'a str),
    /// `::`
    Path,
    Mark(char),
}

/// Splits `source` into words and marks, without comments, literals and white space.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(len) = raw_string(rest) {
            len
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' {
            quote_or_lifetime(rest)
        } else if rest.starts_with("::") {
            found.push(Token::Path);
            2
        } else if is_word(first) {
            let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            found.push(Token::Word(&rest[..len]));
            len
        } else {
            if !first.is_whitespace() {
                found.push(Token::Mark(first));
            }
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    found
}

/// The top modules, or items of the root, that the code of the module `location` names by a path from the root. `*` stands
/// for the whole root. In the root itself, a path that starts with one of `modules` counts too.
pub fn mentions(tokens: &[Token<'_>], location: &[&str], modules: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    // The depths of braces at which inline modules were opened.
    let mut inline = Vec::new();
    let mut depth = 0;
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let starts_a_path = i == 0 || tokens[i - 1] != Token::Path;
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => {
                depth -= 1;
                inline.retain(|opened| *opened <= depth);
            }
            Token::Word("mod") if matches!(tokens.get(i + 2), Some(Token::Mark('{'))) => inline.push(depth + 1),
            Token::Word("crate" | "m2m") if starts_a_path && !is_visibility(tokens, i) => {
                i += 1;
                if tokens.get(i) == Some(&Token::Path) {
                    roots(tokens, i + 1, &mut found);
                } else if tokens.get(i) == Some(&Token::Word("as")) {
                    found.push("*".to_owned());
                }
                continue;
            }
            Token::Word("super" | "self") if starts_a_path => {
                let mut levels = location.len() + inline.len();
                while let (Some(Token::Word(word @ ("super" | "self"))), Some(Token::Path)) =
                    (tokens.get(i), tokens.get(i + 1))
                {
                    levels -= usize::from(*word == "super").min(levels);
                    i += 2;
                }
                if levels == 0 {
                    roots(tokens, i, &mut found);
                } else if tokens.get(i).is_some_and(|token| matches!(token, Token::Word("super" | "self"))) {
                    i += 1;
                }
                continue;
            }
            Token::Word(word) if starts_a_path && location.is_empty() && modules.contains(word) => {
                found.extend((tokens.get(i + 1) == Some(&Token::Path)).then(|| (*word).to_owned()));
            }
            _ => {}
        }
        i += 1;
    }
    found.retain(|name| name != "self");
    found
}

/// Collects the first words of the path, or of the group of paths, that begins at `i`.
fn roots(tokens: &[Token<'_>], i: usize, found: &mut Vec<String>) {
    match tokens.get(i) {
        Some(Token::Word(word)) => found.push((*word).to_owned()),
        Some(Token::Mark('*')) => found.push("*".to_owned()),
        Some(Token::Mark('{')) => {
            let mut depth = 0;
            for (at, token) in tokens.iter().enumerate().skip(i) {
                let first = matches!(tokens[at - 1], Token::Mark('{' | ','));
                match token {
                    Token::Mark('{') => depth += 1,
                    Token::Mark('}') => depth -= 1,
                    Token::Word(word) if depth == 1 && first => found.push((*word).to_owned()),
                    Token::Mark('*') if depth == 1 && first => found.push("*".to_owned()),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Whether the word at `i` is that of `pub(crate)`.
fn is_visibility(tokens: &[Token<'_>], i: usize) -> bool {
    tokens.get(i + 1) == Some(&Token::Mark(')'))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut i = 0;
    while i < text.len() {
        let rest = &text.as_bytes()[i..];
        if rest.starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    text.len()
}

/// The length of the raw string, or of the raw byte string, at the start of `text`.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix).unwrap_or_default().trim_start_matches('#');
        text.starts_with(prefix) && rest.starts_with('"')
    })?;
    let hashes = text[prefix.len()..].find('"')?;
    let start = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// A character literal, or the tick of a lifetime.
fn quote_or_lifetime(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    let (second, third) = (chars.next(), chars.next());
    if second == Some('\\') || third == Some('\'') { quoted(text, '\'') } else { 1 }
}
