//! JSON for stdout: as it was sent on a pipe, on indented lines for a person. Only white space ever changes.

use crate::platform::host::Host;
use crate::platform::json;

/// A JSON text ready to be printed. A known secret in it is hidden: a server that echoes one must not make us print it.
pub fn passed_through(host: &Host, text: &str) -> Vec<u8> {
    let shown = if host.ui.stdout_is_terminal() { json::indented(text) } else { text.trim().to_owned() };
    let mut bytes = host.ui.redactor.clean(shown.as_bytes()).into_owned();
    bytes.push(b'\n');
    bytes
}
