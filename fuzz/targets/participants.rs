//! Participants: after every filter, each format writes complete lines of JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m2m::internals::output::ndjson;
use m2m::internals::output::redact_participant;
use m2m::internals::participants::bulk::{Answer, Field, Row};
use m2m::internals::participants::bulk_input;
use m2m::internals::participants::filter::ParticipantFilter;
use m2m::internals::participants::impersonation;
use m2m::internals::participants::lookup::Participants;
use m2m::internals::platform::json;
use m2m::internals::platform::redaction::redactor::Redactor;
use m2m_fuzz::{assert_showable, quiet_host};
use serde_json::value::RawValue;

fuzz_target!(|body: &[u8]| {
    assert!(bulk_input::count(body).is_ok_and(|lines| lines <= body.len() as u64));
    let _ = impersonation::read_saved(body);
    let Ok(found) = Participants::parse(body, None) else { return };
    assert!(is_json(&found.array) && is_json(&json::indented(&found.array)));
    let row = Row {
        line: bulk_input::Line::of(1, "fulano"),
        answer: Answer::Found { items: found.items.clone(), matches: false, then: None },
    };
    for redact in [false, true] {
        let line = ndjson::line(&Redactor::default(), Field::Login, &row, redact);
        assert!(line.ends_with('\n') && !line.trim_end_matches('\n').contains(['\n', '\r']), "not one line: {line:?}");
        assert!(is_json(&line), "not JSON: {line}");
    }
    for item in &found.items {
        let masked = redact_participant::participant(item);
        assert!(is_json(&masked), "not JSON: {masked}");
        let again = RawValue::from_string(masked.clone()).expect("JSON");
        assert_eq!(redact_participant::participant(&again), masked, "masking twice differs from masking once");
    }
    let one = ParticipantFilter { one: true, ..ParticipantFilter::default() };
    if let Err(error) = one.require(&found.items) {
        assert_showable(&quiet_host(), &error);
    }
    let gold = ParticipantFilter {
        segment: Some("Gold".to_owned()),
        catalog_id: Some("40599".to_owned()),
        ..ParticipantFilter::default()
    };
    let all = found.items.len();
    assert!(gold.apply(found.items).len() <= all);
});

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}
