//! Headers as a config for `curl -K -`, and as plain lines.

/// Lines of `header = ".."`, quoted as curl reads them.
pub fn curl<'h>(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> String {
    headers
        .into_iter()
        .map(|(name, value)| format!("header = \"{name}: {}\"\n", value.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect()
}

/// Lines of `Name: value`.
pub fn lines<'h>(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> String {
    headers.into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn curl_values_are_quoted() {
        assert_eq!(super::curl([("X", r#"a"b\c"#)]), "header = \"X: a\\\"b\\\\c\"\n");
    }
}
