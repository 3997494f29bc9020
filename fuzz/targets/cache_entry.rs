//! Cache files: an entry that is read is the same after it is written and read again.

#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use libfuzzer_sys::fuzz_target;
use m2m::internals::cache::entry::Entry;

fuzz_target!(|file: &[u8]| {
    let Some(entry) = Entry::from_bytes(file) else { return };
    assert!(!entry.access_token.expose().is_empty());
    let written = entry.to_bytes();
    let again = Entry::from_bytes(&written).expect("what was written can be read");
    assert_eq!((again.obtained_at, again.expires_at), (entry.obtained_at, entry.expires_at));
    assert_eq!(again.access_token.expose(), entry.access_token.expose());
    assert_eq!(again.description, entry.description);
    assert_eq!(again.to_bytes(), written);
    for secs in [0, 1_000, 1_800_000_000, 20_000_000_000] {
        let now = UNIX_EPOCH + Duration::from_secs(secs);
        assert!(!entry.is_fresh(now, None) || entry.remaining(now).is_some_and(|left| !left.is_zero()));
    }
});
