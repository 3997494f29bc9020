//! What came, where an answer was not understood: its labels and the names of its members, so that a person sees which
//! server or which format it is. Refuses to show any value: it may be a secret.

use serde_json::Value;

use crate::http::message::Response;
use crate::platform::error::Error;
use crate::platform::json;
use crate::platform::json::Members;

/// How many member names are shown.
const MOST_NAMES: usize = 12;

/// Adds what is known of the body to an error about it.
pub fn add_to(error: Error, reply: &Response) -> Error {
    let error = match reply.header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
        Some(coding) => error.cause_quoted("it is encoded as", coding),
        None => error,
    };
    let error = match reply.media_type().as_str() {
        "" => error.cause("it has no Content-Type"),
        "application/json" => error,
        _ => error.cause_quoted("its Content-Type is", reply.header("content-type").unwrap_or_default()),
    };
    match json::parse::<Value>(&reply.body) {
        Ok(Value::Object(members)) if members.is_empty() => error.cause("it is an empty JSON object"),
        Ok(Value::Object(_)) => {
            let members = json::parse::<Members>(&reply.body).unwrap_or_default();
            error.cause_quoted("it is a JSON object with", names(members.0.iter().map(|(name, _)| name)))
        }
        Ok(Value::Array(items)) => error.cause(format!("it is a JSON array of {} items", items.len())),
        Ok(Value::String(_)) => error.cause("it is a JSON string"),
        Ok(_) => error.cause("it is JSON, but no object"),
        Err(_) if reply.is_html() => error.cause("it is an HTML page"),
        Err(_) if reply.is_xml() => error.cause("it is XML"),
        Err(_) if is_form(&reply.body) => {
            let pairs = ::url::form_urlencoded::parse(&reply.body);
            let names_only: Vec<String> = pairs.map(|(name, _)| name.into_owned()).collect();
            error.cause_quoted("it is a form with", names(names_only.iter()))
        }
        Err(_) => error,
    }
}

/// The names in the order of the answer. One that is not plainly a name is not shown: it could be a secret.
fn names<'a>(all: impl Iterator<Item = &'a String>) -> String {
    let plain =
        |name: &String| name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.@$:".contains(&b));
    let all: Vec<&str> = all.map(|name| if plain(name) { name.as_str() } else { ".." }).collect();
    let more = all.len().saturating_sub(MOST_NAMES);
    let listed = all[..all.len() - more].join(", ");
    if more == 0 { listed } else { format!("{listed}, and {more} more") }
}

/// Whether a body is a form that a token endpoint may have written. A bare token may end in `=` and look like one.
pub fn is_form(body: &[u8]) -> bool {
    const KNOWN: [&str; 3] = ["access_token", "error", "token"];
    body.iter().all(u8::is_ascii_graphic)
        && ::url::form_urlencoded::parse(body).any(|(name, value)| KNOWN.contains(&&*name) && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::refusal::response;
    use crate::platform::error::ErrorKind;

    #[test]
    fn names_are_shown_and_values_are_not() {
        for (headers, body, expected) in [
            (&[][..], r#"{"data":{"accessToken":"s3cr3t"},"ok":true}"#, "it is a JSON object with: data, ok"),
            (&[], "access_token=s3cr3t&expires_in=3", "it is a form with: access_token, expires_in"),
            (&[], "[1,2]", "it is a JSON array of 2 items"),
            (&[("content-type", "text/plain")], "s3cr3t", "its Content-Type is: text/plain"),
            (&[("content-encoding", "br")], "s3cr3t", "it is encoded as: br"),
        ] {
            let error = add_to(Error::new(ErrorKind::BadResponse, "x"), &response(200, headers, body));
            let causes: Vec<String> = error
                .causes()
                .iter()
                .map(|cause| {
                    cause.quote.as_ref().map_or(cause.text.clone(), |quote| format!("{}: {quote}", cause.text))
                })
                .collect();
            assert!(causes.contains(&expected.to_owned()), "{body}: {causes:?}");
            assert!(!causes.join(" ").contains("s3cr3t"), "{causes:?}");
        }
    }
}
