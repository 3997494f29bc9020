//! Which proxy https requests go through: the setting, else `HTTPS_PROXY`/`ALL_PROXY`, less `NO_PROXY`. Plain http goes
//! to loopback hosts only and so never through a proxy.

use reqwest::Proxy;

use crate::http::no_proxy::NoProxyList;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::secret::Secret;
use crate::platform::url;
use crate::platform::url::Url;

/// The kinds of proxy that reqwest knows. With socks5h and socks4a the proxy resolves the name.
const SCHEMES: [&str; 6] = ["http", "https", "socks5", "socks5h", "socks4", "socks4a"];

/// A proxy that was chosen, and by whom.
pub struct ProxyInUse {
    /// Where it is, with its credentials.
    pub url: Url,
    /// The proxy without its password, and where it was set.
    pub description: String,
    direct: NoProxyList,
}

impl ProxyInUse {
    /// Whether this target is reached through it.
    pub fn serves(&self, target: &Url) -> bool {
        target.scheme() == "https" && !self.direct.contains(target)
    }

    /// Whether user name or password are sent to it.
    pub fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }
}

/// The proxy for https requests, if any. `configured` is the setting with the name of its origin; an empty one asks for
/// none.
///
/// # Errors
/// Usage, when the proxy is not an http, https, or SOCKS URL.
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
    let with_scheme = if !url::split_scheme(text).0.is_empty() { text.to_owned() } else { format!("http://{text}") };
    url::without_controls(text).map_err(|why| refused(&why))?;
    hide_userinfo_everywhere(host, &with_scheme);
    let encode = |error: Error| {
        if with_scheme.contains('@') {
            error.hint("in user name and password write what is not a letter or digit as %XX, such as %23 for `#`")
        } else {
            error
        }
    };
    let url = Url::parse(&escape_backslashes(&with_scheme)).map_err(|_| encode(refused("it is not a URL")))?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err(refused(
            "it must begin with http://, https://, socks5:// or socks5h:// (or socks4://, socks4a://)",
        )
        .hint("`--proxy ''` (or an empty `M2M_PROXY`) uses none, and `NO_PROXY` names hosts that need none"));
    }
    // What looks like a path may be the end of a password with a `/` in it.
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(encode(refused("it has a path, query or fragment, which no proxy's address has")));
    }
    let at = url.host_str().map_or_else(String::new, |host| match url.port() {
        Some(port) => format!("{}://{host}:{port}/", url.scheme()),
        None => format!("{}://{host}/", url.scheme()),
    });
    let listed = host.process.var("NO_PROXY")?.or(host.process.var("no_proxy")?).unwrap_or_default();
    let proxy_in_use = ProxyInUse {
        direct: NoProxyList::parse(listed),
        description: format!("{at} (from {origin})"),
        url: url.clone(),
    };
    Proxy::https(url.as_str()).map_err(|_| refused("it is not a usable URL"))?;
    let direct = proxy_in_use.direct.clone();
    let proxy = Proxy::custom(move |target| (!direct.contains(target)).then(|| url.clone()));
    Ok(Some((proxy, proxy_in_use)))
}

/// A Windows user is `DOMAIN\user`; parsers of URLs take the backslash for a slash, so it is escaped in what comes before `@`.
fn escape_backslashes(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((userinfo, host)) => format!("{}@{host}", userinfo.replace('\\', "%5C")),
        None => text.to_owned(),
    }
}

/// Has everything hidden that may be a password, before anything can fail: also of what is not a URL.
fn hide_userinfo_everywhere(host: &Host, text: &str) {
    let (_, rest) = url::split_scheme(text);
    let Some((userinfo, _)) = rest.rsplit_once('@') else { return };
    if let Some((_, password)) = userinfo.split_once(':') {
        host.ui.redactor.register_secret(&Secret::new(password.to_owned()));
        if let Ok(url) = Url::parse(&escape_backslashes(text))
            && let Some(password) = url.password()
        {
            host.ui.redactor.register_secret(&Secret::new(password.to_owned()));
        }
    }
}
