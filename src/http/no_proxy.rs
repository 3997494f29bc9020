//! `NO_PROXY`: which hosts are reached without a proxy. There is no standard; this takes the forms of curl and of Go. Names,
//! suffixes and networks are matched by hyper-util, ports here.

use hyper_util::client::proxy::matcher::Matcher;

use crate::platform::url::Url;

/// Never reached through a proxy, whatever the list says.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// A list of hosts, each perhaps for one port only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxyList(Vec<(String, Option<u16>)>);

impl NoProxyList {
    /// Reads a list. Commas or blanks separate; `*.example.com` and `.example.com` mean all hosts below, a final dot means
    /// nothing, brackets around IPv6 may stand, `:443` limits an entry to a port.
    pub fn parse(list: &str) -> Self {
        let entries = list.split([',', ' ', '\t', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        Self(entries.map(entry).collect())
    }

    /// Whether this target is reached without a proxy.
    pub fn contains(&self, target: &Url) -> bool {
        let port = target.port_or_known_default();
        let for_port = self.0.iter().filter(|(_, only)| only.is_none() || *only == port).map(|(host, _)| host.as_str());
        let list = for_port.chain([LOOPBACK]).collect::<Vec<_>>().join(",");
        let Ok(uri) = target.as_str().parse() else { return false };
        Matcher::builder().all("http://proxy.invalid").no(list).build().intercept(&uri).is_none()
    }
}

fn entry(text: &str) -> (String, Option<u16>) {
    let (host, port) = match text.rsplit_once(':') {
        // More than one colon without brackets is IPv6.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let host = if host == "*" { host } else { host.strip_prefix('*').unwrap_or(host) };
    (host.to_owned(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_curl_and_of_go_are_taken() {
        for (list, target, direct) in [
            ("", "https://a.example/", false),
            ("a.example", "https://a.example/", true),
            ("a.example", "https://b.a.example/", true),
            ("a.example", "https://ba.example/", false),
            (".a.example", "https://b.a.example/", true),
            ("*.a.example", "https://b.a.example/", true),
            ("a.example.", "https://a.example/", true),
            ("x.example a.example", "https://a.example/", true),
            ("x.example, a.example", "https://a.example/", true),
            ("a.example:443", "https://a.example/", true),
            ("a.example:8443", "https://a.example/", false),
            ("a.example:8443", "https://a.example:8443/", true),
            ("[fd00::1]", "https://[fd00::1]/", true),
            ("[fd00::1]:8443", "https://[fd00::1]/", false),
            ("fd00::/8", "https://[fd00::1]/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("*", "https://a.example/", true),
            ("", "https://127.0.0.1/", true),
            ("", "https://localhost:8443/", true),
        ] {
            assert_eq!(NoProxyList::parse(list).contains(&Url::parse(target).unwrap()), direct, "{list:?} {target}");
        }
    }
}
