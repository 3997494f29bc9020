//! Properties of proxy URLs that are broken in every way: no part that could be a password is ever shown.

use std::time::SystemTime;

use m2m::Host;
use m2m::internals::http::proxy;
use m2m::internals::platform::url;
use proptest::prelude::*;

use crate::support::property::holds;

/// Text around a password that nobody can mistake for anything else.
fn broken_url() -> impl Strategy<Value = (String, String)> {
    let scheme = prop_oneof![
        Just(""),
        Just("http://"),
        Just("https://"),
        Just("socks5://"),
        Just("socks5h://"),
        Just("ftp://"),
        Just("http:/"),
        Just("http:"),
        Just("//")
    ];
    let junk = "[#/?\\\\@:%&+ \"'\\[\\]]{0,3}";
    let host =
        prop_oneof![Just("127.0.0.1:9"), Just("proxy.example"), Just("h:99999"), Just("h:x"), Just(""), Just("[::1")];
    (scheme, "[a-z\\\\]{0,8}", junk, "[A-Za-z0-9]{16}", junk, host, prop_oneof![Just(""), Just("/"), Just("/x?y#z")])
        .prop_map(|(scheme, user, before, core, after, host, path)| {
            (format!("{scheme}{user}:{before}{core}{after}@{host}{path}"), core)
        })
}

#[test]
fn no_part_of_a_broken_proxy_url_that_could_be_a_password_is_shown() {
    let sink = || Box::new(std::io::sink());
    holds("passwords in proxy URLs stay hidden", 4000, broken_url(), |(text, core)| {
        let clock = Box::new(|| SystemTime::UNIX_EPOCH);
        let host = Host::new(Vec::new(), Default::default(), clock, Box::new(std::io::empty()), sink(), sink());
        let shown = match proxy::choose(&host, Some((&text, "env `HTTPS_PROXY`".into()))) {
            Ok(Some((_, proxy))) => proxy.description,
            Ok(None) => String::new(),
            Err(error) => format!("{error} {:?} {:?}", error.causes(), error.hints()),
        };
        prop_assert!(!shown.contains(&core), "{text}: {shown}");
        let listed = url::hide_userinfo(&text);
        prop_assert!(!listed.contains(&core), "{text} in a list of settings: {listed}");
        Ok(())
    });
}
