//! A string that must not be shown. Made the moment a secret is read, opened only where it goes on the wire or to
//! a stdout that asked for it.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: a client secret, a subscription key, an access token. `Debug` says nothing, there is no `Display`, no
/// comparison and no serialisation; the memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the value over.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself. Every call of this is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
