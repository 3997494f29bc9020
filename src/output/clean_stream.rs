//! A body on its way to stdout, piece by piece, with known secrets hidden even where one is cut in two. A server that
//! echoes a credential must not make us print it.

use crate::platform::redactor::{HIDDEN, Redactor};

/// Holds back as much of a body as the beginning of a secret could be.
pub struct CleanStream<'r> {
    redactor: &'r Redactor,
    held: Vec<u8>,
    longest: usize,
}

impl<'r> CleanStream<'r> {
    /// A stream with nothing in it.
    #[must_use]
    pub fn new(redactor: &'r Redactor) -> Self {
        Self { redactor, held: Vec::new(), longest: redactor.longest() }
    }

    /// Takes a piece and gives what can be printed.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        self.replace();
        let keep = self.longest.saturating_sub(1).min(self.held.len());
        let ready = self.held.len() - keep;
        self.held.drain(..ready).collect()
    }

    /// Gives the rest.
    pub fn finish(&mut self) -> Vec<u8> {
        self.replace();
        std::mem::take(&mut self.held)
    }

    fn replace(&mut self) {
        self.held = self.redactor.hide_bytes(std::mem::take(&mut self.held), HIDDEN.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secret::Secret;

    #[test]
    fn a_secret_cut_in_two_is_hidden() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("s3cr3t-value".into()));
        for cut in 0..28 {
            let body = b"before s3cr3t-value after \xff";
            let mut stream = CleanStream::new(&redactor);
            let at = cut.min(body.len());
            let mut out = stream.push(&body[..at]);
            out.extend(stream.push(&body[at..]));
            out.extend(stream.finish());
            assert_eq!(out, b"before [hidden] after \xff");
        }
    }
}
