//! Tokens from the cache, or granted once for all processes that wait for the same one. Converts between the protocol's
//! token and the cache's entry, which know nothing of each other.

use std::time::{Duration, SystemTime};

use crate::cache::dir::{Folder, Shelf};
use crate::cache::entry::{About, Entry};
use crate::cache::key::Fields;
use crate::cache::lock;
use crate::cache::lock::Outcome;
use crate::http::client::Http;
use crate::oauth::token_response::Token;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::json::Members;
use crate::platform::secret::Secret;
use crate::platform::url::Url;
use crate::settings::cache_mode::{CacheUse, Lifetimes};
use crate::settings::server::Server;
use crate::tokens::source::TokenSource;

/// A token in hand.
#[derive(Clone, Debug)]
pub struct HeldToken {
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
pub struct TokenKeeper<'a> {
    host: &'a Host,
    source: &'a TokenSource,
    usage: CacheUse,
    lifetimes: Lifetimes,
    slot: Option<Slot>,
}

/// The place of the token in the cache.
struct Slot {
    folder: Folder,
    name: String,
}

impl<'a> TokenKeeper<'a> {
    /// Finds the token's place in the cache; reads the client secret if that is free, since its value takes part in the
    /// place's name.
    ///
    /// # Errors
    /// Usage: the secret cannot be read.
    pub fn new(host: &'a Host, source: &'a TokenSource, usage: CacheUse, lifetimes: Lifetimes) -> Result<Self> {
        let mut fields = Fields::default();
        source.describe_key(host, &mut fields)?;
        let folder = (usage != CacheUse::Off).then(|| Folder::locate(host)).flatten();
        let slot = folder.and_then(|folder| folder.key(host).map(|key| Slot { name: fields.name(&key), folder }));
        Ok(Self { host, source, usage, lifetimes, slot })
    }

    /// A fresh token from the cache, if it may be read. Takes no lock and writes nothing.
    #[must_use]
    pub fn fresh(&self) -> Option<HeldToken> {
        if self.usage != CacheUse::ReadWrite {
            return None;
        }
        let entry = self.entry().filter(|entry| entry.is_fresh(self.host.now(), self.lifetimes.min_ttl))?;
        self.host.story(|| "the token is in the cache, and fresh".into());
        Some(self.hold(entry))
    }

    /// Lets connections show the client's certificate: an API may want the one that the token is bound to.
    ///
    /// # Errors
    /// Usage: certificate or key cannot be read.
    pub async fn show_certificate(&self, http: &Http) -> Result<()> {
        self.source.show_certificate(self.host, http).await
    }

    /// Whether the way to a token leads to this host.
    #[must_use]
    pub fn asks(&self, url: &Url) -> bool {
        match self.source.server() {
            Server::TokenEndpoint(endpoint) => endpoint.origin() == url.origin(),
            Server::Metadata(source) => source.urls.iter().any(|document| document.origin() == url.origin()),
        }
    }

    /// A token: from the cache if there is a fresh one, else granted; of many processes on one machine, one asks.
    ///
    /// # Errors
    /// Whatever keeps a token from being granted, unless the failure may pass and the old token is still valid.
    pub async fn obtain(&self, http: &Http) -> Result<HeldToken> {
        match &self.slot {
            Some(slot) if self.usage == CacheUse::ReadWrite => {
                self.single_flight(http, slot, || self.fresh()).await.or_else(|error| self.old_token(error))
            }
            _ => self.grant(http).await,
        }
    }

    /// A token instead of one that an API refused: another process's newer one, else a new grant.
    ///
    /// # Errors
    /// Whatever keeps a token from being granted.
    pub async fn replace(&self, http: &Http, refused: &Secret) -> Result<HeldToken> {
        self.host.story(|| "the API refused the cached token; getting a new one".into());
        let newer = || self.fresh().filter(|held| held.access_token.expose() != refused.expose());
        match &self.slot {
            Some(slot) => self.single_flight(http, slot, newer).await,
            None => self.grant(http).await,
        }
    }

    async fn single_flight(&self, http: &Http, slot: &Slot, done: impl Fn() -> Option<HeldToken>) -> Result<HeldToken> {
        let outcome = lock::acquire(&slot.folder, Shelf::Tokens, &slot.name, &http.deadline(), done).await;
        lock::explain(self.host, &outcome);
        match outcome {
            Outcome::Done(held) => Ok(held),
            Outcome::TimedOut => {
                http.renew_deadline();
                self.grant(http).await
            }
            Outcome::Unavailable(_) => self.grant(http).await,
            Outcome::Held(guard) => {
                let granted = self.grant(http).await;
                drop(guard);
                granted
            }
        }
    }

    async fn grant(&self, http: &Http) -> Result<HeldToken> {
        let folder = self.slot.as_ref().map(|slot| &slot.folder);
        let token = self.source.grant(self.host, http, folder, self.usage == CacheUse::ReadWrite).await?;
        let expires_at = self.expiry(&token);
        self.warn_of_short_life(&token);
        let held = HeldToken { access_token: token.access_token, expires_at, members: token.members, cached: false };
        let lasting = expires_at.filter(|at| *at > self.host.now());
        if let (Some(slot), Some(expires_at)) = (&self.slot, lasting) {
            let entry = Entry {
                access_token: held.access_token.clone(),
                obtained_at: token.sent_at,
                expires_at,
                members: held.members.clone(),
                about: self.about(),
            };
            slot.folder.write(self.host, Shelf::Tokens, &slot.name, &entry.to_bytes());
        }
        Ok(held)
    }

    /// When a granted token expires: as the server or the token says, else by `default_ttl`.
    fn expiry(&self, token: &Token) -> Option<SystemTime> {
        token.expires_at.or_else(|| self.lifetimes.default_ttl.map(|ttl| token.sent_at + ttl))
    }

    fn warn_of_short_life(&self, token: &Token) {
        let Some((least, secs)) = self.lifetimes.min_ttl.zip(token.lifetime_secs) else {
            return;
        };
        if secs >= 0 && Duration::from_secs(secs.unsigned_abs()) < least {
            self.host.warn(&format!("the server grants tokens for {secs}s, less than `min_ttl` asks for"));
        }
    }

    /// The old token while it is valid, where a new one failed for a reason that may pass.
    fn old_token(&self, error: Error) -> Result<HeldToken> {
        let usable = |left: Duration| self.lifetimes.min_ttl.is_none_or(|least| left >= least);
        let old = self.entry().filter(|e| e.remaining(self.host.now()).is_some_and(usable));
        match old.filter(|_| error.is_transient()) {
            Some(entry) => {
                self.host.warn(&format!(
                    "no new token could be granted ({}); the old one is still valid and used",
                    error.message()
                ));
                Ok(self.hold(entry))
            }
            None => Err(error),
        }
    }

    fn entry(&self) -> Option<Entry> {
        let slot = self.slot.as_ref()?;
        let bytes = slot.folder.read(self.host, Shelf::Tokens, &slot.name)?;
        let entry =
            Entry::from_bytes(&bytes).filter(|e| crate::oauth::token_response::is_b64token(e.access_token.expose()));
        if entry.is_none() {
            self.host.story(|| "the cache entry is not one of ours, and not used".into());
        }
        entry
    }

    fn hold(&self, entry: Entry) -> HeldToken {
        self.host.redactor.learn_as(&entry.access_token, "access_token");
        HeldToken {
            access_token: entry.access_token,
            expires_at: Some(entry.expires_at),
            members: entry.members,
            cached: true,
        }
    }

    fn about(&self) -> About {
        let (server, client_id, scope, audience) = self.source.about();
        About { server, client_id, scope, audience }
    }
}
