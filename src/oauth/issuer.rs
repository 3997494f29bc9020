//! Issuer identifiers: where their metadata is, and whether a document's issuer is the expected one. The comparison is
//! by characters (OpenID Connect Discovery 4.3, RFC 8414 section 3.3): a URL is never normalised.

use crate::platform::url;
use crate::platform::url::Url;

const OIDC: &str = "/.well-known/openid-configuration";
const RFC8414: &str = "/.well-known/oauth-authorization-server";

/// Which issuers a document may name beside the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerRule {
    /// None: exact.
    Exact,
    /// `https://cognito-idp.<region>.amazonaws.com/<pool>`: Cognito serves the document on the user pool's domain.
    CognitoPool,
}

impl IssuerRule {
    /// Whether a document that names `found` may be used where `expected` was asked.
    pub fn accepts(self, expected: &str, found: &str) -> bool {
        expected == found
            || match self {
                Self::Exact => false,
                Self::CognitoPool => is_cognito_pool(found),
            }
    }
}

/// The metadata URLs of an issuer, in the order to try: OpenID Connect appends, RFC 8414 inserts, and some servers append
/// RFC 8414's name.
///
/// # Errors
/// The reason, when the issuer is not a URL that may be trusted, or has a query.
pub fn metadata_urls(issuer: &str) -> Result<Vec<Url>, String> {
    let url = url::parse_user_supplied(issuer)?;
    if url.query().is_some() {
        return Err("it holds a query (`?..`)".into());
    }
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = url.clone();
        url.set_path(&path);
        url
    };
    if of_document(&url).is_some() {
        return Err("it is the URL of a metadata document".into());
    }
    let mut urls = vec![at(format!("{path}{OIDC}")), at(format!("{RFC8414}{path}"))];
    if !path.is_empty() {
        urls.push(at(format!("{path}{RFC8414}")));
    }
    Ok(urls)
}

/// The issuer that a metadata URL belongs to: the URL less its well-known part.
pub fn of_document(url: &Url) -> Option<String> {
    if url.query().is_some() {
        return None;
    }
    let text = url.as_str();
    let origin = text.strip_suffix(url.path())?;
    for well_known in [OIDC, RFC8414] {
        // Some servers have it with a final `/`.
        let appended = url.path().strip_suffix('/').unwrap_or(url.path());
        if let Some(path) = appended.strip_suffix(well_known) {
            return Some(format!("{origin}{path}"));
        }
        if let Some(path) = url.path().strip_prefix(well_known).filter(|path| path.starts_with('/')) {
            return Some(format!("{origin}{path}"));
        }
    }
    None
}

/// How two issuers differ, for a person.
pub fn difference(expected: &str, found: &str) -> &'static str {
    let slash = |s: &str| s.trim_end_matches('/').to_owned();
    let parsed = |s: &str| Url::parse(s).ok();
    if slash(expected) == slash(found) {
        return "they differ in the final `/`, which counts";
    }
    if expected.eq_ignore_ascii_case(found) {
        return "they differ in upper and lower case, which counts";
    }
    match (parsed(expected), parsed(found)) {
        (Some(a), Some(b)) if a.host() != b.host() => "the hosts differ",
        (Some(a), Some(b)) if a.scheme() != b.scheme() => "the schemes differ",
        (Some(a), Some(b)) if a.port() != b.port() => "the ports differ",
        (Some(a), Some(b)) if a.path() != b.path() => "the paths differ",
        _ => "they are not the same text",
    }
}

fn is_cognito_pool(issuer: &str) -> bool {
    let Some(rest) = issuer.strip_prefix("https://cognito-idp.") else {
        return false;
    };
    let Some((region, pool)) = rest.split_once(".amazonaws.com/") else {
        return false;
    };
    let words =
        |s: &str, more: &[u8]| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    words(region, b"-") && words(pool, b"-_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_appended_or_inserted() {
        for (issuer, oidc, rfc8414) in [
            (
                "https://h",
                "https://h/.well-known/openid-configuration",
                "https://h/.well-known/oauth-authorization-server",
            ),
            (
                "https://h/",
                "https://h/.well-known/openid-configuration",
                "https://h/.well-known/oauth-authorization-server",
            ),
            (
                "https://h/p/q",
                "https://h/p/q/.well-known/openid-configuration",
                "https://h/.well-known/oauth-authorization-server/p/q",
            ),
        ] {
            let urls = metadata_urls(issuer).unwrap();
            assert_eq!((urls[0].as_str(), urls[1].as_str()), (oidc, rfc8414));
        }
        assert_eq!(
            metadata_urls("https://h/p").unwrap()[2].as_str(),
            "https://h/p/.well-known/oauth-authorization-server"
        );
        assert_eq!(
            metadata_urls("https://h/p/.well-known/openid-configuration").unwrap_err(),
            "it is the URL of a metadata document"
        );
        assert!(metadata_urls("https://h/?x=1").is_err());
    }

    #[test]
    fn a_document_names_its_issuer() {
        for (url, issuer) in [
            ("https://h/.well-known/openid-configuration", Some("https://h")),
            ("https://h:8443/p/.well-known/openid-configuration", Some("https://h:8443/p")),
            ("https://h/.well-known/oauth-authorization-server/p", Some("https://h/p")),
            ("https://h/.well-known/oauth-authorization-server", Some("https://h")),
            ("https://h/p/.well-known/openid-configuration/", Some("https://h/p")),
            ("https://h/metadata.json", None),
            ("https://h/.well-known/openid-configuration?v=1", None),
        ] {
            assert_eq!(of_document(&Url::parse(url).unwrap()).as_deref(), issuer, "{url}");
        }
    }

    #[test]
    fn rules_accept_what_they_name_and_nothing_else() {
        use IssuerRule::{CognitoPool, Exact};
        let pool = "https://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_AbC123";
        for (rule, expected, found, accepted) in [
            (Exact, "https://h", "https://h", true),
            (Exact, "https://h", "https://h/", false),
            (Exact, "https://auth.t", pool, false),
            (CognitoPool, "https://auth.t", pool, true),
            (CognitoPool, "https://auth.t", "https://auth.t", true),
            (CognitoPool, "https://auth.t", "https://cognito-idp.x.amazonaws.com.evil.example/p", false),
            (CognitoPool, "https://auth.t", "https://cognito-idp.evil.example/.amazonaws.com/p", false),
            (CognitoPool, "https://auth.t", "https://cognito-idp.x.amazonaws.com/p/../q", false),
            (CognitoPool, "https://auth.t", "https://other", false),
        ] {
            assert_eq!(rule.accepts(expected, found), accepted, "{rule:?} {found}");
        }
    }

    #[test]
    fn differences_are_named() {
        assert!(difference("https://h", "https://h/").contains("final"));
        assert!(difference("https://h", "https://g").contains("hosts"));
        assert!(difference("https://h/a", "https://h/A").contains("case"));
        assert!(difference("https://h:1/", "https://h:2/").contains("ports"));
    }
}
