//! The API that tokens are for: its base URL, the headers it wants, and the paths of the participant lookup.

use reqwest::header::HeaderName;

use crate::platform::error::{Error, Result};
use crate::platform::text::{list_quoted, nearest};
use crate::platform::url::Url;
use crate::secrets::source::SecretSource;
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
    /// The id of the flow that calls belong to; a new one for each run, if none is set.
    pub correlation_id: Option<String>,
    /// What the API's own error codes mean.
    pub codes: &'static str,
    /// Names for paths, as the profile has them and then as the preset has.
    paths: Vec<(String, String)>,
    /// The header that carries the key of a write that may be repeated.
    pub idempotency_header: HeaderName,
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
        if let Some(client) = settings.text(SettingKey::OriginClient)? {
            let name = header_name(settings, SettingKey::OriginClientHeader)?;
            headers.add(name, SecretSource::Plain(client), SettingKey::OriginClient.name().to_owned());
        }
        let correlation_id = settings.text(SettingKey::CorrelationId)?;
        if let Some(id) = correlation_id.as_ref().filter(|id| !is_plain_id(id)) {
            return Err(settings.bad(
                SettingKey::CorrelationId,
                id,
                "it must be visible ASCII, of 1 to 128 characters",
            ));
        }
        let idempotency_header = header_name(settings, SettingKey::IdempotencyHeader)?;
        let known = settings.preset.paths.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
        let paths = settings.pairs(SettingKey::Paths).iter().cloned().chain(known).collect();
        Ok(Self { url, headers, correlation_id, codes: settings.preset.codes, paths, idempotency_header })
    }

    /// The path of this name.
    ///
    /// # Errors
    /// Usage: there is none; the nearest is named.
    pub fn path(&self, name: &str) -> Result<&str> {
        let found = self.paths.iter().find(|(known, _)| known == name);
        found.map(|(_, path)| path.as_str()).ok_or_else(|| {
            let known: Vec<&str> = self.paths.iter().map(|(known, _)| known.as_str()).collect();
            let error = Error::usage(format!("there is no path named `@{name}`"));
            let error = if known.is_empty() {
                error.cause("`paths` of the profile names none")
            } else {
                error.cause(format!("the names are {}", list_quoted(&known)))
            };
            match nearest(name, &known) {
                Some(near) => error.hint(format!("did you mean `@{near}`?")),
                None => error.hint(format!("name it in the profile: `paths = {{ {name} = \"/path/below/api_url\" }}`")),
            }
        })
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

/// A setting that is the name of a header.
///
/// # Errors
/// Usage: it is not set, or not such a name.
pub fn header_name(settings: &Settings, key: SettingKey) -> Result<HeaderName> {
    let name = settings.required(key)?;
    name.parse().map_err(|_| settings.bad(key, &name, "it is not a header name"))
}

/// Whether a text can stand in a header and in a log as an id.
pub fn is_plain_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
