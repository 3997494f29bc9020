//! Acting for a collector of AIR MILES: the header that names one. The number is personal data, and never shown.

use reqwest::header::HeaderValue;

use crate::http::message::Request;
use crate::platform::error::{Error, Result};
use crate::settings::api;
use crate::settings::key::SettingKey;
use crate::settings::resolved::Settings;

/// Names the collector in a request.
///
/// # Errors
/// Usage: the number is not one, the request sets the header itself, or the provider has none.
pub fn act_for(settings: &Settings, request: &mut Request, number: &str) -> Result<()> {
    let fits = (1..=64).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    if !fits {
        return Err(Error::usage("the collector's number is not a number (not shown)"));
    }
    let name = api::header_name(settings, SettingKey::CollectorHeader).map_err(|error| {
        error.hint(format!("`--provider loyaltyone` knows it; the provider is `{}`", settings.preset.name))
    })?;
    if request.headers.contains_key(&name) {
        return Err(Error::usage(format!("`-H {name}` and `--as-collector` name a collector each"))
            .hint("leave one of them out"));
    }
    let mut value = HeaderValue::from_str(number).map_err(|_| Error::usage("the collector's number cannot be sent"))?;
    value.set_sensitive(true);
    request.headers.insert(name, value);
    Ok(())
}
