//! What a cache file holds, version 1. The reader is tolerant: what it does not understand is a miss.
//!
//! Times are whole seconds since 1970. A reader of version 1 ignores members it does not know; a change that an old
//! reader must not ignore takes a new version.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::platform::json;
use crate::platform::json::Members;
use crate::platform::secret::Secret;
use crate::platform::unix_time;

const VERSION: u32 = 1;
/// Tokens with more left than this are fresh whatever their lifetime.
const MARGIN: Duration = Duration::from_secs(60);

/// A cached token.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The token.
    pub access_token: Secret,
    /// The moment before it was asked for.
    pub obtained_at: SystemTime,
    /// When it expires.
    pub expires_at: SystemTime,
    /// The members of the token response.
    pub members: Members,
    /// For `m2m cache list`.
    pub description: TokenDescription,
}

/// What a token is for, for people.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct TokenDescription {
    /// Token endpoint, metadata document or issuer.
    pub server: String,
    /// The client's identifier.
    pub client_id: String,
    /// What was asked for.
    pub scope: String,
    /// The audience, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

#[derive(Serialize)]
struct Wire<'a> {
    version: u32,
    obtained_at: u64,
    expires_at: u64,
    about: &'a TokenDescription,
    response: &'a RawValue,
}

#[derive(Deserialize)]
struct WireRead {
    version: u32,
    obtained_at: u64,
    expires_at: u64,
    #[serde(default)]
    about: TokenDescription,
    response: Members,
}

impl Entry {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let members: Vec<String> = self
            .members
            .0
            .iter()
            .map(|(name, raw)| format!("{}:{}", serde_json::Value::from(name.as_str()), raw.get()))
            .collect();
        let response =
            RawValue::from_string(format!("{{{}}}", members.join(","))).unwrap_or_else(|_| RawValue::NULL.to_owned());
        let wire = Wire {
            version: VERSION,
            obtained_at: unix_time::seconds(self.obtained_at),
            expires_at: unix_time::seconds(self.expires_at),
            about: &self.description,
            response: &response,
        };
        let mut bytes = serde_json::to_vec(&wire).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads a file's bytes; nothing for another version or anything that is not an entry.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let wire: WireRead = json::parse(bytes).ok().filter(|w: &WireRead| w.version == VERSION)?;
        let members = wire.response;
        Some(Self {
            access_token: Secret::new(members.text("access_token").filter(|t| !t.is_empty())?),
            obtained_at: unix_time::at(wire.obtained_at)?,
            expires_at: unix_time::at(wire.expires_at)?,
            members,
            description: wire.about,
        })
    }

    /// Whether the token may be handed out as fresh: more than 60 s or a quarter of its lifetime is left, and at least
    /// `min_ttl`.
    pub fn is_fresh(&self, now: SystemTime, min_ttl: Option<Duration>) -> bool {
        let Some(left) = self.remaining(now) else { return false };
        let lifetime = self.expires_at.duration_since(self.obtained_at).unwrap_or_default();
        left > MARGIN.min(lifetime / 4) && min_ttl.is_none_or(|least| left >= least)
    }

    /// What is left of the token; nothing once it has expired, or when it was obtained in the future: the clock was
    /// moved back, and its times mean nothing.
    pub fn remaining(&self, now: SystemTime) -> Option<Duration> {
        let begun = self.obtained_at <= now;
        self.expires_at.duration_since(now).ok().filter(|left| begun && !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(obtained: u64, expires: u64) -> Entry {
        Entry {
            access_token: Secret::new("abc".into()),
            obtained_at: unix_time::at(obtained).unwrap(),
            expires_at: unix_time::at(expires).unwrap(),
            members: json::parse(br#"{"access_token":"abc","x":1.50,"x":"\u00e9"}"#).unwrap(),
            description: TokenDescription { server: "https://as".into(), ..TokenDescription::default() },
        }
    }

    #[test]
    fn an_entry_survives_the_disk() {
        let bytes = entry(1000, 4600).to_bytes();
        let read = Entry::from_bytes(&bytes).unwrap();
        assert_eq!(
            (read.access_token.expose(), unix_time::seconds(read.obtained_at), unix_time::seconds(read.expires_at)),
            ("abc", 1000, 4600)
        );
        assert_eq!(read.members.0.len(), 3);
        assert_eq!(read.members.0[1].1.get(), "1.50");
        assert_eq!(read.to_bytes(), bytes);
    }

    #[test]
    fn what_is_not_an_entry_is_a_miss() {
        let good = String::from_utf8(entry(1000, 4600).to_bytes()).unwrap();
        for bad in [
            String::new(),
            "null".into(),
            good[..good.len() / 2].to_owned(),
            good.replace("\"version\":1", "\"version\":2"),
            good.replace("abc", ""),
            good.replace("4600", "-1"),
            good.replace("4600", "18446744073709551615"),
        ] {
            assert!(Entry::from_bytes(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn freshness_scales_with_the_lifetime() {
        let at = |secs| unix_time::at(secs).unwrap();
        let min = |secs| Some(Duration::from_secs(secs));
        for (obtained, expires, now, min_ttl, fresh) in [
            (0, 3600, 3539, None, true),
            (0, 3600, 3540, None, false),
            (0, 100, 74, None, true),
            (0, 100, 75, None, false),
            (0, 3600, 0, min(3600), true),
            (0, 3600, 1, min(3600), false),
            (0, 3600, 3600, None, false),
            (10, 3600, 9, None, false),
        ] {
            assert_eq!(
                entry(obtained, expires).is_fresh(at(now), min_ttl),
                fresh,
                "{obtained} {expires} {now} {min_ttl:?}"
            );
        }
    }
}
