//! The API that tokens are for: its base URL, the headers it wants, and the paths of the participant lookup.

use reqwest::header::{HeaderMap, HeaderName};

use crate::http::message::visible_ascii;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::url::Url;
use crate::secrets::source::{SecretKind, SecretSource};
use crate::settings::key::SettingKey;
use crate::settings::resolved::{Settings, missing};

/// The header that carries the key of an Azure API Management subscription.
const SUBSCRIPTION_KEY_HEADER: &str = "ocp-apim-subscription-key";
/// Headers that belong to the request itself.
pub const RESERVED: [&str; 6] =
    ["authorization", "content-length", "host", "transfer-encoding", "connection", "user-agent"];

/// An API, complete but for the values of its secret headers.
#[derive(Clone, Debug)]
pub struct Api {
    /// The base URL; a token goes to this origin only.
    pub url: Url,
    headers: Vec<(HeaderName, SecretSource)>,
}

impl Api {
    /// Reads and checks base URL and header names.
    ///
    /// # Errors
    /// Usage: `api_url` is missing or may not be used, a header's name is not one.
    pub fn resolve(settings: &Settings) -> Result<Self> {
        let url = settings.url(SettingKey::ApiUrl)?.ok_or_else(|| missing(SettingKey::ApiUrl))?;
        if url.query().is_some() {
            return Err(settings.bad(SettingKey::ApiUrl, url.as_str(), "a base URL must have no query (`?..`)"));
        }
        let mut headers = Vec::new();
        for (name, source) in settings.secret_pairs(SettingKey::Headers) {
            let parsed: HeaderName = name.parse().map_err(|_| {
                Error::usage(format!(
                    "`headers.{name}` (from {}) is not a header name",
                    settings.origin(SettingKey::Headers)
                ))
            })?;
            if RESERVED.contains(&parsed.as_str()) {
                return Err(Error::usage(format!(
                    "`headers` cannot set `{name}` (from {})",
                    settings.origin(SettingKey::Headers)
                ))
                .hint("the request itself sets it"));
            }
            headers.push((parsed, source.clone()));
        }
        if let Some(source) = settings.secret(SettingKey::SubscriptionKey) {
            headers.push((HeaderName::from_static(SUBSCRIPTION_KEY_HEADER), source.clone()));
        }
        Ok(Self { url, headers })
    }

    /// Reads the values of the headers; none is ever shown.
    ///
    /// # Errors
    /// Usage: a value cannot be read, or cannot be sent as a header.
    pub async fn read_headers(&self, host: &Host, deadline: &Deadline) -> Result<HeaderMap> {
        let mut map = HeaderMap::new();
        for (name, source) in &self.headers {
            let what = if name.as_str() == SUBSCRIPTION_KEY_HEADER {
                SettingKey::SubscriptionKey.name().to_owned()
            } else {
                format!("header {name}")
            };
            let secret = source.read(host, SecretKind::Text, &what, deadline).await?;
            let mut value = visible_ascii(secret.expose(), &format!("the {what}"))?;
            value.set_sensitive(true);
            map.insert(name.clone(), value);
        }
        Ok(map)
    }
}

/// The path template of a lookup, with its placeholder.
///
/// # Errors
/// Usage: the template does not begin with one `/`, or lacks its placeholder.
pub fn lookup_template(settings: &Settings, key: SettingKey, placeholder: &str) -> Result<String> {
    let template = settings.required(key)?;
    let fits = template.starts_with('/')
        && !template.starts_with("//")
        && template.contains(placeholder)
        && !template.contains('#');
    if fits {
        Ok(template)
    } else {
        Err(settings.bad(
            key,
            &template,
            &format!("it must be a path that begins with one `/` and holds `{placeholder}`"),
        ))
    }
}
