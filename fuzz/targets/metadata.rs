//! Metadata documents: an accepted one names the expected issuer and a permitted endpoint.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m2m::internals::oauth::discovery::{MetadataSource, read_document};
use m2m::internals::oauth::issuer;
use m2m::internals::oauth::issuer::IssuerRule;
use m2m::internals::platform::url;
use m2m::internals::platform::url::Url;
use m2m_fuzz::{assert_showable, quiet_host};

/// The issuer of the seeds.
const ISSUER: &str = "http://127.0.0.1:8080";

fuzz_target!(|document: &[u8]| {
    let at = Url::parse("http://127.0.0.1:8080/.well-known/openid-configuration").expect("a URL");
    for rule in [IssuerRule::Exact, IssuerRule::CognitoPool] {
        let source = MetadataSource { urls: vec![at.clone()], expected: ISSUER.to_owned(), rule };
        let metadata = match read_document(document, &at, &source) {
            Err(error) => {
                assert_showable(&quiet_host(), &error);
                continue;
            }
            Ok(metadata) => metadata,
        };
        assert!(metadata.issuer == ISSUER || rule == IssuerRule::CognitoPool);
        for used in [Some(&metadata.token_endpoint), metadata.mtls_token_endpoint.as_ref(), metadata.jwks_uri.as_ref()]
            .into_iter()
            .flatten()
        {
            assert!(used.scheme() == "https" || url::is_loopback(used), "{used}");
            assert!(used.username().is_empty() && used.password().is_none() && used.fragment().is_none());
            assert!(url::parse_secure(used.as_str()).is_ok_and(|again| again == *used));
        }
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&metadata.document).is_ok());
        let _ = issuer::difference(ISSUER, &metadata.issuer);
    }
});
