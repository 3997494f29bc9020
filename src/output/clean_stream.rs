//! A body on its way to stdout, piece by piece, with known secrets hidden even where one is cut in two. A server that
//! echoes a credential must not make us print it.

use crate::platform::redaction::redactor::Redactor;

/// Holds back no more of a body than could be the beginning of a secret or of a character, so that a slow body is seen
/// as it comes.
pub struct CleanStream<'r> {
    redactor: &'r Redactor,
    held: Vec<u8>,
}

impl<'r> CleanStream<'r> {
    /// A stream with nothing in it.
    pub fn new(redactor: &'r Redactor) -> Self {
        Self { redactor, held: Vec::new() }
    }

    /// Takes a piece and gives what can be printed.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let settled = self.redactor.safe_prefix_len(&self.held).min(whole_characters(&self.held));
        let ready = self.redactor.clean(&self.held[..settled]).into_owned();
        self.held.drain(..settled);
        ready
    }

    /// Gives the rest.
    pub fn finish(&mut self) -> Vec<u8> {
        self.redactor.clean(&std::mem::take(&mut self.held)).into_owned()
    }
}

/// The length without a character at the end that has only begun.
fn whole_characters(bytes: &[u8]) -> usize {
    // The first byte of a character says how long it is; no other looks like one.
    let tail = bytes.len().saturating_sub(3);
    let begun = bytes[tail..].iter().rposition(|b| *b >= 0xc0).map(|at| tail + at);
    let is_torn =
        |at: &usize| std::str::from_utf8(&bytes[*at..]).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none());
    begun.filter(is_torn).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secret::Secret;

    #[test]
    fn what_cannot_be_a_secret_is_not_held_back() {
        let redactor = Redactor::default();
        redactor.register_secret(&Secret::new("s3cr3t-value".into()));
        let mut stream = CleanStream::new(&redactor);
        assert_eq!(stream.push(b"data: 1\n"), b"data: 1\n");
        assert_eq!(stream.push(b"data: s3cr"), b"data: ");
        assert_eq!(stream.push(b"umb"), b"s3crumb");
    }

    #[test]
    fn a_character_cut_in_two_waits_for_its_end() {
        let redactor = Redactor::default();
        let mut stream = CleanStream::new(&redactor);
        assert_eq!(stream.push(b"n\xc3"), b"n");
        assert_eq!(stream.push(b"\xa3o \xe2\x82"), "ão ".as_bytes());
        assert_eq!(stream.push(b"\xff\x80"), b"\xe2\x82\xff\x80");
        assert_eq!(stream.push(b"\xf0\x9f\x94"), b"");
        assert_eq!(stream.finish(), b"\xf0\x9f\x94");
    }

    #[test]
    fn a_secret_cut_in_two_is_hidden() {
        let redactor = Redactor::default();
        redactor.register_secret(&Secret::new("s3cr3t-value".into()));
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
