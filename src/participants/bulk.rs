//! Many lookups: in flight side by side, answered in the order of the input, at a pace that the API sets. Memory does
//! not grow with the input: lines come through a small channel, answers leave as soon as their turn comes.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::api::session::ApiSession;
use crate::http::retry;
use crate::http::retry::jitter;
use crate::participants::bulk_input::Line;
use crate::participants::cpf::Cpf;
use crate::participants::filter::ParticipantFilter;
use crate::participants::follow_up::{FollowUp, Followed};
use crate::participants::identity::{self, Identity, OTHER_PERSON};
use crate::participants::lookup::{ParticipantLookup, Query};
use crate::participants::pacing::{ConcurrencyLimit, RateLimiter};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::runtime;
use crate::platform::runtime::Stop;

/// After Ctrl-C, how long lookups in flight may still take.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// How often one lookup may be throttled before the run ends.
const MAX_THROTTLED_RETRIES: u32 = 20;
/// Answers that wait for an earlier one, for each lookup in flight.
const REORDER_WINDOW: usize = 8;

/// What the lines of the input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Logins.
    Login,
    /// Taxpayer numbers.
    Cpf,
}

impl Field {
    /// Its name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Cpf => "cpf",
        }
    }
}

/// What became of a line.
pub enum Answer {
    /// Participants that match.
    Found {
        /// As the API sent them.
        items: Vec<Box<RawValue>>,
        /// Whether each of them is the person that was asked for, as far as the answer says.
        matches: bool,
        /// What the call on behalf of the participant gave, if there was one.
        then: Option<Followed>,
    },
    /// Several match, and a call on behalf of one was to follow: nothing was sent.
    Ambiguous(Vec<Box<RawValue>>),
    /// Nobody matches.
    NotFound,
    /// The value cannot be looked up; nothing was sent.
    Invalid(Error),
    /// The lookup failed.
    Failed(Error),
}

/// A line of the input with its answer.
pub struct Row {
    /// The line.
    pub line: Line,
    /// Its answer.
    pub answer: Answer,
}

/// Takes rows in the order of the input; nothing means that the next one is not there yet.
pub type Sink<'s> = dyn FnMut(Option<Row>) -> Result<()> + 's;

/// A bulk lookup.
pub struct Bulk<'a> {
    /// The process.
    pub host: &'a Host,
    /// Token, key and correlation id.
    pub session: &'a ApiSession<'a>,
    /// Where participants are looked up.
    pub lookup: &'a ParticipantLookup,
    /// Which of them count.
    pub selection: &'a ParticipantFilter,
    /// What is called on behalf of each participant.
    pub then: Option<&'a FollowUp<'a>>,
    /// What the lines are.
    pub field: Field,
    /// How many lookups are in flight.
    pub concurrency: usize,
    /// How many requests a second, at most.
    pub rate: Option<f64>,
    /// How often a failed lookup may be repeated.
    pub retries: u32,
    /// The longest wait that the API may ask for.
    pub max_wait: Duration,
}

impl Bulk<'_> {
    /// Looks every line up and hands the rows to the sink.
    ///
    /// # Errors
    /// Interrupted; what the sink fails with; throttled, when the API asks for a longer wait than `max_wait`; whatever
    /// keeps a new token from being granted. Rows handed over before that are whole and in order.
    pub async fn run(&self, lines: mpsc::Receiver<Line>, mut stop: Stop, sink: &mut Sink<'_>) -> Result<()> {
        let (rate_limiter, unsent) = (RateLimiter::new(self.rate), stop.clone());
        let concurrency_limit = ConcurrencyLimit::new(self.concurrency);
        let lines = stream::unfold((lines, stop.clone()), |(mut lines, mut stop)| async move {
            tokio::select! {
                biased;
                () = stop.requested() => None,
                line = lines.recv() => line.map(|line| (line, (lines, stop))),
            }
        });
        let (rate_limiter, concurrency_limit) = (&rate_limiter, &concurrency_limit);
        let rows = lines
            .map(|line| self.answer(line, rate_limiter, concurrency_limit, unsent.clone()))
            .buffered(self.concurrency * REORDER_WINDOW);
        let mut rows = std::pin::pin!(rows);
        let over = async {
            stop.requested().await;
            tokio::time::sleep(SHUTDOWN_GRACE).await;
        };
        let mut over = std::pin::pin!(over.fuse());
        loop {
            let row = match rows.next().now_or_never() {
                Some(row) => row,
                None => {
                    sink(None)?;
                    tokio::select! {
                        biased;
                        row = rows.next() => row,
                        () = &mut over => return Err(runtime::interrupted()),
                    }
                }
            };
            match row {
                Some(row) => sink(Some(row?))?,
                None => return Ok(()),
            }
        }
    }

    /// The answer to one line; an error ends the run.
    async fn answer(
        &self,
        line: Line,
        rate_limiter: &RateLimiter,
        concurrency_limit: &ConcurrencyLimit,
        stop: Stop,
    ) -> Result<Row> {
        let query = match (self.field, line.value()) {
            (_, Err(error)) => Err(error),
            (Field::Login, Ok(login)) => Ok(Query::Login(login.to_owned())),
            (Field::Cpf, Ok(cpf)) => Cpf::parse(cpf).map(Query::Cpf),
        };
        let answer = match query {
            Err(error) => Answer::Invalid(error),
            Ok(query) => self.look_up(&query, rate_limiter, concurrency_limit, stop).await?,
        };
        Ok(Row { line, answer })
    }

    /// After Ctrl-C a request that has been sent is waited for, and none is sent any more.
    async fn look_up(
        &self,
        query: &Query,
        rate_limiter: &RateLimiter,
        concurrency_limit: &ConcurrencyLimit,
        mut stop: Stop,
    ) -> Result<Answer> {
        let _permit = stop.unless(concurrency_limit.open.acquire()).await?;
        let find = || concurrency_limit.run_first_alone(Box::pin(self.lookup.find(self.host, self.session, query)));
        let found = match self.paced(rate_limiter, &mut stop, find).await? {
            Ok(found) => self.select(query, found.items),
            Err(error) if error.kind() == ErrorKind::NotFound => Answer::NotFound,
            Err(error) => Answer::Failed(error),
        };
        let Some(follow_up) = self.then else { return Ok(found) };
        match found {
            Answer::Found { items, .. } if items.len() > 1 => Ok(Answer::Ambiguous(items)),
            Answer::Found { items, matches, .. } if items.len() == 1 => {
                let call = || Box::pin(follow_up.call(self.host, self.session, query, &items[0]));
                Ok(match self.paced(rate_limiter, &mut stop, call).await? {
                    Ok(then) => Answer::Found { items, matches, then: Some(then) },
                    Err(error) => Answer::Failed(error),
                })
            }
            other => Ok(other),
        }
    }

    /// Makes a request until it succeeds or fails for good, at the pace that the API and the user set. The inner error is the
    /// request's, the outer one ends the run.
    async fn paced<T, F: Future<Output = Result<T>>>(
        &self,
        rate_limiter: &RateLimiter,
        stop: &mut Stop,
        request: impl Fn() -> F,
    ) -> Result<Result<T>> {
        let (mut attempt, mut throttled) = (0, 0);
        loop {
            stop.unless(rate_limiter.wait_for_slot()).await?;
            let error = match request().await {
                Ok(done) => return Ok(Ok(done)),
                Err(error) => error,
            };
            if let Some(lost) = self.session.refresh_error() {
                return Err(lost);
            }
            let asked = error.retry_after();
            match error.kind() {
                ErrorKind::Throttled => {
                    throttled += 1;
                    let wait = retry::delay(throttled, asked, jitter());
                    if throttled > MAX_THROTTLED_RETRIES || wait > self.max_wait {
                        return Err(error);
                    }
                    rate_limiter.close(wait);
                }
                _ if error.is_transient() && attempt < self.retries => {
                    let wait = retry::delay(attempt, asked, jitter());
                    if asked.is_some() {
                        rate_limiter.close(wait.min(self.max_wait));
                    } else {
                        stop.unless(tokio::time::sleep(wait)).await?;
                    }
                    attempt += 1;
                }
                _ => return Ok(Err(error)),
            }
        }
    }

    fn select(&self, query: &Query, items: Vec<Box<RawValue>>) -> Answer {
        let items = self.selection.apply(items);
        match self.selection.require(&items) {
            Ok(()) => {
                let matches = items.iter().all(|item| identity::compare(query, item) != Identity::Different);
                if !matches {
                    self.host.ui.warn(OTHER_PERSON);
                }
                Answer::Found { items, matches, then: None }
            }
            Err(_) if items.is_empty() => Answer::NotFound,
            Err(error) => Answer::Failed(error),
        }
    }
}
