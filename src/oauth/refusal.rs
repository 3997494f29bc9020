//! "The server said no", in one vocabulary for every server: rules as data, and the one builder that turns an answer and its
//! rule into an error. Refuses to know any endpoint: the tables are with those who ask (`token_error`, `discovery`,
//! `api::refusal`).

use std::time::{Duration, SystemTime};

use crate::http::message::{self, Response};
use crate::oauth::answer_shape;
use crate::oauth::error_body::ErrorBody;
use crate::platform::error::{Error, ErrorKind};

/// What an answer means. The conditions that are given must all hold; in a table the first rule that matches counts.
#[derive(Debug)]
pub struct Rule {
    statuses: &'static [(u16, u16)],
    codes: Option<&'static [&'static str]>,
    has_code: Option<bool>,
    words: &'static [&'static str],
    page: Option<bool>,
    header: Option<(&'static str, &'static str)>,
    beyond_deadline: bool,
    /// The class of failure.
    pub kind: ErrorKind,
    /// What happened, in one line.
    pub message: &'static str,
    /// What to try.
    pub hint: Option<&'static str>,
    names_code: bool,
    may_pass: bool,
}

impl Rule {
    /// A rule that matches every answer, until conditions are added.
    pub const fn new(kind: ErrorKind, message: &'static str) -> Self {
        Self {
            statuses: &[],
            codes: None,
            has_code: None,
            words: &[],
            page: None,
            header: None,
            beyond_deadline: false,
            kind,
            message,
            hint: None,
            names_code: false,
            may_pass: false,
        }
    }

    /// Only with a status in one of these ranges, both ends included.
    pub const fn statuses(mut self, ranges: &'static [(u16, u16)]) -> Self {
        self.statuses = ranges;
        self
    }

    /// Only with one of these error codes.
    pub const fn codes(mut self, codes: &'static [&'static str]) -> Self {
        self.codes = Some(codes);
        self
    }

    /// Only with an error code, whichever.
    pub const fn with_code(mut self) -> Self {
        self.has_code = Some(true);
        self
    }

    /// Only without an error code.
    pub const fn without_code(mut self) -> Self {
        self.has_code = Some(false);
        self
    }

    /// Only if code or explanation contains one of these words, in any case.
    pub const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// Only if a page came, that is, HTML.
    pub const fn page(mut self) -> Self {
        self.page = Some(true);
        self
    }

    /// Only with this header, containing this word in any case.
    pub const fn header(mut self, name: &'static str, word: &'static str) -> Self {
        self.header = Some((name, word));
        self
    }

    /// Only if the server asks to wait for longer than the deadline allows.
    pub const fn beyond_deadline(mut self) -> Self {
        self.beyond_deadline = true;
        self
    }

    /// What to try.
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The failure may pass by itself, whatever its status: a token that is still valid may be used meanwhile.
    pub const fn may_pass(mut self) -> Self {
        self.may_pass = true;
        self
    }

    /// Whether the failure of this answer may pass by itself: not if the server has judged the client.
    pub fn is_transient(&self, status: u16) -> bool {
        let failing = self.kind == ErrorKind::BadResponse && status >= 500;
        self.may_pass || self.kind == ErrorKind::Throttled || status == 408 || failing
    }

    /// Appends the error code to the message.
    pub const fn names_code(mut self) -> Self {
        self.names_code = true;
        self
    }

    fn matches(&self, answer: &Answer<'_>) -> bool {
        let Answer { response, body, .. } = answer;
        let status = response.status;
        let code = body.code.as_deref();
        (self.statuses.is_empty() || self.statuses.iter().any(|(from, to)| (*from..=*to).contains(&status)))
            && self.codes.is_none_or(|codes| code.is_some_and(|code| codes.contains(&code)))
            && self.has_code.is_none_or(|has| has == code.is_some())
            && (self.words.is_empty() || body.mentions(self.words))
            && self.page.is_none_or(|page| page == response.is_html())
            && self.header.is_none_or(|(name, word)| {
                response.headers.contains_key(name) && response.list(name).to_ascii_lowercase().contains(word)
            })
            && (!self.beyond_deadline || response.retry_after_exceeds_deadline)
    }
}

/// An answer that is not what was asked for.
pub struct Answer<'a> {
    /// The answer.
    pub response: &'a Response,
    /// What its body says.
    pub body: &'a ErrorBody,
    /// The request, as messages name it: method and URL.
    pub request: &'a str,
}

impl Answer<'_> {
    /// The position of the first rule that matches. Every table ends with a rule that matches everything.
    pub fn rule(&self, rules: &[Rule]) -> usize {
        rules.iter().position(|rule| rule.matches(self)).unwrap_or(rules.len().saturating_sub(1))
    }

    /// The error for this answer: the rule's kind and message, what was answered in the server's words, who answered if it
    /// was a page, and how long the server asks to wait. The rule's hint is left to the caller, who may have better ones.
    pub fn error(&self, rule: &Rule, now: SystemTime) -> Error {
        let code = self.body.printable_code().filter(|_| rule.names_code);
        let message = match &code {
            Some(code) => format!("{} ({code})", rule.message),
            None => rule.message.to_owned(),
        };
        // A code that the message names is not repeated.
        let words = if code.is_some() { self.body.description.clone() } else { self.body.words() };
        let mut error = self.quote(Error::new(rule.kind, message), words);
        error = quote_origin(error, self.response);
        if let Some(wait) = message::retry_after(self.response, now) {
            error = error.cause(wait_text(wait)).with_retry_after(Some(wait));
        }
        error = error.http_context(self.response.http_context());
        if rule.is_transient(self.response.status) { error.transient() } else { error }
    }

    /// What was answered: the server's words, or what came instead of words.
    fn quote(&self, error: Error, words: Option<String>) -> Error {
        let answered = format!("{} answered {}", self.request, self.response.status);
        match words {
            _ if self.response.is_html() => error.cause(format!("{answered} with an HTML page")),
            Some(words) => error.cause_quoted(answered, words),
            None if self.response.body.is_empty() => error.cause(format!("{answered} with an empty body")),
            None if self.body.code.is_some() => error.cause(answered),
            None => answer_shape::add_to(error.cause(answered), self.response),
        }
    }
}

/// Adds the headers that show who answered, if a page came, and where a redirect points, without its query.
fn quote_origin(mut error: Error, response: &Response) -> Error {
    if response.is_html() {
        for name in ["server", "via", "x-cache", "x-amz-cf-id"] {
            if let Some(value) = response.header(name) {
                error = error.cause_quoted(format!("its header `{name}` says"), value);
            }
        }
    }
    if (300..400).contains(&response.status)
        && let Some(location) = response.header("location")
    {
        error = error.cause_quoted("it points to", location.split(['?', '#']).next().unwrap_or_default());
    }
    error
}

/// How long the server asks to wait, for a person.
fn wait_text(wait: Duration) -> String {
    format!("it asks to wait {}", humantime::format_duration(Duration::from_secs(wait.as_secs())))
}

/// Status, headers and body of an answer, for tests.
#[cfg(test)]
pub type Sample = (u16, &'static [(&'static str, &'static str)], &'static str);

/// The rules of a table that none of the given answers reaches: for the tests of the tables.
#[cfg(test)]
pub fn unreached(rules: &[Rule], answers: &[Sample]) -> Vec<&'static str> {
    let reached: Vec<usize> = answers
        .iter()
        .map(|(status, headers, body)| {
            let response = response(*status, headers, body);
            Answer { response: &response, body: &ErrorBody::of(&response), request: "" }.rule(rules)
        })
        .collect();
    (0..rules.len()).filter(|at| !reached.contains(at)).map(|at| rules[at].message).collect()
}

/// An answer, for tests.
#[cfg(test)]
pub fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(n, v)| (n.parse().expect("a name"), v.parse().expect("a value"))).collect();
    Response {
        status,
        headers,
        body: body.as_bytes().to_vec(),
        sent_at: SystemTime::UNIX_EPOCH,
        url: "https://as/t".into(),
        retry_after_exceeds_deadline: false,
    }
}
