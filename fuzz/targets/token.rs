//! Token responses: an accepted token can be sent, cached and printed; a refusal can be shown.

#![no_main]

use std::time::UNIX_EPOCH;

use libfuzzer_sys::fuzz_target;
use m2m::internals::oauth::token_response::{Expected, is_sendable, parse_response};
use m2m::internals::output::token_format::{TokenFormat, render};
use m2m::internals::tokens::provider::AccessToken;
use m2m_fuzz::{assert_showable, quiet_host, reply};

fuzz_target!(|body: &[u8]| {
    let host = quiet_host();
    let token = match parse_response(&reply(200, body), Expected::default(), UNIX_EPOCH) {
        Err(error) => return assert_showable(&host, &error),
        Ok(token) => token,
    };
    let text = token.access_token.expose();
    assert!(is_sendable(text) && text.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(token.members.get("refresh_token").is_none());
    assert!(token.expires_at.is_none_or(|at| at >= UNIX_EPOCH) && token.warnings.len() < 8);
    let token = AccessToken {
        access_token: token.access_token,
        expires_at: token.expires_at,
        members: token.members,
        cached: false,
    };
    let shown = |format| render(format, &token, UNIX_EPOCH, "client.authentication.k8s.io/v1");
    for format in [TokenFormat::Json, TokenFormat::Kubectl] {
        let shown = shown(format);
        assert!(serde_json::from_str::<&serde_json::value::RawValue>(&shown).is_ok(), "not JSON: {shown}");
    }
    assert_eq!(shown(TokenFormat::Header).lines().count(), 1);
});
