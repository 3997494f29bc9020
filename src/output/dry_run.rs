//! `--dry-run`: the settings with their origins, and the token request as a curl command. Nothing is sent, no secret
//! is read, no command is run.

use crate::http::message::Request;
use crate::output::columns;
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::platform::redaction::redactor::HIDDEN;
use crate::platform::shell;
use crate::settings::resolved::Settings;
use crate::settings::table;
use crate::tokens::credentials::STAND_IN;
use crate::tokens::source::TokenSource;

/// What would be done, in lines.
///
/// # Errors
/// Usage: the request cannot be built.
pub fn render(host: &Host, settings: &Settings, source: &TokenSource) -> Result<String> {
    let rows = table::rows(host, settings);
    let mut out = format!(
        "# settings of {}\n",
        settings.profile.as_ref().map_or("no profile".to_owned(), |p| format!("profile `{p}`"))
    );
    out.push_str(&columns::aligned(rows.into_iter().map(|row| [row.name.to_owned(), row.value, row.origin])));
    out.push_str("\n# token request (nothing was sent)\n");
    let (request, note) = source.preview()?;
    if let Some(note) = note {
        out.push_str(&format!("# {note}\n"));
    }
    out.push_str(&curl(&request));
    Ok(host.ui.redactor.hide(&out))
}

/// A request as a curl command, secrets hidden.
fn curl(request: &Request) -> String {
    let mut lines = vec![format!("curl -X {} {}", request.method, shell::quote(&request.display_url))];
    for (name, value) in &request.headers {
        let scheme = value.to_str().unwrap_or_default().split(' ').next().unwrap_or_default();
        let shown = if value.is_sensitive() {
            format!("{scheme} {HIDDEN}")
        } else {
            value.to_str().unwrap_or_default().to_owned()
        };
        lines.push(format!("-H {}", shell::quote(&format!("{name}: {shown}"))));
    }
    if let Some(body) = &request.body {
        lines.push(format!("--data {}", shell::quote(&String::from_utf8_lossy(body).replace(STAND_IN, HIDDEN))));
    }
    format!("{}\n", lines.join(" \\\n  "))
}
