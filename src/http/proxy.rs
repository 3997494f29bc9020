//! Which proxy https requests go through: the setting, else `HTTPS_PROXY`/`ALL_PROXY`, less `NO_PROXY`. Plain http goes
//! to loopback hosts only and so never through a proxy.

use reqwest::{NoProxy, Proxy};

use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::secret::Secret;
use crate::platform::url;
use crate::platform::url::Url;

/// Never reached through a proxy, whatever `NO_PROXY` says.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// A proxy that was chosen, and by whom.
pub struct ProxyInUse {
    /// Where it is, with its credentials.
    pub url: Url,
    /// The proxy without its password, and where it was set.
    pub description: String,
}

impl ProxyInUse {
    /// Whether user name or password are sent to it.
    pub fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }
}

/// The proxy for https requests, if any. `configured` is the setting with the name of its origin; an empty one asks for
/// none.
///
/// # Errors
/// Usage, when the proxy is not an http or https URL.
pub fn choose(host: &Host, configured: Option<(&str, String)>) -> Result<Option<(Proxy, ProxyInUse)>> {
    let from_env = || -> Result<Option<(&str, String)>> {
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            if let Some(value) = host.process.var(name)? {
                return Ok(Some((value, format!("env `{name}`"))));
            }
        }
        Ok(None)
    };
    let Some((text, origin)) = configured.map_or_else(from_env, |c| Ok(Some(c)))? else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(None);
    }
    let refused = |why: &str| Error::usage(format!("the proxy from {origin} is refused: {why}"));
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    url::without_controls(text).map_err(|why| refused(&why))?;
    let url = Url::parse(&with_scheme).map_err(|_| refused("it is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("only http:// and https:// proxies are supported"));
    }
    if let Some(password) = url.password() {
        host.ui.redactor.register_secret(&Secret::new(password.to_owned()));
    }
    let mut shown = url.clone();
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    let listed = host.process.var("NO_PROXY")?.or(host.process.var("no_proxy")?).unwrap_or_default();
    let proxy = Proxy::https(url.as_str())
        .map_err(|_| refused("it is not a usable URL"))?
        .no_proxy(NoProxy::from_string(&format!("{listed},{LOOPBACK}")));
    Ok(Some((proxy, ProxyInUse { url, description: format!("{shown} (from {origin})") })))
}
