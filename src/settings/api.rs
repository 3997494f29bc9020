//! The API that tokens are for: its base URL, the headers it wants, and the paths of the participant lookup.

use reqwest::header::HeaderName;

use crate::platform::error::Result;
use crate::platform::url::Url;
use crate::settings::key::SettingKey;
use crate::settings::resolved::{Settings, missing};
use crate::settings::secret_headers::SecretHeaders;

/// The header that carries the key of an Azure API Management subscription.
const SUBSCRIPTION_KEY_HEADER: &str = "ocp-apim-subscription-key";

/// An API, complete but for the values of its secret headers.
#[derive(Clone, Debug)]
pub struct Api {
    /// The base URL; a token goes to this origin only.
    pub url: Url,
    /// What every call carries beside the token.
    pub headers: SecretHeaders,
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
        let mut headers = SecretHeaders::resolve(settings, SettingKey::Headers)?;
        if let Some(source) = settings.secret(SettingKey::SubscriptionKey) {
            let name = HeaderName::from_static(SUBSCRIPTION_KEY_HEADER);
            headers.add(name, source.clone(), SettingKey::SubscriptionKey.name().to_owned());
        }
        Ok(Self { url, headers })
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
