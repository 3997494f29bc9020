//! URLs that may carry credentials, and the percent-encodings of this field. Owns which URLs are acceptable at all;
//! refuses to know what they are for.

use std::net::IpAddr;

pub use ::url::{Origin, Url};

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::platform::text;

/// No longer URL is taken, in bytes: HTTP clients give up at 64 KiB, servers long before.
const LONGEST: usize = 8192;

/// Reads a URL to which a secret, a token or personal data may be sent: https (http for loopback hosts only), without
/// userinfo and without fragment.
///
/// # Errors
/// The reason, as a fragment that fits after "the URL is refused: ".
pub fn parse_secure(written: &str) -> Result<Url, String> {
    let url = Url::parse(written).map_err(|e| format!("it is not an absolute URL ({e})"))?;
    if url.as_str().len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("plain http is accepted for loopback hosts only; use https".into()),
        other => return Err(format!("the scheme is `{}`, not https", text::truncate(other, 16))),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password".into());
    }
    if url.fragment().is_some() {
        return Err("it holds a fragment (`#..`)".into());
    }
    Ok(url)
}

/// As [`parse_secure`], for what a person wrote. The WHATWG's rules leave line ends and tabs out of a URL: two values
/// in one would be joined silently.
///
/// # Errors
/// As there; it holds control characters.
pub fn parse_user_supplied(written: &str) -> Result<Url, String> {
    without_controls(written)?;
    parse_secure(written)
}

/// Refuses control characters in what a person wrote.
///
/// # Errors
/// The reason, as a fragment that fits after "the URL is refused: ".
pub fn without_controls(written: &str) -> Result<(), String> {
    let held = written.chars().any(char::is_control);
    if held { Err("it holds a line end or another control character".into()) } else { Ok(()) }
}

/// Whether the host is this machine by its very name: `localhost`, 127.0.0.0/8 or ::1.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(::url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(::url::Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(::url::Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

/// A URL as it may be shown: query values, which may be personal data, are left out, and it is cut where a quote would
/// be: metadata may name any.
pub fn display_url(url: &Url) -> String {
    text::truncate(&without_values(url), text::QUOTE_LIMIT).into_owned()
}

fn without_values(url: &Url) -> String {
    let Some(query) = url.query() else {
        return url.to_string();
    };
    let names: Vec<String> = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or(pair.to_owned(), |(name, _)| format!("{name}=…")))
        .collect();
    let mut base = url.clone();
    base.set_query(None);
    format!("{base}?{}", names.join("&"))
}

/// `base` + `path`, keeping a path that the base already has: `https://h/base` + `/v1/x` = `https://h/base/v1/x`.
/// `path` starts with one `/` and may hold a query.
///
/// # Errors
/// The reason, when the result is not a URL on the base's origin, below the base's path.
pub fn join(base: &Url, path: &str) -> Result<Url, String> {
    let mut trunk = base.clone();
    trunk.set_query(None);
    without_controls(path)?;
    let joined = Url::parse(&format!("{}{path}", trunk.as_str().trim_end_matches('/'))).map_err(|e| e.to_string())?;
    if joined.origin() != base.origin() {
        return Err("it leaves the origin of `api_url`".into());
    }
    let trunk = trunk.path().trim_end_matches('/');
    if !joined.path().strip_prefix(trunk).is_some_and(|rest| rest.starts_with('/')) {
        return Err("it climbs (`..`) out of the path of `api_url`".into());
    }
    Ok(joined)
}

/// One component of `application/x-www-form-urlencoded` (space as `+`).
pub fn form_component(text: &str) -> String {
    ::url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Everything but the unreserved characters of RFC 3986 section 2.3.
pub const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What decoding a form would change: `%`, `+`, space, and controls.
const CHANGED_BY_FORM_DECODING: &AsciiSet = &CONTROLS.add(b'%').add(b'+').add(b' ');

/// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3 (`A-Za-z0-9-._~`).
pub fn percent_encode_unreserved(text: &str) -> String {
    utf8_percent_encode(text, NOT_UNRESERVED).to_string()
}

/// Percent-encodes only what decoding a form would change: `%`, `+`, space, controls and non-ASCII.
pub fn percent_encode_minimal(text: &str) -> String {
    utf8_percent_encode(text, CHANGED_BY_FORM_DECODING).to_string()
}

/// The text of a URL with everything hidden that could be user information, however broken the URL is: all between the
/// scheme and the last `@`. An `@` in a path or query is taken for one too, which hides more, never less.
pub fn hide_userinfo(text: &str) -> String {
    let (scheme, rest) = split_scheme(text);
    match rest.rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => format!("{}@{host}", text::HIDDEN),
        Some((_, host)) => format!("{scheme}://{}@{host}", text::HIDDEN),
        None => text.to_owned(),
    }
}

/// The scheme of a URL, empty if there is none, and what follows it. `://` may stand in a password too, so what is before it
/// has to read as a scheme (RFC 3986 section 3.1).
pub fn split_scheme(text: &str) -> (&str, &str) {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.len() <= 16
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("", text))
}

/// Whether the text of a URL holds a password, also where it is malformed.
pub fn holds_password(text: &str) -> bool {
    let (_, authority) = split_scheme(text);
    authority.rsplit_once('@').is_some_and(|(userinfo, _)| userinfo.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_is_hidden_however_broken_the_url_is() {
        for url in [
            "http://u:s3cr3t@h:1",
            "http://DOM\\u:s3cr3t@h:1",
            "http://u:s3#cr3t/s3cr3t?s3cr3t@h",
            "u:s3cr3t@h",
            "http://u:s3cr3t@x@h:99999",
            "://u:s3cr3t@h",
        ] {
            let shown = hide_userinfo(url);
            assert!(!shown.contains("s3") && shown.contains("@h"), "{url}: {shown}");
        }
        assert_eq!(hide_userinfo("https://h/p"), "https://h/p");
    }

    #[test]
    fn trusts_https_and_loopback_only() {
        for good in ["https://a.example/t?p=1", "http://localhost:8080/", "http://127.8.9.1/", "http://[::1]:9/x"] {
            assert!(parse_secure(good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "ftp://a.example/",
            "https://u:p@a.example/",
            "https://u@a.example/",
            "https://a.example/#f",
            "a.example/token",
            "",
        ] {
            assert!(parse_secure(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_person_wrote_holds_no_control_characters() {
        for bad in
            ["https://a.example/\ntoken", "https://a.exa\tmple/", "https://a.example/\u{7f}", "https://a.example/t\n"]
        {
            assert!(parse_user_supplied(bad).is_err_and(|why| why.contains("control")), "{bad:?}");
        }
        assert!(parse_user_supplied("https://a.example/t?p=1").is_ok());
        assert!(join(&Url::parse("https://h/b").unwrap(), "/x\ny").is_err());
    }

    #[test]
    fn query_values_are_not_shown() {
        let url = Url::parse("https://h/p?document=52998224725&x").unwrap();
        assert_eq!(display_url(&url), "https://h/p?document=…&x");
    }

    #[test]
    fn a_path_in_the_base_is_kept() {
        let base = Url::parse("https://h/base").unwrap();
        assert_eq!(join(&base, "/v1/x?a=b").unwrap().as_str(), "https://h/base/v1/x?a=b");
        let base = Url::parse("https://h/").unwrap();
        assert_eq!(join(&base, "/v1/x").unwrap().as_str(), "https://h/v1/x");
        let base = Url::parse("https://h/a/b/").unwrap();
        for (path, joined) in
            [("/c/../d", Some("https://h/a/b/d")), ("/../c", None), ("/%2e%2E/b2", None), ("/..", None)]
        {
            assert_eq!(join(&base, path).ok().as_ref().map(Url::as_str), joined, "{path}");
        }
    }

    #[test]
    fn encodings_differ_where_they_should() {
        let text = "a-b_c.d~e*f %+:/é";
        assert_eq!(form_component(text), "a-b_c.d%7Ee*f+%25%2B%3A%2F%C3%A9");
        assert_eq!(percent_encode_unreserved(text), "a-b_c.d~e%2Af%20%25%2B%3A%2F%C3%A9");
        assert_eq!(percent_encode_minimal(text), "a-b_c.d~e*f%20%25%2B:/%C3%A9");
    }

    #[test]
    fn long_urls_are_refused_and_never_shown_whole() {
        let long = format!("https://h/{}", "a".repeat(LONGEST));
        assert!(parse_secure(&long).is_err_and(|why| why.len() < 100));
        assert!(parse_secure(&format!("{}:x", "s".repeat(5000))).is_err_and(|why| why.len() < 100));
        let bearable = parse_secure(&long[..LONGEST]).unwrap();
        assert_eq!(display_url(&bearable).chars().count(), text::QUOTE_LIMIT + 1);
    }
}
