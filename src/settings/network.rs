//! How servers are reached: deadline, retries, authorities, proxy.

use std::time::Duration;

use crate::http::connections::Options;
use crate::http::tls::certificate_file::CaFile;
use crate::platform::deadline;
use crate::platform::error::Result;
use crate::settings::key::SettingKey;
use crate::settings::resolved::{self, Settings};

/// Less than anything takes.
const SHORTEST: Duration = Duration::from_millis(1);

/// Checks what can be checked without reading a file: a mistake is a mistake even where nothing needs to be sent.
///
/// # Errors
/// Usage: a value that is not a duration or number.
pub fn check(settings: &Settings) -> Result<()> {
    timeout(settings)?;
    limit(settings, SettingKey::ConnectTimeout)?;
    settings.number(SettingKey::Retries, 10).map(|_| ())
}

/// How long a command has.
///
/// # Errors
/// Usage: not a duration, or none between 1 ms and 24 h.
pub fn timeout(settings: &Settings) -> Result<Duration> {
    limit(settings, SettingKey::Timeout)
}

/// Reads the network settings.
///
/// # Errors
/// Usage: a value that is not a duration or number, a `ca_file` that cannot be read.
pub fn options(settings: &Settings) -> Result<Options> {
    let timeout = timeout(settings)?;
    let ca_file = match settings.raw_str(SettingKey::CaFile) {
        Some(path) => Some(CaFile::read(path, &settings.origin(SettingKey::CaFile).to_string(), timeout)?),
        None => None,
    };
    Ok(Options {
        timeout,
        connect_timeout: limit(settings, SettingKey::ConnectTimeout)?,
        retries: settings.number(SettingKey::Retries, 10)?.unwrap_or_default(),
        ca_file,
        proxy: settings
            .raw_str(SettingKey::Proxy)
            .map(|url| (url.to_owned(), settings.origin(SettingKey::Proxy).to_string())),
        observations: None,
    })
}

fn limit(settings: &Settings, key: SettingKey) -> Result<Duration> {
    match settings.duration(key)? {
        None => Err(resolved::missing(key)),
        Some(d) if (SHORTEST..=deadline::LONGEST).contains(&d) => Ok(d),
        Some(_) => Err(settings.bad(key, settings.raw_str(key).unwrap_or_default(), "it must be from 1ms to 24h")),
    }
}
