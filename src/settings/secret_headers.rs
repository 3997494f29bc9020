//! Extra headers whose values may be secrets: of API calls (`headers`) and of the token request (`token_headers`). Checks
//! their names, reads their values late, and shows none.

use reqwest::header::{HeaderMap, HeaderName};

use crate::http::message::visible_ascii;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::secrets::source::{SecretKind, SecretSource};
use crate::settings::key::SettingKey;
use crate::settings::resolved::Settings;

/// Headers that belong to the request itself.
pub const RESERVED: [&str; 6] =
    ["authorization", "content-length", "host", "transfer-encoding", "connection", "user-agent"];

/// Names, with where the values come from.
#[derive(Clone, Debug, Default)]
pub struct SecretHeaders(Vec<(HeaderName, SecretSource, String)>);

impl SecretHeaders {
    /// Reads and checks the names of a setting.
    ///
    /// # Errors
    /// Usage: a name is no header name, or belongs to the request itself.
    pub fn resolve(settings: &Settings, key: SettingKey) -> Result<Self> {
        let mut headers = Self::default();
        for (name, source) in settings.secret_pairs(key) {
            let (setting, origin) = (key.name(), settings.origin(key));
            let parsed: HeaderName = name
                .parse()
                .map_err(|_| Error::usage(format!("`{setting}.{name}` (from {origin}) is not a header name")))?;
            let of_the_body = key == SettingKey::TokenHeaders && parsed == reqwest::header::CONTENT_TYPE;
            if RESERVED.contains(&parsed.as_str()) || of_the_body {
                return Err(Error::usage(format!("`{setting}` cannot set `{name}` (from {origin})"))
                    .hint("the request itself sets it"));
            }
            let what = format!("header {parsed}");
            headers.add(parsed, source.clone(), what);
        }
        Ok(headers)
    }

    /// Adds a header; `what` names its value in errors.
    pub fn add(&mut self, name: HeaderName, source: SecretSource, what: String) {
        self.0.push((name, source, what));
    }

    /// Each name with a description of where its value comes from.
    pub fn describe(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(name, source, _)| format!("{name} {}", source.describe()))
    }

    /// Reads the values; none is ever shown.
    ///
    /// # Errors
    /// Usage: a value cannot be read, or cannot be sent as a header.
    pub async fn read(&self, host: &Host, deadline: &Deadline) -> Result<HeaderMap> {
        let mut map = HeaderMap::new();
        for (name, source, what) in &self.0 {
            let secret = source.read(host, SecretKind::Text, what, deadline).await?;
            let mut value = visible_ascii(secret.expose(), &format!("the {what}"))?;
            value.set_sensitive(true);
            map.insert(name.clone(), value);
        }
        Ok(map)
    }
}
