//! Tokens from the cache, or granted once for all processes that wait for the same one. Converts between the protocol's
//! token and the cache's entry, which know nothing of each other.

use std::time::{Duration, SystemTime};

use crate::cache::dir::{Bucket, CacheDir};
use crate::cache::entry::{Entry, TokenDescription};
use crate::cache::key::Fields;
use crate::cache::lock;
use crate::cache::lock::LockOutcome;
use crate::http::client::Http;
use crate::oauth::token_response::Token;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::json::Members;
use crate::platform::secret::Secret;
use crate::platform::url::Url;
use crate::settings::cache_mode::{CacheMode, Lifetimes};
use crate::settings::server::Server;
use crate::tokens::source::TokenSource;

/// A token in hand.
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

/// Hands out the token of one source.
pub struct TokenProvider<'a> {
    host: &'a Host,
    source: &'a TokenSource,
    usage: CacheMode,
    lifetimes: Lifetimes,
    entry_ref: Option<CacheEntryRef>,
}

/// The place of the token in the cache.
struct CacheEntryRef {
    dir: CacheDir,
    name: String,
}

impl<'a> TokenProvider<'a> {
    /// Finds the token's place in the cache; reads the client secret if that is free, since its value takes part in the
    /// place's name.
    ///
    /// # Errors
    /// Usage: the secret cannot be read.
    pub fn new(host: &'a Host, source: &'a TokenSource, usage: CacheMode, lifetimes: Lifetimes) -> Result<Self> {
        let mut fields = Fields::default();
        source.describe_key(host, &mut fields)?;
        let dir = (usage != CacheMode::Off).then(|| CacheDir::locate(host)).flatten();
        let entry_ref = dir.and_then(|dir| dir.key(host).map(|key| CacheEntryRef { name: fields.name(&key), dir }));
        Ok(Self { host, source, usage, lifetimes, entry_ref })
    }

    /// A fresh token from the cache, if it may be read. Takes no lock and writes nothing.
    #[must_use]
    pub fn fresh(&self) -> Option<AccessToken> {
        if self.usage != CacheMode::ReadWrite {
            return None;
        }
        let entry = self.entry().filter(|entry| entry.is_fresh(self.host.now(), self.lifetimes.min_ttl))?;
        self.host.verbose(|| "the token is in the cache, and fresh".into());
        Some(self.into_token(entry))
    }

    /// Lets connections show the client's certificate: an API may want the one that the token is bound to.
    ///
    /// # Errors
    /// Usage: certificate or key cannot be read.
    pub async fn offer_certificate(&self, http: &Http) -> Result<()> {
        self.source.offer_certificate(self.host, http).await
    }

    /// Whether the way to a token leads to this host.
    #[must_use]
    pub fn shares_origin_with(&self, url: &Url) -> bool {
        match self.source.server() {
            Server::TokenEndpoint(endpoint) => endpoint.origin() == url.origin(),
            Server::Metadata(source) => source.urls.iter().any(|document| document.origin() == url.origin()),
        }
    }

    /// A token: from the cache if there is a fresh one, else granted; of many processes on one machine, one asks.
    ///
    /// # Errors
    /// Whatever keeps a token from being granted, unless the failure may pass and the old token is still valid.
    pub async fn obtain(&self, http: &Http) -> Result<AccessToken> {
        match &self.entry_ref {
            Some(entry_ref) if self.usage == CacheMode::ReadWrite => {
                self.single_flight(http, entry_ref, || self.fresh()).await.or_else(|error| self.stale_if_error(error))
            }
            _ => self.grant(http).await,
        }
    }

    /// A token instead of one that an API refused: another process's newer one, else a new grant.
    ///
    /// # Errors
    /// Whatever keeps a token from being granted.
    pub async fn replace(&self, http: &Http, refused: &Secret) -> Result<AccessToken> {
        self.host.verbose(|| "the API refused the cached token; getting a new one".into());
        let newer = || self.fresh().filter(|token_in_hand| token_in_hand.access_token.expose() != refused.expose());
        match &self.entry_ref {
            Some(entry_ref) => self.single_flight(http, entry_ref, newer).await,
            None => self.grant(http).await,
        }
    }

    async fn single_flight(
        &self,
        http: &Http,
        entry_ref: &CacheEntryRef,
        done: impl Fn() -> Option<AccessToken>,
    ) -> Result<AccessToken> {
        let outcome = lock::acquire(&entry_ref.dir, Bucket::Tokens, &entry_ref.name, &http.deadline(), done).await;
        lock::report_failure(self.host, &outcome);
        match outcome {
            LockOutcome::Done(token_in_hand) => Ok(token_in_hand),
            LockOutcome::TimedOut => {
                http.restart_deadline();
                self.grant(http).await
            }
            LockOutcome::Unavailable(_) => self.grant(http).await,
            LockOutcome::Held(guard) => {
                let granted = self.grant(http).await;
                drop(guard);
                granted
            }
        }
    }

    async fn grant(&self, http: &Http) -> Result<AccessToken> {
        let dir = self.entry_ref.as_ref().map(|entry_ref| &entry_ref.dir);
        let token = self.source.grant(self.host, http, dir, self.usage == CacheMode::ReadWrite).await?;
        let expires_at = self.expiry(&token);
        self.warn_of_short_lifetime(&token);
        let token_in_hand =
            AccessToken { access_token: token.access_token, expires_at, members: token.members, cached: false };
        let lasting = expires_at.filter(|at| *at > self.host.now());
        if let (Some(entry_ref), Some(expires_at)) = (&self.entry_ref, lasting) {
            let entry = Entry {
                access_token: token_in_hand.access_token.clone(),
                obtained_at: token.sent_at,
                expires_at,
                members: token_in_hand.members.clone(),
                about: self.about(),
            };
            entry_ref.dir.write(self.host, Bucket::Tokens, &entry_ref.name, &entry.to_bytes());
        }
        Ok(token_in_hand)
    }

    /// When a granted token expires: as the server or the token says, else by `default_ttl`.
    fn expiry(&self, token: &Token) -> Option<SystemTime> {
        token.expires_at.or_else(|| self.lifetimes.default_ttl.map(|ttl| token.sent_at + ttl))
    }

    fn warn_of_short_lifetime(&self, token: &Token) {
        let Some((least, secs)) = self.lifetimes.min_ttl.zip(token.lifetime_secs) else {
            return;
        };
        if secs >= 0 && Duration::from_secs(secs.unsigned_abs()) < least {
            self.host.warn(&format!("the server grants tokens for {secs}s, less than `min_ttl` asks for"));
        }
    }

    /// The old token while it is valid, where a new one failed for a reason that may pass.
    fn stale_if_error(&self, error: Error) -> Result<AccessToken> {
        let usable = |left: Duration| self.lifetimes.min_ttl.is_none_or(|least| left >= least);
        let old = self.entry().filter(|e| e.remaining(self.host.now()).is_some_and(usable));
        match old.filter(|_| error.is_transient()) {
            Some(entry) => {
                self.host.warn(&format!(
                    "no new token could be granted ({}); the old one is still valid and used",
                    error.message()
                ));
                Ok(self.into_token(entry))
            }
            None => Err(error),
        }
    }

    fn entry(&self) -> Option<Entry> {
        let entry_ref = self.entry_ref.as_ref()?;
        let bytes = entry_ref.dir.read(self.host, Bucket::Tokens, &entry_ref.name)?;
        let entry =
            Entry::from_bytes(&bytes).filter(|e| crate::oauth::token_response::is_b64token(e.access_token.expose()));
        if entry.is_none() {
            self.host.verbose(|| "the cache entry is not one of ours, and not used".into());
        }
        entry
    }

    fn into_token(&self, entry: Entry) -> AccessToken {
        self.host.redactor.register_named_secret(&entry.access_token, "access_token");
        AccessToken {
            access_token: entry.access_token,
            expires_at: Some(entry.expires_at),
            members: entry.members,
            cached: true,
        }
    }

    fn about(&self) -> TokenDescription {
        let (server, client_id, scope, audience) = self.source.about();
        TokenDescription { server, client_id, scope, audience }
    }
}
