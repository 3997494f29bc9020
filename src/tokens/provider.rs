//! Where a token comes from: [`TokenProvider::get`] is the main flow of m2m, and [`TokenProvider::read_fresh`] its first step
//! for callers that need no network after it. Converts between the token response and the cache entry, which do not know
//! each other. Does not know how a token is granted (`source`) or how an entry is stored (`cache`).

use std::time::{Duration, SystemTime};

use crate::cache::dir::{Bucket, CacheDir};
use crate::cache::entry::Entry;
use crate::cache::key::Fields;
use crate::cache::lock::{self, Guard, LockOutcome};
use crate::http::client::Http;
use crate::oauth::token_response::{self, Token};
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::json::Members;
use crate::platform::secret::Secret;
use crate::platform::url::Url;
use crate::settings::cache_mode::{CacheMode, Lifetimes};
use crate::settings::server::Server;
use crate::tokens::source::TokenSource;

/// A token and what is known about it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub access_token: Secret,
    /// When it expires, if known.
    pub expires_at: Option<SystemTime>,
    /// The members of the token response.
    pub members: Members,
    /// Whether it came from the cache.
    pub cached: bool,
}

/// Provides the token of one source: cached, or granted once for all processes that wait for the same one.
pub struct TokenProvider<'a> {
    host: &'a Host,
    source: &'a TokenSource,
    mode: CacheMode,
    lifetimes: Lifetimes,
    entry_ref: Option<CacheEntryRef>,
}

/// The place of the token in the cache.
struct CacheEntryRef {
    dir: CacheDir,
    name: String,
}

/// What waiting for other processes led to.
enum Turn {
    /// It is ours; the guard, if there could be one, keeps the others waiting.
    Ours(Option<Guard>),
    /// Another process has done the work.
    Done(AccessToken),
}

impl<'a> TokenProvider<'a> {
    /// Locates the cache entry. Reads the client secret if that costs nothing, since its value is part of the entry's
    /// name.
    ///
    /// # Errors
    /// Usage: the secret cannot be read.
    pub fn new(host: &'a Host, source: &'a TokenSource, mode: CacheMode, lifetimes: Lifetimes) -> Result<Self> {
        let mut fields = Fields::default();
        source.describe_key(host, &mut fields)?;
        let dir = (mode != CacheMode::Off).then(|| CacheDir::locate(host)).flatten();
        let entry_ref = dir.and_then(|dir| dir.key(host).map(|key| CacheEntryRef { name: fields.name(&key), dir }));
        Ok(Self { host, source, mode, lifetimes, entry_ref })
    }

    /// A valid token: from the cache if it is fresh there, else granted. Of many processes on one machine, one asks the
    /// server. With `--refresh` or `--no-cache` the token is always granted, without waiting for other processes.
    ///
    /// # Errors
    /// Whatever keeps a token from being granted; where the cache may be read, only if the failure is not transient
    /// ([`Error::is_transient`]) or no old token is still valid.
    pub async fn get(&self, http: &Http) -> Result<AccessToken> {
        if let Some(token) = self.read_fresh() {
            return Ok(token);
        }
        if self.mode != CacheMode::ReadWrite {
            return self.grant_and_save(http).await;
        }
        let _guard = match self.wait_for_turn(http, || self.read_fresh()).await {
            Turn::Done(token) => return Ok(token),
            Turn::Ours(guard) => guard,
        };
        match self.grant_and_save(http).await {
            Ok(token) => Ok(token),
            Err(error) => self.stale_if_error(error),
        }
    }

    /// A token in place of one that an API refused: another process's newer one, else a new grant.
    ///
    /// # Errors
    /// Whatever keeps a token from being granted.
    pub async fn replace(&self, http: &Http, refused: &Secret) -> Result<AccessToken> {
        self.host.ui.verbose(|| "the API refused the cached token; getting a new one".into());
        let newer = || self.read_fresh().filter(|token| token.access_token.expose() != refused.expose());
        let _guard = match self.wait_for_turn(http, newer).await {
            Turn::Done(token) => return Ok(token),
            Turn::Ours(guard) => guard,
        };
        self.source.client().forget_credential();
        self.grant_and_save(http).await
    }

    /// A fresh token from the cache, if it may be read. Takes no lock and writes nothing.
    pub fn read_fresh(&self) -> Option<AccessToken> {
        if self.mode != CacheMode::ReadWrite {
            return None;
        }
        let entry =
            self.read_entry().filter(|entry| entry.is_fresh(self.host.process.now(), self.lifetimes.min_ttl))?;
        self.host.ui.verbose(|| "the token is in the cache, and fresh".into());
        let granted = token_response::stated_scope(&entry.members, self.source.expected().scope);
        self.source.warn_if_scope_narrowed(self.host, granted.as_ref());
        Some(self.cached_token(entry))
    }

    /// Waits for the lock of the entry, looking again with `second_look` whether another process has done the work.
    /// Where no lock can be had, or its holder does not finish in time, the work is ours all the same.
    async fn wait_for_turn(&self, http: &Http, second_look: impl Fn() -> Option<AccessToken>) -> Turn {
        let Some(CacheEntryRef { dir, name }) = &self.entry_ref else { return Turn::Ours(None) };
        // Half of what is left is kept for a grant of our own.
        let turn_by = Deadline::after(http.deadline().remaining() / 2);
        let outcome = lock::acquire(dir, Bucket::Tokens, name, &turn_by, second_look).await;
        lock::report_failure(self.host, &outcome);
        match outcome {
            LockOutcome::Done(token) => Turn::Done(token),
            LockOutcome::Held(guard) => Turn::Ours(Some(guard)),
            LockOutcome::Unavailable(_) | LockOutcome::TimedOut => Turn::Ours(None),
        }
    }

    async fn grant_and_save(&self, http: &Http) -> Result<AccessToken> {
        let dir = self.entry_ref.as_ref().map(|entry_ref| &entry_ref.dir);
        let token = self.source.grant(self.host, http, dir, self.mode == CacheMode::ReadWrite).await?;
        let expires_at = self.expiry(&token);
        self.warn_if_short_lived(&token);
        self.save(&token, expires_at);
        Ok(AccessToken { access_token: token.access_token, expires_at, members: token.members, cached: false })
    }

    /// Keeps a token whose end is known and still ahead.
    fn save(&self, token: &Token, expires_at: Option<SystemTime>) {
        let Some(entry_ref) = &self.entry_ref else { return };
        let Some(expires_at) = expires_at else {
            return self.host.ui.verbose(|| {
                "the token is not cached, since nothing says how long it lives; `default_ttl` in the profile would"
                    .into()
            });
        };
        if expires_at <= self.host.process.now() {
            return;
        }
        let entry = Entry {
            access_token: token.access_token.clone(),
            obtained_at: token.sent_at,
            expires_at,
            members: token.members.clone(),
            description: self.source.description(),
        };
        entry_ref.dir.write(self.host, Bucket::Tokens, &entry_ref.name, &entry.to_bytes());
    }

    /// The old token while it is valid, if a new one failed for a reason that may pass (as RFC 5861 has it for
    /// responses).
    fn stale_if_error(&self, error: Error) -> Result<AccessToken> {
        let long_enough = |left: Duration| self.lifetimes.min_ttl.is_none_or(|least| left >= least);
        let old = self.read_entry().filter(|e| e.remaining(self.host.process.now()).is_some_and(long_enough));
        match old.filter(|_| error.is_transient()) {
            Some(entry) => {
                self.host.ui.warn(&format!(
                    "no new token could be granted ({}); the old one is still valid and used",
                    error.message()
                ));
                Ok(self.cached_token(entry))
            }
            None => Err(error),
        }
    }

    /// When a token expires: as the server or the token says, else by `default_ttl`.
    fn expiry(&self, token: &Token) -> Option<SystemTime> {
        token.expires_at.or_else(|| token.sent_at.checked_add(self.lifetimes.default_ttl?))
    }

    fn warn_if_short_lived(&self, token: &Token) {
        let Some((least, secs)) = self.lifetimes.min_ttl.zip(token.lifetime_secs) else {
            return;
        };
        if secs >= 0 && Duration::from_secs(secs.unsigned_abs()) < least {
            self.host.ui.warn(&format!("the server grants tokens for {secs}s, less than `min_ttl` asks for"));
        }
    }

    fn read_entry(&self) -> Option<Entry> {
        let entry_ref = self.entry_ref.as_ref()?;
        let bytes = entry_ref.dir.read(self.host, Bucket::Tokens, &entry_ref.name)?;
        let entry = Entry::from_bytes(&bytes).filter(|e| token_response::is_sendable(e.access_token.expose()));
        if entry.is_none() {
            self.host.ui.verbose(|| "the cache entry is not one of ours, and not used".into());
        }
        entry
    }

    fn cached_token(&self, entry: Entry) -> AccessToken {
        self.host.ui.redactor.register_named_secret(&entry.access_token, "access_token");
        AccessToken {
            access_token: entry.access_token,
            expires_at: Some(entry.expires_at),
            members: entry.members,
            cached: true,
        }
    }

    /// Lets connections offer the client's certificate: an API may want the one that the token is bound to.
    ///
    /// # Errors
    /// Usage: certificate or key cannot be read.
    pub async fn offer_certificate(&self, http: &Http) -> Result<()> {
        self.source.offer_certificate(self.host, http).await
    }

    /// Whether getting a token connects to this host.
    pub fn shares_origin_with(&self, url: &Url) -> bool {
        match self.source.server() {
            Server::TokenEndpoint(endpoint) => endpoint.origin() == url.origin(),
            Server::Metadata(source) => source.urls.iter().any(|document| document.origin() == url.origin()),
        }
    }
}
