//! The participant lookup: from a login or CPF to what the API answered. Login and CPF are never confused by their
//! looks: a login may well be eleven digits.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::refusal;
use crate::api::session::ApiSession;
use crate::http::message::{Request, Response};
use crate::participants::cpf::Cpf;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::json;
use crate::platform::url;
use crate::settings::api;
use crate::settings::api::Api;
use crate::settings::key::SettingKey;
use crate::settings::resolved::Settings;

/// The largest lookup answer accepted, in bytes.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// Who is looked up.
pub enum Query {
    /// By login, verbatim.
    Login(String),
    /// By taxpayer number.
    Cpf(Cpf),
}

impl Query {
    /// The value, which is personal data.
    pub fn value(&self) -> &str {
        match self {
            Self::Login(login) => login,
            Self::Cpf(cpf) => cpf.digits(),
        }
    }
}

/// Where and how participants are looked up.
pub struct ParticipantLookup {
    api: Api,
    by_login: String,
    by_cpf: String,
}

/// What the API answered.
#[derive(Debug)]
pub struct Participants {
    /// The JSON array as it was sent.
    pub array: String,
    /// Its items as they were sent.
    pub items: Vec<Box<RawValue>>,
}

impl Participants {
    /// Reads the body of an answer: a JSON array, of whatever.
    ///
    /// # Errors
    /// Why it is not one, without quoting it.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let items = json::parse(body)?;
        let array = std::str::from_utf8(json::without_bom(body)).map_err(|e| e.to_string())?;
        Ok(Self { array: array.trim().to_owned(), items })
    }
}

impl ParticipantLookup {
    /// Reads and checks the settings.
    pub fn resolve(settings: &Settings) -> Result<Self> {
        Ok(Self {
            api: Api::resolve(settings)?,
            by_login: api::lookup_template(settings, SettingKey::ParticipantByLogin, "{login}")?,
            by_cpf: api::lookup_template(settings, SettingKey::ParticipantByCpf, "{cpf}")?,
        })
    }

    /// The API behind it.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Looks one participant up.
    ///
    /// # Errors
    /// Whatever [`refusal::refusal`] makes of a refusal; bad response for an answer that is not an array; the
    /// network's errors. An empty array is not an error here.
    pub async fn find(&self, host: &Host, session: &ApiSession<'_>, query: &Query) -> Result<Participants> {
        let mut request = self.build_request(query)?;
        request.retry = session.repeat();
        let reply = session.send(&mut request, None).await?;
        parse_answer(&reply, &request).map_err(|malformed| match malformed {
            Some(error) => error.cause(format!("correlation id {}", session.correlation)),
            None => {
                let refusal =
                    refusal::refusal(&reply, &request.description(), &session.correlation, host.process.now());
                self.add_hints(refusal, &reply, query)
            }
        })
    }

    fn build_request(&self, query: &Query) -> Result<Request> {
        let (template, placeholder) = match query {
            Query::Login(_) => (&self.by_login, "{login}"),
            Query::Cpf(_) => (&self.by_cpf, "{cpf}"),
        };
        let path = template.replace(placeholder, &url::percent_encode_unreserved(query.value()));
        let target =
            url::join(&self.api.url, &path).map_err(|why| Error::usage("the lookup path cannot be used").cause(why))?;
        // Messages show the template: the filled-in path is personal data.
        let shown = format!("{}{template}", self.api.url.as_str().trim_end_matches('/'));
        Ok(Request::get(target, shown, ANSWER_LIMIT))
    }

    /// The path of the lookup is not published, so a gateway that knows no such path gets a hint.
    fn add_hints(&self, error: Error, reply: &Response, query: &Query) -> Error {
        let key = match query {
            Query::Login(_) => SettingKey::ParticipantByLogin,
            Query::Cpf(_) => SettingKey::ParticipantByCpf,
        };
        if reply.status == 404 && error.kind() == ErrorKind::ApiRefused {
            return error.hint(format!("the path of the lookup comes from `{}` in the profile (default `{}`): set it to the path in your API's documentation", key.name(), key.default().unwrap_or_default()));
        }
        error
    }
}

/// Reads an answer: the array, or a malformed one's error, or nothing where it is a refusal.
fn parse_answer(reply: &Response, request: &Request) -> Result<Participants, Option<Error>> {
    if reply.status == 204 {
        return Ok(Participants { array: "[]".into(), items: Vec::new() });
    }
    if reply.status != 200 || reply.is_html() {
        return Err(None);
    }
    let malformed = |why: String| {
        Some(
            Error::new(ErrorKind::BadResponse, "the answer of the lookup is not a JSON array")
                .cause(format!("{} answered 200", request.description()))
                .cause(why)
                .hint("does `api_url` point to the participant API?")
                .http_context(reply.http_context()),
        )
    };
    Participants::parse(&reply.body).map_err(|why| {
        let refused = json::parse::<Value>(&reply.body).is_ok_and(|v| v.get("errors").is_some());
        if refused { None } else { malformed(why) }
    })
}
