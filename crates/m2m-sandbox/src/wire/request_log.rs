//! The request log: one JSON line per request.
//!
//! Headers, bodies and query strings are never written: secrets, tokens, CPFs and logins are there.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use hyper::{Method, StatusCode};
use serde::Serialize;

/// A path segment with this many digits could be a CPF, and is not written.
const REDACTED_DIGITS: usize = 9;

/// The log file, if there is one.
pub(crate) struct RequestLog(Option<Mutex<File>>);

#[derive(Serialize)]
struct Line<'a> {
    server: &'a str,
    /// The number of the connection, from 1, across all servers.
    connection: u64,
    method: &'a str,
    path: &'a str,
    /// `null` when the client got no response.
    status: Option<u16>,
}

impl RequestLog {
    /// A log that writes nothing.
    pub(crate) const fn disabled() -> Self {
        Self(None)
    }

    /// Opens `path` to append to it; a new file is readable by its owner alone.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self(Some(Mutex::new(options.open(path)?))))
    }

    /// Writes one line in one piece. A failure is ignored.
    pub(crate) fn record(
        &self,
        (server, connection): (&str, u64),
        method: &Method,
        path: &str,
        status: Option<StatusCode>,
    ) {
        let Some(file) = &self.0 else { return };
        let line = serde_json::to_string(&Line {
            server,
            connection,
            method: method.as_str(),
            path: &redact_path(path),
            status: status.map(|status| status.as_u16()),
        });
        if let (Ok(mut line), Ok(mut file)) = (line, file.lock()) {
            line.push('\n');
            // `File` has no buffer of its own, so there is nothing to flush.
            let _ = file.write_all(line.as_bytes());
        }
    }
}

/// `path` with `*` for each segment that may hold a document number.
fn redact_path(path: &str) -> String {
    path.split('/')
        .map(|segment| {
            let digits = segment.bytes().filter(u8::is_ascii_digit).count();
            if digits < REDACTED_DIGITS { segment } else { "*" }
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_without_document_numbers() {
        for (path, kept) in [
            ("/v1/participants/me/balance", "/v1/participants/me/balance"),
            ("/", "/"),
            ("/v1/participants/52998224725", "/v1/participants/*"),
            ("/v1/participants/529.982.247-25/x", "/v1/participants/*/x"),
        ] {
            assert_eq!(redact_path(path), kept);
        }
    }
}
