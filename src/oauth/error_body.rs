//! What a refusal says, in whatever shape servers write it: RFC 6749 section 5.2, and the habits of gateways and APIs.
//! Reads tolerantly and judges nothing.

use reqwest::StatusCode;
use serde_json::Value;

use crate::http::message::Response;
use crate::oauth::answer_shape;
use crate::platform::json;

/// The words of a refusal.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// The error code, as sent.
    pub code: Option<String>,
    /// The explanation, as sent.
    pub description: Option<String>,
    /// Codes and explanations below the first error, as sent.
    pub details: Vec<(String, String)>,
    /// An identifier that the server's support can find, from the body.
    pub trace: Option<String>,
}

impl ErrorBody {
    /// Reads a body whatever its media type: servers label JSON as HTML and send text without a label.
    pub fn of(reply: &Response) -> Self {
        let mut read = match json::parse::<Value>(&reply.body) {
            Ok(object @ Value::Object(_)) => Self::from_object(&object),
            Ok(_) => Self::default(),
            Err(_) if reply.is_html() => Self::default(),
            Err(_) if reply.is_xml() => Self::from_xml(&String::from_utf8_lossy(&reply.body)),
            Err(_) if answer_shape::is_form(&reply.body) => Self::from_form(&reply.body),
            // The plain text of a success may be a bare token.
            Err(_) if reply.is_success() => Self::default(),
            Err(_) => Self { description: plain_text(&reply.body), ..Self::default() },
        };
        // `"error": "Bad Request"` repeats the status in words, and says nothing about the client.
        if let Some(phrase) = read.code.take_if(|code| is_reason_phrase(code)) {
            read.description.get_or_insert(phrase);
        }
        read
    }

    fn from_form(body: &[u8]) -> Self {
        let value = |wanted: &str| {
            let found = ::url::form_urlencoded::parse(body).find(|(name, value)| name == wanted && !value.is_empty());
            found.map(|(_, value)| value.into_owned())
        };
        Self { code: value("error"), description: value("error_description"), ..Self::default() }
    }

    fn from_xml(xml: &str) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| xml_element(xml, name));
        Self {
            code: first(&["error", "errorcode", "code"]),
            description: first(&[
                "error_description",
                "description",
                "message",
                "detail",
                "faultstring",
                "reason",
                "title",
            ]),
            trace: first(&["requestid", "trackingid"]),
            details: Vec::new(),
        }
    }

    fn from_object(body: &Value) -> Self {
        let text = |path: &[&str]| {
            let value = path.iter().try_fold(body, |at, name| match name.parse::<usize>() {
                Ok(index) => at.get(index),
                Err(_) => at.get(name),
            })?;
            match value {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        };
        let first = |paths: &[&[&str]]| paths.iter().find_map(|path| text(path));
        // CloudLoyalty: `sub` lists what is wrong in particular, `subMessage` says what to do.
        let subs =
            ["sub", "subs", "subErrors"].iter().find_map(|name| body.pointer(&format!("/errors/0/{name}"))?.as_array());
        let member = |item: &Value, names: &[&str]| {
            let value = names.iter().find_map(|name| item.get(name))?;
            value.as_str().map(str::to_owned).or_else(|| value.is_number().then(|| value.to_string()))
        };
        let detail = |item: &Value| {
            let message = member(item, &["message", "Message"]).unwrap_or_default();
            (member(item, &["code", "type", "Type"]).unwrap_or_default(), message)
        };
        let advice = first(&[&["errors", "0", "subMessage"], &["errors", "0", "SubMessage"]]);
        let details =
            subs.into_iter().flatten().map(detail).chain(advice.map(|advice| (String::new(), advice))).collect();
        Self {
            details,
            code: first(&[
                &["error"],
                &["error", "code"],
                &["errors", "0", "code"],
                &["errorCode"],
                &["ErrorCode"],
                &["code"],
                &["__type"],
                &["fault", "detail", "errorcode"],
                &["errcode"],
            ]),
            description: first(&[
                &["error_description"],
                &["error", "message"],
                &["errors", "0", "message"],
                &["message"],
                &["Message"],
                &["errorMessage"],
                &["error_message"],
                &["errorSummary"],
                &["fault", "faultstring"],
                &["faultstring"],
                &["Error"],
                &["reason"],
                &["errmsg"],
                &["msg"],
                &["detail"],
                &["title"],
            ]),
            trace: first(&[
                &["correlation_id"],
                &["trace_id"],
                &["requestId"],
                &["activityId"],
                &["fault", "requestId"],
            ]),
        }
    }

    /// Whether code or explanation holds any of these words, in any case.
    pub fn mentions(&self, words: &[&str]) -> bool {
        let all =
            format!("{} {}", self.code.as_deref().unwrap_or_default(), self.description.as_deref().unwrap_or_default())
                .to_lowercase();
        words.iter().any(|word| all.contains(&word.to_lowercase()))
    }

    /// The code, when it keeps to the grammar of RFC 6749 section 5.2 and to a sane length: fit to be shown bare.
    pub fn printable_code(&self) -> Option<String> {
        let tidy = |c: &&String| c.len() <= 64 && c.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        self.code.as_ref().filter(tidy).cloned()
    }

    /// Code and explanation for a person, as the server wrote them.
    pub fn words(&self) -> Option<String> {
        match (&self.code, &self.description) {
            (Some(code), Some(description)) => Some(format!("{code}: {description}")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }

    /// What stands below the first error, for a person, as the server wrote it.
    pub fn detail_words(&self) -> Option<String> {
        let shown = |(code, message): &(String, String)| match code.as_str() {
            "" => message.clone(),
            code => format!("{code}: {message}"),
        };
        (!self.details.is_empty()).then(|| self.details.iter().map(shown).collect::<Vec<_>>().join("; "))
    }
}

/// A short body that is not JSON and not a page.
fn plain_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(json::without_bom(body)).trim().to_owned();
    (!text.is_empty() && !text.starts_with('<')).then_some(text)
}

/// The text of the first element of this name, whatever its namespace, that has text of its own. Case does not count.
fn xml_element(xml: &str, name: &str) -> Option<String> {
    xml.match_indices('<').find_map(|(at, _)| {
        let (tag, after) = xml[at + 1..].split_once('>')?;
        let qualified = tag.split_ascii_whitespace().next()?;
        let local = qualified.rsplit(':').next()?;
        let content = after
            .strip_prefix("<![CDATA[")
            .and_then(|inside| inside.split_once("]]>"))
            .map_or_else(|| after.split('<').next().unwrap_or_default(), |(inside, _)| inside);
        let text = unescape_xml(content.trim());
        (local.eq_ignore_ascii_case(name) && !tag.ends_with('/') && !text.is_empty()).then_some(text)
    })
}

/// The five entities that XML defines by itself.
fn unescape_xml(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// Whether a text is what HTTP calls one of its error statuses: `Bad Request`, `Unsupported Media Type`.
fn is_reason_phrase(text: &str) -> bool {
    (400..600).any(|status| {
        let status = StatusCode::from_u16(status).ok();
        status.and_then(|status| status.canonical_reason()).is_some_and(|reason| reason.eq_ignore_ascii_case(text))
    })
}

/// The ways in which servers say that there were too many requests, whatever the status.
pub const THROTTLE_WORDS: [&str; 6] = [
    "too_many_requests",
    "TooManyRequests",
    "too many requests",
    "Rate exceeded",
    "out of call volume quota",
    "slow_down",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::refusal::response;

    #[test]
    fn reads_every_known_shape() {
        for (body, code, description) in [
            (r#"{"error":"invalid_client"}"#, Some("invalid_client"), None),
            (
                r#"{"error":"invalid_client","error_description":"Bad\r\nthing"}"#,
                Some("invalid_client"),
                Some("Bad\r\nthing"),
            ),
            (r#"{"error":{"code":"E1","message":"m"}}"#, Some("E1"), Some("m")),
            (r#"{"statusCode":401,"message":"Access denied"}"#, None, Some("Access denied")),
            (
                r#"{"errors":[{"code":"113","message":"Participante não encontrado."}]}"#,
                Some("113"),
                Some("Participante não encontrado."),
            ),
            (r#"{"statusCode":400,"errors":[{"code":100,"message":"x"}]}"#, Some("100"), Some("x")),
            (r#"{"errorCode":"E0000007","errorSummary":"Not found"}"#, Some("E0000007"), Some("Not found")),
            ("Unauthorized", None, Some("Unauthorized")),
            ("<html>no</html>", None, None),
            ("", None, None),
            ("[1]", None, None),
            (r#"{"error":null}"#, None, None),
            (r#"{"error":"Bad Request"}"#, None, Some("Bad Request")),
            (r#"{"statusCode":415,"error":"Unsupported Media Type","message":"no"}"#, None, Some("no")),
            (
                r#"{"ErrorCode":"invalid_client","Error":"ClientId is Invalid"}"#,
                Some("invalid_client"),
                Some("ClientId is Invalid"),
            ),
            (r#"{"Message":"User is not authorized"}"#, None, Some("User is not authorized")),
            (r#"{"reason":"Invalid client_id"}"#, None, Some("Invalid client_id")),
            (r#"{"errcode":40013,"errmsg":"invalid appid"}"#, Some("40013"), Some("invalid appid")),
            (r#"{"status":"error","msg":"the secret is wrong"}"#, None, Some("the secret is wrong")),
            (
                r#"{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}"#,
                Some("oauth.v2.InvalidApiKey"),
                Some("Invalid ApiKey"),
            ),
            (
                "<?xml version=\"1.0\"?><ams:fault xmlns:ams=\"x\"><ams:code>900901</ams:code><ams:message>Invalid Credentials</ams:message></ams:fault>",
                Some("900901"),
                Some("Invalid Credentials"),
            ),
            ("<Fault><Error code=\"3200\"><Message>a &lt; b</Message></Error></Fault>", None, Some("a < b")),
            ("<e><detail><![CDATA[no <b> here]]></detail></e>", None, Some("no <b> here")),
            ("<?xml version=\"1.0\"?><!DOCTYPE html><html><title>x</title></html>", None, None),
        ] {
            let read = ErrorBody::of(&response(400, &[], body));
            assert_eq!((read.code.as_deref(), read.description.as_deref()), (code, description), "{body}");
        }
    }

    #[test]
    fn an_untidy_code_is_not_shown_bare() {
        for code in ["a b", "a\nb", "\u{1b}[0m", &"x".repeat(65)] {
            assert_eq!(ErrorBody { code: Some(code.into()), ..ErrorBody::default() }.printable_code(), None, "{code}");
        }
    }
}
