//! Values that a template, a pipeline, or a copy left unfinished: placeholders, variables that nothing expanded, quotes that
//! were kept. Only recognizes them; whether one is an error is for those who know the setting.

/// A variable of a shell or pipeline that nothing expanded: `${NAME}`, `$(Name)`, `%NAME%` as the whole value.
pub fn unexpanded_variable(text: &str) -> Option<&str> {
    let enclosed = [("${", '}'), ("$(", ')')].into_iter().find_map(|(begin, end)| {
        let start = text.find(begin)?;
        let length = text[start..].find(end)?;
        Some(&text[start..=start + length])
    });
    let percent = || {
        let name = text.strip_prefix('%')?.strip_suffix('%')?;
        (!name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')).then_some(text)
    };
    enclosed.or_else(percent)
}

/// A name in braces that nothing filled in: `{tenant}`.
pub fn braces(text: &str) -> Option<&str> {
    let start = text.find('{')?;
    let inside = &text[start + 1..start + text[start..].find('}')?];
    let is_name = !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_ .".contains(&b));
    is_name.then(|| &text[start..start + inside.len() + 2])
}

/// The stand-in of a sample that is the whole value: `<client id>`, `CHANGEME`, `your-client-id`, `***`.
pub fn sample(text: &str) -> Option<&str> {
    let upper = text.to_ascii_uppercase();
    let stands_in = (text.starts_with('<') && text.ends_with('>'))
        || ["CHANGEME", "CHANGE_ME", "CHANGE-ME", "TODO", "REPLACE_ME", "REPLACEME"].contains(&upper.as_str())
        || ["YOUR-", "YOUR_", "YOUR "].iter().any(|beginning| upper.starts_with(beginning))
        || (text.len() > 1 && text.bytes().all(|b| b == b'*'));
    stands_in.then_some(text)
}

/// Anything of the above.
pub fn any(text: &str) -> Option<&str> {
    unexpanded_variable(text).or_else(|| braces(text)).or_else(|| sample(text))
}

/// Whether quotes enclose the whole value: a file or pipeline that keeps them.
pub fn is_quoted(text: &str) -> bool {
    text.len() > 1 && ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
}

/// Characters that hardly any secret has and that editors and scripts leave behind.
pub fn stray_characters(text: &str) -> Option<&'static str> {
    if text.trim() != text {
        Some("begins or ends with white space")
    } else if text.chars().any(char::is_control) {
        Some("holds a line end or another control character")
    } else {
        None
    }
}

/// What about a secret makes it likely that it is not the secret itself, in words that show nothing of it.
pub fn suspicious_secret(text: &str) -> Option<&'static str> {
    let is_name =
        |name: &str| name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if let Some(oddity) = stray_characters(text) {
        Some(oddity)
    } else if is_quoted(text) {
        Some("begins and ends with a quote")
    } else if unexpanded_variable(text).is_some() {
        Some("looks like a variable that was not expanded")
    } else if sample(text).is_some() || braces(text) == Some(text) {
        Some("looks like a placeholder")
    } else if ["op://", "vault:", "arn:aws:secretsmanager:", "projects/"].iter().any(|scheme| text.starts_with(scheme))
    {
        Some("looks like a reference to a secret store")
    } else if text.split_once('=').is_some_and(|(name, value)| is_name(name) && !value.trim_matches('=').is_empty()) {
        Some("looks like `NAME=VALUE`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_filled_in_is_recognized() {
        for (text, found) in [
            ("https://${HOST}/token", Some("${HOST}")),
            ("$(ClientId)", Some("$(ClientId)")),
            ("%CLIENT_ID%", Some("%CLIENT_ID%")),
            ("https://h/{tenant}/t", Some("{tenant}")),
            ("<audience>", Some("<audience>")),
            ("CHANGEME", Some("CHANGEME")),
            ("your-client-id", Some("your-client-id")),
            ("***", Some("***")),
            ("https://h/a%20b", None),
            ("a<b", None),
            ("$pecial{}", None),
            ("{\"a\":1}", None),
            ("100%", None),
        ] {
            assert_eq!(any(text), found, "{text}");
        }
    }

    #[test]
    fn a_secret_that_is_likely_none_is_suspected() {
        for text in [
            "\"s3cret\"",
            "'s'",
            "${SECRET}",
            "$(Secret)",
            "CLIENT_SECRET=abc",
            "op://vault/item",
            "a\nb",
            " a",
            "***",
            "<secret>",
        ] {
            assert!(suspicious_secret(text).is_some(), "{text}");
        }
        for text in ["s3cr3t+/==", "abc=def", "QUJD==", "a\"b", "p{a}ss", "AB1C="] {
            assert_eq!(suspicious_secret(text), None, "{text}");
        }
    }
}
