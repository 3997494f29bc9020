//! The one error type: a kind (which decides the exit code), what happened, its causes, and what to try.
//!
//! Owns the shape of an error. Refuses to render it for people: that is the work of `report`, which also hides secrets and
//! escapes control characters. Text that a server wrote enters an error only as a quote ([`Cause::quote`]), so that a
//! renderer can tell it from our own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What class of failure this is. Each kind has one exit code, see `exit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A bug, or an unexpected local failure.
    Internal,
    /// Arguments, configuration, a secret that cannot be read.
    Usage,
    /// The server refused the client, or the grant for this client.
    CredentialsRejected,
    /// Scope, audience or resource refused, or less granted than required.
    ScopeRejected,
    /// DNS, connect, TLS, deadline.
    Unreachable,
    /// Too many requests, or a quota used up.
    Throttled,
    /// A malformed or foreign answer, or a server that keeps failing.
    BadResponse,
    /// The API refused the call.
    ApiRefused,
    /// No participant matches, or more than one where one was asked for.
    NotFound,
    /// Interrupted by the user.
    Interrupted,
}

/// One line of explanation, optionally ending in a quote of foreign text.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Our own words.
    pub text: String,
    /// Text that came from outside; escaped, capped and redacted by the renderer.
    pub quote: Option<String>,
}

/// What happened, why, and what to try.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    causes: Vec<Cause>,
    hints: Vec<String>,
    http_context: HttpContext,
    transient: bool,
    retry_after: Option<Duration>,
    code: Option<&'static str>,
    correlation_id: Option<String>,
    idempotency_key: Option<String>,
    source: Option<Source>,
}

/// What an error was made of. Shared, since errors are cloned.
type Source = Arc<dyn std::error::Error + Send + Sync>;

/// What is known of the HTTP exchange behind an error.
#[derive(Clone, Debug, Default)]
pub struct HttpContext {
    /// The `error` code of RFC 6749 section 5.2, when it keeps to that section's grammar.
    pub oauth_error: Option<String>,
    /// The HTTP status of the answer.
    pub http_status: Option<u16>,
    /// The URL, fit to be shown.
    pub url: Option<String>,
    /// The identifier to give to the server's support.
    pub request_id: Option<String>,
}

impl Error {
    /// An error of this kind. The message is lowercase, without a full stop, and holds no foreign text.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            http_context: HttpContext::default(),
            transient: false,
            retry_after: None,
            code: None,
            correlation_id: None,
            idempotency_key: None,
            source: None,
        }))
    }

    /// Shorthand for the commonest kind.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Adds a cause in our own words.
    pub fn cause(mut self, text: impl Into<String>) -> Self {
        self.0.causes.push(Cause { text: text.into(), quote: None });
        self
    }

    /// Adds another error as a cause, and keeps the first one as the source.
    pub fn caused_by(mut self, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.causes.push(Cause { text: error.to_string(), quote: None });
        self.0.source.get_or_insert_with(|| Arc::new(error));
        self
    }

    /// Adds a cause that ends in a quote of foreign text.
    pub fn cause_quoted(mut self, text: impl Into<String>, foreign: impl Into<String>) -> Self {
        self.0.causes.push(Cause { text: text.into(), quote: Some(foreign.into()) });
        self
    }

    /// Adds the causes of another error of the same kind.
    pub fn with_causes_of(mut self, other: &Self) -> Self {
        self.0.causes.extend(other.causes().iter().cloned());
        self
    }

    /// Adds something to try.
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.0.hints.push(text.into());
        self
    }

    /// Records what is known of the HTTP exchange.
    pub fn http_context(mut self, http_context: HttpContext) -> Self {
        self.0.http_context = http_context;
        self
    }

    /// Records the URL that was asked.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.0.http_context.url = Some(url.into());
        self
    }

    /// Records the identifier that finds this exchange in the server's logs.
    pub fn request_id(mut self, id: Option<String>) -> Self {
        if id.is_some() {
            self.0.http_context.request_id = id;
        }
        self
    }

    /// Names the failure for programs, finer than its kind. Codes are part of the contract and never change.
    pub fn code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    /// The code, if the failure has one of its own.
    pub fn own_code(&self) -> Option<&'static str> {
        self.0.code
    }

    /// Records the id by which the API's operator finds the call, for people as well.
    pub fn correlation_id(mut self, id: &str) -> Self {
        self.0.correlation_id = Some(id.to_owned());
        self.cause(format!("correlation id {id}"))
    }

    /// The correlation id of the call.
    pub fn correlation(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// Records the key that makes repeating the call safe, for people as well.
    pub fn with_idempotency_key(mut self, key: &str) -> Self {
        self.0.idempotency_key = Some(key.to_owned());
        self.cause(format!("idempotency key {key}"))
    }

    /// The key that makes repeating the call safe.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// Marks a failure that may pass by itself: a token that is still valid may be used instead.
    pub fn transient(mut self) -> Self {
        self.0.transient = true;
        self
    }

    /// Records how long the server asks to wait.
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The class of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Why, outermost first.
    pub fn causes(&self) -> &[Cause] {
        &self.0.causes
    }

    /// What to try.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    /// What is known of the HTTP exchange.
    pub fn http(&self) -> &HttpContext {
        &self.0.http_context
    }

    /// Whether the failure may pass by itself.
    pub fn is_transient(&self) -> bool {
        self.0.transient
    }
}

/// The message alone, as the standard library asks; causes and hints are for the renderer.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_shows_its_message_and_keeps_its_source() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        let error = Error::usage("cannot read the file").caused_by(missing);
        assert_eq!(error.to_string(), "cannot read the file");
        let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::NotFound));
        assert_eq!(error.causes()[0].text, "entity not found");
    }
}
