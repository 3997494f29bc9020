//! `m2m inspect`: what a JWT access token says, and with `--verify`, whether it is true.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::{Value, json};

use crate::args::grant::GrantArgs;
use crate::http::client::Http;
use crate::output::json_text;
use crate::output::token_format::rfc3339;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::local_input::LocalInput;
use crate::platform::runtime;
use crate::platform::secret::Secret;
use crate::settings::network;
use crate::settings::resolved::Settings;
use crate::tokens::inspection;
use crate::tokens::inspection::Shape;
use crate::tokens::session::TokenSession;

/// Larger than any token, in bytes.
const TOKEN_LIMIT: u64 = 1024 * 1024;

/// RFC 3339 has four digits for the year.
const YEAR_10000_SECS: f64 = 253_402_300_800.0;

/// Decode, and with --verify verify, a JWT access token
///
/// Prints header and claims as JSON, with times readable beside the numbers. Of a file, of stdin, or of the profile's
/// own token. An opaque or encrypted token is said to be so.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  m2m inspect --profile uat
  m2m token | m2m inspect -
  m2m inspect --verify --audience https://api.example.com")]
pub struct InspectArgs {
    /// File with a token, `-` for stdin; without it the profile's token
    #[arg(value_name = "TOKEN-FILE")]
    file: Option<PathBuf>,
    /// Verify signature (by the issuer's keys), issuer, audience (if `audience` is set) and times; exit 7 if one is
    /// wrong
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

/// Runs the command.
///
/// # Errors
/// Usage; whatever keeps a token from being granted; with `--verify`, whatever is wrong with the token.
pub fn run(host: &Host, args: &InspectArgs) -> Result<()> {
    let settings = Settings::resolve(host, &args.grant.choice(), args.grant.layer()?)?;
    let (token, settings) = match &args.file {
        Some(path) => (read(host, path)?, settings),
        None => {
            let session = TokenSession::new(host, settings, args.grant.cache.mode())?;
            (session.token(host)?.access_token, session.settings)
        }
    };
    host.ui.redactor.register_secret(&token);
    let shape = inspection::read(&token);
    if args.verify {
        // Check before looking for the issuer: these tokens have no signature to verify.
        inspection::require_signed_jwt(&shape)?;
        let options = network::options(&settings)?;
        runtime::run(async { inspection::verify(host, &Http::new(options), &settings, &shape).await })?;
    }
    host.ui.print(&json_text::passed_through(host, &describe(&shape, args.verify)))
}

fn read(host: &Host, path: &Path) -> Result<Secret> {
    if path.to_str().is_some_and(looks_like_a_token) && !path.exists() {
        return Err(Error::usage("this argument is a token, not a file with one (not shown)")
            .cause("other users of this machine can read arguments, and shells keep them")
            .hint("`m2m inspect -` reads the token from stdin"));
    }
    let failed = |why: String| Error::usage(format!("cannot read a token from `{}`", path.display())).cause(why);
    let bytes = if path.as_os_str() == "-" {
        host.read_stdin("the token", TOKEN_LIMIT)?
    } else {
        let read = LocalInput::open(path).and_then(|file| file.read(TOKEN_LIMIT, host.process.input_timeout()));
        read.map_err(|e| failed(e.to_string()))?
    };
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not text".into()))?;
    let token = bare(&text);
    if token.is_empty() {
        return Err(failed("it is empty".into()));
    }
    inspection::one_token(token)?;
    Ok(Secret::new(token.to_owned()))
}

/// JSON begins with `{`, which is `e` in Base64; the other characters are those of `{"`.
fn looks_like_a_token(argument: &str) -> bool {
    let token = bare(argument);
    token.starts_with("ey") && matches!(token.split('.').count(), 3 | 5)
}

/// The token of a header line, a header value, or nothing else.
fn bare(text: &str) -> &str {
    ["Authorization:", "Bearer "].iter().fold(text.trim(), |rest, prefix| match rest.get(..prefix.len()) {
        Some(start) if start.eq_ignore_ascii_case(prefix) => rest[prefix.len()..].trim(),
        _ => rest,
    })
}

/// Header and claims as they were written, and the times among the claims as RFC 3339.
fn describe(shape: &Shape, verified: bool) -> String {
    match shape {
        Shape::Signed(jwt) => {
            let claims: Value = serde_json::from_str(&jwt.claims_text).unwrap_or_default();
            let times: serde_json::Map<String, Value> =
                ["iat", "nbf", "exp", "auth_time"].iter().filter_map(|name| Some(((*name).to_owned(), readable(claims.get(name)?)?.into()))).collect();
            format!("{{\"header\":{},\"claims\":{},\"times\":{},\"verified\":{verified}}}", jwt.header, jwt.claims_text, json!(times))
        }
        Shape::Encrypted { header } => {
            format!("{{\"header\":{header},\"claims\":null,\"note\":\"an encrypted token (JWE): only its recipient can read the claims\"}}")
        }
        Shape::Damaged { why } => {
            json!({"header": null, "claims": null, "note": format!("looks like a JWT, but {why}")}).to_string()
        }
        Shape::Opaque => json!({"header": null, "claims": null, "note": "an opaque token, not a JWT: only its issuer knows what it says"}).to_string(),
    }
}

fn readable(time: &Value) -> Option<String> {
    let secs = time.as_f64().filter(|secs| (0.0..YEAR_10000_SECS).contains(secs))?;
    Some(rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs_f64(secs)))
}
