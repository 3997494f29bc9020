//! The HTTP side of the sandbox: connections, answers, the request log. It knows no route and no token.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod listener;
pub(crate) mod request_log;
