//! The table of faults of metadata documents.

use hyper::StatusCode;

use super::broken;
use crate::fault::Fault;
use crate::identity::metadata::MetadataEffect::{self, Answer, Metadata};

type MetadataFault = Fault<MetadataEffect>;

#[rustfmt::skip] // a table: one line per fault
pub(super) static FAULTS: &[MetadataFault] = &[
    MetadataFault::new("404", "not found", Answer(|| broken::status(StatusCode::NOT_FOUND))),
    MetadataFault::new("429", "too many requests", Answer(|| broken::status(StatusCode::TOO_MANY_REQUESTS))),
    MetadataFault::new("500", "internal server error", Answer(|| broken::status(StatusCode::INTERNAL_SERVER_ERROR))),
    MetadataFault::new("503", "service unavailable", Answer(|| broken::status(StatusCode::SERVICE_UNAVAILABLE))),
    MetadataFault::new("html", "a captive portal's page with status 200", Answer(broken::html_200)),
    MetadataFault::new("redirect", "302 to another host", Answer(broken::redirect)),
    MetadataFault::new("close", "the connection closes before any answer", Answer(broken::close)),
    MetadataFault::new("reset", "the connection is reset before any answer", Answer(broken::reset)),
    MetadataFault::new("reset-body", "the connection is reset in the middle of the body", Answer(broken::reset_body)),
    MetadataFault::new("silent", "no answer, ever", Answer(broken::silent)),
    MetadataFault::new("slow-drip", "a byte of body every 100 ms, forever", Answer(broken::slow_drip)),
    MetadataFault::new("big-body", "10 MiB", Answer(broken::big_body)),
    MetadataFault::new("not-json", "labeled as JSON, but invalid", Answer(broken::not_json)),

    MetadataFault::new("wrong-issuer", "another issuer", Metadata(|metadata| metadata.issuer = "https://issuer.example.com".to_owned())),
    MetadataFault::new("slash-issuer", "the issuer with a trailing slash added or removed", Metadata(|metadata| toggle_slash(&mut metadata.issuer))),
    MetadataFault::new("no-endpoint", "no token_endpoint", Metadata(|metadata| metadata.token_endpoint = None)),
    MetadataFault::new("http-endpoint", "a token_endpoint by plain http on another host", Metadata(|metadata| metadata.token_endpoint = Some("http://example.com/token".to_owned()))),
    MetadataFault::new("userinfo-endpoint", "a token_endpoint with a user and a password in it", Metadata(|metadata| add_userinfo(&mut metadata.token_endpoint))),
];

fn toggle_slash(issuer: &mut String) {
    if issuer.ends_with('/') {
        issuer.pop();
    } else {
        issuer.push('/');
    }
}

fn add_userinfo(endpoint: &mut Option<String>) {
    if let Some(endpoint) = endpoint {
        *endpoint = endpoint.replacen("://", "://user:password@", 1);
    }
}
