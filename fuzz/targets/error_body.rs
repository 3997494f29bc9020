//! Refusals of the token endpoint and of the API: every body gives an error, and every error can be shown. The first byte
//! selects the status.

#![no_main]

use std::time::UNIX_EPOCH;

use libfuzzer_sys::fuzz_target;
use m2m::Host;
use m2m::internals::api::refusal;
use m2m::internals::oauth::token_error;
use m2m::internals::platform::secret::Secret;
use m2m_fuzz::{assert_showable, quiet_host, reply};

const STATUSES: [u16; 8] = [200, 302, 400, 401, 403, 404, 429, 503];
const SECRET: &str = "S3cr3t+/%\"é";

thread_local! {
    /// Created once: to register a secret in all its encodings takes longer than to read an error.
    static HOST: Host = {
        let host = quiet_host();
        m2m::internals::redactor(&host).register_secret(&Secret::new(SECRET.to_owned()));
        host
    };
}

/// Some call.
const CALL: refusal::Call<'static> =
    refusal::Call { what: "GET https://api.example.com/x", correlation: "a-correlation-id", codes: "" };

fuzz_target!(|input: &[u8]| HOST.with(|host| {
    let (first, body) = input.split_first().unwrap_or((&0, &[]));
    let reply = reply(STATUSES[usize::from(*first) % STATUSES.len()], body);
    for error in [token_error::refusal(&reply, [&[], &[]], UNIX_EPOCH), refusal::refusal(&reply, &CALL, UNIX_EPOCH)] {
        assert_showable(host, &error);
        let shown = m2m::internals::report::json(host, &error);
        assert!(!shown.contains(SECRET), "the secret is shown: {shown}");
    }
}));
