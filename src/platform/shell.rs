//! Words for a POSIX shell. Quoting itself is shlex's.

use std::borrow::Cow;

/// A word that a POSIX shell reads as `word`. A NUL, which no argument can hold, is dropped.
pub fn quote(word: &str) -> Cow<'_, str> {
    match shlex::try_quote(word) {
        Ok(quoted) => quoted,
        Err(_) => Cow::Owned(quote(&word.replace('\0', "")).into_owned()),
    }
}
