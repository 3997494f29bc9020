//! A grant: what a client is given, and the token response that says so. Faults change either by a [`TokenEffect`]. Who is
//! given what is decided by each server.

use serde_json::Value;

use crate::certificates::Thumbprint;
use crate::wire::answer::Answer;

/// What a client is granted.
pub(crate) struct Terms {
    pub(crate) scopes: Vec<String>,
    pub(crate) audience: Option<String>,
    pub(crate) lifetime_secs: u64,
    /// Whether the response names the scopes; optional if they are the requested ones (RFC 6749 section 5.1).
    pub(crate) includes_scope: bool,
    /// The certificate that the token is bound to (RFC 8705 section 3).
    pub(crate) bound_to: Option<Thumbprint>,
}

impl Terms {
    pub(crate) fn scope(&self) -> String {
        self.scopes.join(" ")
    }
}

/// The members of a token response in order: names, and values as JSON text.
///
/// Not a map, because a fault repeats a member.
pub(crate) struct Members(Vec<(&'static str, String)>);

impl Members {
    /// The members of an ordinary response.
    pub(crate) fn new(token: &str, terms: &Terms) -> Self {
        let mut members = Self(Vec::new());
        members.add("access_token", token);
        if terms.includes_scope {
            members.add("scope", terms.scope());
        }
        members.add("expires_in", terms.lifetime_secs);
        members.add("token_type", "Bearer");
        members
    }

    /// Adds a member, even if the name is already there.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into().to_string()));
    }

    /// Changes the value of a member.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into().to_string();
        for member in &mut self.0 {
            if member.0 == name {
                member.1.clone_from(&value);
            }
        }
    }

    /// Removes a member.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|member| member.0 != name);
    }

    pub(crate) fn to_json(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// What a fault does to a token request.
pub(crate) enum TokenEffect {
    /// Sends this answer, whatever the request.
    Answer(fn() -> Answer),
    /// Changes the text of the response.
    Body(fn(String) -> String),
    /// Refuses the client and repeats the secret that it sent.
    Echo,
    /// Changes the members of the response.
    Members(fn(&mut Members)),
    /// Refuses the client.
    Refuse,
    /// Changes what is granted.
    Terms(fn(&mut Terms)),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_may_repeat() {
        let terms = Terms {
            scopes: vec!["a".to_owned(), "b".to_owned()],
            audience: None,
            lifetime_secs: 3600,
            includes_scope: true,
            bound_to: None,
        };
        let mut members = Members::new("token", &terms);
        members.set("expires_in", "3600");
        members.remove("token_type");
        members.add("access_token", "other\u{7}");
        assert_eq!(
            members.to_json(),
            r#"{"access_token":"token","scope":"a b","expires_in":"3600","access_token":"other\u0007"}"#
        );
    }
}
