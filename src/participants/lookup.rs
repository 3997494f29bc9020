//! The participant lookup: from a login or CPF to what the API answered. Login and CPF are never confused by their
//! looks: a login may well be eleven digits.

use std::time::SystemTime;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::refusal;
use crate::api::session::ApiSession;
use crate::http::message::{Request, Response};
use crate::oauth::answer_shape;
use crate::oauth::error_body::ErrorBody;
use crate::oauth::refusal::{Answer, Rule};
use crate::participants::cpf::Cpf;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::json;
use crate::platform::json::Members;
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
    at: Option<String>,
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
    /// Reads the body of an answer: a JSON array, of whatever. With `at` the array is a member of the answer, named by a
    /// path such as `data.items`.
    ///
    /// # Errors
    /// Why it is not one, without quoting it.
    pub fn parse(body: &[u8], at: Option<&str>) -> Result<Self, String> {
        let mut array: Box<RawValue> = json::parse(body)?;
        for name in at.into_iter().flat_map(|path| path.split('.')) {
            let members: Members = json::parse(array.get().as_bytes())?;
            let member =
                members.get(name).ok_or_else(|| format!("it has no `{name}`, which `participants_at` names"))?;
            array = member.to_owned();
        }
        let items = json::parse(array.get().as_bytes())?;
        Ok(Self { array: array.get().to_owned(), items })
    }
}

impl ParticipantLookup {
    /// Reads and checks the settings.
    pub fn resolve(settings: &Settings) -> Result<Self> {
        Ok(Self {
            api: Api::resolve(settings)?,
            by_login: api::lookup_template(settings, SettingKey::ParticipantByLogin, "{login}")?,
            by_cpf: api::lookup_template(settings, SettingKey::ParticipantByCpf, "{cpf}")?,
            at: settings.text(SettingKey::ParticipantsAt)?.filter(|path| !path.is_empty()),
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
        self.parse_answer(&reply, &request).map_err(|malformed| match malformed {
            Some(error) => error.correlation_id(&session.correlation),
            None => {
                let now = host.process.now();
                let refusal = refusal::refusal(&reply, &session.call(&request.description()), now);
                match refusal.kind() {
                    ErrorKind::ApiRefused if says_not_found(&reply) => not_found(&reply, &request, query, now),
                    ErrorKind::ApiRefused if reply.status == 404 => refusal.hint(path_hint(query)),
                    _ => refusal,
                }
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

    /// Reads an answer: the array, or a malformed one's error, or nothing where it is a refusal.
    fn parse_answer(&self, reply: &Response, request: &Request) -> Result<Participants, Option<Error>> {
        if reply.status == 204 {
            return Ok(Participants { array: "[]".into(), items: Vec::new() });
        }
        if reply.status != 200 || reply.is_html() {
            return Err(None);
        }
        Participants::parse(&reply.body, self.at.as_deref()).map_err(|why| {
            let refused = json::parse::<Value>(&reply.body).is_ok_and(|v| v.get("errors").is_some());
            if refused { None } else { Some(malformed(reply, request, why)) }
        })
    }
}

/// The error for an API that says with a 404 that there is no such person.
fn not_found(reply: &Response, request: &Request, query: &Query, now: SystemTime) -> Error {
    let description = request.description();
    let answer = Answer { response: reply, body: &ErrorBody::of(reply), request: &description };
    answer.error(&NOT_FOUND, now).hint(format!("if this participant exists, {}", path_hint(query)))
}

const NOT_FOUND: Rule = Rule::new(ErrorKind::NotFound, "no participant matches");

/// Whether a 404 is the API's about a person, and not a gateway's about the path: it says something, and more than the
/// status in words.
fn says_not_found(reply: &Response) -> bool {
    const ABOUT_THE_PATH: [&str; 5] =
        ["", "not found", "resource not found", "no message available", "no route matched"];
    let Ok(members) = json::parse::<Members>(&reply.body) else { return false };
    let words = ErrorBody::of(reply).description.unwrap_or_default();
    let says_more = !ABOUT_THE_PATH.contains(&words.trim().trim_end_matches('.').to_lowercase().as_str());
    // Azure API Management's own 404 has `statusCode`.
    reply.status == 404 && says_more && members.get("statusCode").is_none()
}

/// The path of the lookup is not published, so it may be the wrong one.
fn path_hint(query: &Query) -> String {
    let key = match query {
        Query::Login(_) => SettingKey::ParticipantByLogin,
        Query::Cpf(_) => SettingKey::ParticipantByCpf,
    };
    format!(
        "the path of the lookup comes from `{}` in the profile (default `{}`): set it to the path in your API's documentation",
        key.name(),
        key.default().unwrap_or_default()
    )
}

fn malformed(reply: &Response, request: &Request, why: String) -> Error {
    let error = Error::new(ErrorKind::BadResponse, "the answer of the lookup is not a JSON array")
        .cause(format!("{} answered 200", request.description()))
        .http_context(reply.http_context());
    let members = json::parse::<Members>(&reply.body).map(|members| members.0).unwrap_or_default();
    let array = members.iter().find(|(_, value)| value.get().starts_with('['));
    let error = answer_shape::add_to(if members.is_empty() { error.cause(why) } else { error }, reply);
    match array {
        Some((name, _)) => error
            .hint(format!("if the array is the member `{name}`, set `participants_at = \"{name}\"` in the profile")),
        None => error.hint("does `api_url` point to the participant API?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::refusal::response;

    #[test]
    fn the_array_may_be_a_member_of_the_answer() {
        let read = |body: &str, at| Participants::parse(body.as_bytes(), at).map(|read| (read.array, read.items.len()));
        assert_eq!(read(r#" [{"id":1}] "#, None), Ok((r#"[{"id":1}]"#.to_owned(), 1)));
        assert_eq!(read(r#"{"data":{"items":[1, 2]}}"#, Some("data.items")), Ok(("[1, 2]".to_owned(), 2)));
        assert!(read(r#"{"data":[]}"#, Some("items")).unwrap_err().contains("no `items`"));
        assert!(read(r#"{"data":[]}"#, None).is_err());
    }

    #[test]
    fn an_object_is_named_by_its_members_and_the_setting_that_reads_it() {
        let request = Request::get("https://api.example/v1".parse().unwrap(), "https://api.example/v1".into(), 1);
        let error = malformed(&response(200, &[], r#"{"total":1,"data":[{"name":"Ana"}]}"#), &request, String::new());
        assert!(error.hints()[0].contains("participants_at = \"data\""), "{:?}", error.hints());
        let quotes: Vec<_> = error.causes().iter().filter_map(|cause| cause.quote.as_deref()).collect();
        assert!(quotes.contains(&"total, data") && !format!("{:?}", error.causes()).contains("Ana"), "{quotes:?}");
    }

    #[test]
    fn a_404_about_a_person_is_told_from_one_about_the_path() {
        for (body, about_a_person) in [
            (r#"{"message":"Participant not found"}"#, true),
            (r#"{"error":"not_found","error_description":"Nenhum participante"}"#, true),
            (r#"{"statusCode":404,"message":"Resource not found"}"#, false),
            (r#"{"message":"Not Found"}"#, false),
            (r#"{"timestamp":"2026","status":404,"error":"Not Found","path":"/x"}"#, false),
            ("", false),
            ("<html>", false),
        ] {
            assert_eq!(says_not_found(&response(404, &[], body)), about_a_person, "{body}");
        }
    }
}
