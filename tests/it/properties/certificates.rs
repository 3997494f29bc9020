//! Properties of what is read from certificate files and certificates, and of bodies that end without a length.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m2m::internals::http::complete_json::CompleteJson;
use m2m::internals::http::tls::{distinguished_name, pem};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::property::holds;

#[test]
fn every_block_counts_whatever_stands_between_blocks() {
    let block = (vec(any::<u8>(), 1..80), "[ \t\r\n\u{feff}a-z=]{0,12}", 1..70usize);
    holds("every block of a certificate file counts", 500, vec(block, 1..6), |blocks| {
        let mut text = String::new();
        for (der, between, width) in &blocks {
            let base64 = STANDARD.encode(der);
            let lines: Vec<_> = base64.as_bytes().chunks(*width).map(String::from_utf8_lossy).collect();
            text.push_str(&format!(
                "{between}-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----{between}",
                lines.join("\n")
            ));
        }
        let read = pem::parse(text.as_bytes());
        let expected: Vec<_> = blocks.iter().map(|(der, ..)| der.clone()).collect();
        prop_assert_eq!(read.certificates.iter().map(|one| one.to_vec()).collect::<Vec<_>>(), expected);
        prop_assert!(read.unread.is_empty());
        Ok(())
    });
}

#[test]
fn names_of_any_bytes_are_read_without_a_panic() {
    holds("names of any bytes are read", 500, vec(any::<u8>(), 0..64), |bytes| {
        prop_assert!(!distinguished_name::text(&bytes).is_empty());
        Ok(())
    });
    holds(
        "names of nearly valid bytes are read",
        500,
        vec(prop_oneof![Just(0x30u8), Just(0x31), Just(0x81), Just(0x82), Just(6), Just(3), 0..12u8], 0..32),
        |bytes| {
            prop_assert!(!distinguished_name::text(&bytes).is_empty());
            Ok(())
        },
    );
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![any::<i64>().prop_map(Value::from), "[a-z\\\\\"{}\\[\\] ]{0,8}".prop_map(Value::from)];
    let inner = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z\\\\\"}]{0,4}", inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    });
    inner.prop_map(|value| json!({ "value": value }))
}

#[test]
fn a_document_is_complete_at_its_last_byte_and_not_before() {
    holds("a document is complete at its last byte", 500, document(), |value| {
        let text = value.to_string();
        let mut body = CompleteJson::default();
        for byte in text.bytes() {
            prop_assert!(!body.is_complete());
            body.feed(&[byte]);
        }
        prop_assert!(body.is_complete());
        body.feed(b"\r\n");
        prop_assert!(body.is_complete());
        body.feed(b"{");
        prop_assert!(!body.is_complete());
        Ok(())
    });
}
