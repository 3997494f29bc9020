//! The credential smoke test: every step from settings to API, each with a status, a sentence and a hint. One token
//! request per profile; the cache is never read.

pub mod api;
pub mod checks;
pub mod context;
pub mod grant;
pub mod jwt;
pub mod report;
pub mod response;
pub mod server;

use crate::check::context::{CheckContext, Expectations};
use crate::check::report::{Recorder, Report};
use crate::platform::error::Result;
use crate::platform::host::Host;
use crate::settings::resolved::Settings;

/// Runs all checks of one profile. `remarks` are the warnings that reading its settings gave.
pub async fn run(
    host: &Host,
    profile: &str,
    settings: Result<Settings>,
    remarks: &[String],
    expected: &Expectations,
) -> Report {
    let mut record = Recorder::new(host);
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            record.fail_with("config.settings", &error);
            return record.finish(profile);
        }
    };
    let context = CheckContext::prepare(host, &settings, expected);
    let scope_remarks = host.ui.take_warnings();
    match context {
        Err(error) => record.fail_with("config.settings", &error),
        Ok(context) => {
            host.process.set_input_timeout(context.http.timeout());
            match remarks.first() {
                Some(remark) => record.warn("config.settings", remark.clone(), "only you should be able to change it"),
                None => record.pass("config.settings", "the settings are complete and well-formed"),
            }
            check_scope_setting(&mut record, &context, &scope_remarks);
            server::check(&mut record, &context).await;
        }
    }
    record.finish(profile)
}

fn check_scope_setting(record: &mut Recorder<'_>, context: &CheckContext<'_>, remarks: &[String]) {
    match remarks.first() {
        Some(remark) => record.warn("config.scope", remark.clone(), "compare it with the provider's documentation"),
        None if context.source.client().grant.scope.is_empty() => {
            record.info("config.scope", "no scope is asked for; what that means depends on the server");
        }
        None => record.pass("config.scope", "the scope is well-formed"),
    }
}
