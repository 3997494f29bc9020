//! HTTP: connections, answers, the request log. Routes and tokens are in `api` and `identity`.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod listener;
pub(crate) mod request_log;
