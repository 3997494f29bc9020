//! Config files: every profile resolves or is refused with an error, and no error holds a secret.

#![no_main]

use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use m2m::Error;
use m2m::internals::participants::impersonation::Impersonation;
use m2m::internals::settings::api::Api;
use m2m::internals::settings::config::file::ConfigFile;
use m2m::internals::settings::layer::Layer;
use m2m::internals::settings::resolved::{Choice, Settings};
use m2m::internals::settings::table;
use m2m::internals::tokens::source::TokenSource;
use m2m_fuzz::{assert_showable, quiet_host};

/// The seeds have it wherever a secret can be.
const SECRET: &str = "s3cr3t-0f-the-seeds";

/// Whether the secret is in the file once, as a client secret. Anywhere else it is ordinary text, which can be shown.
fn holds_the_secret(text: &str) -> bool {
    let lines = [format!("client_secret = \"{SECRET}\""), format!("client_secret = {{ value = \"{SECRET}\" }}")];
    let several_lines = text.contains("\"\"\"") || text.contains("'''");
    text.matches(SECRET).count() == 1 && !several_lines && text.lines().any(|line| lines.iter().any(|own| line == own))
}

fuzz_target!(|text: &str| {
    let host = quiet_host();
    let tell = |error: &Error| {
        assert_showable(&host, error);
        let shown = m2m::internals::report::json(&host, error);
        assert!(!holds_the_secret(text) || !shown.contains(SECRET), "the secret is shown: {shown}");
    };
    let file = ConfigFile::of(Some(PathBuf::from("/home/u/config.toml")), text.to_owned(), true);
    let document = match file.parse() {
        Err(error) => return tell(&error),
        Ok(document) => document,
    };
    assert!(document.names().len() <= document.summaries().len());
    for name in document.names() {
        let choice = Choice { profile: Some(name), ..Choice::default() };
        let settings = match Settings::merge(&host, &choice, Layer::default(), &document) {
            Err(error) => {
                tell(&error);
                continue;
            }
            Ok(settings) => settings,
        };
        let _ = table::rows(&host, &settings);
        let parts = [
            TokenSource::resolve(&settings, &host).and_then(|source| source.preview()).err(),
            Api::resolve(&settings).err(),
            Impersonation::resolve(&settings).err(),
        ];
        parts.iter().flatten().for_each(tell);
    }
});
