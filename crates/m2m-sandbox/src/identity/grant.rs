//! A grant: what a client gets, and how the token response puts it. What may go wrong with either is a
//! [`TokenEffect`].

use serde_json::Value;

use crate::certificates::Thumbprint;
use crate::wire::answer::Answer;

/// What a client is granted.
pub(crate) struct Terms {
    pub(crate) scopes: Vec<String>,
    pub(crate) audience: Option<String>,
    pub(crate) lifetime_secs: u64,
    /// Whether the response names the scopes, which it need not when they are those asked for (RFC 6749 5.1).
    pub(crate) states_scope: bool,
    /// The certificate without which the token is of no use (RFC 8705 section 3).
    pub(crate) bound_to: Option<Thumbprint>,
}

impl Terms {
    pub(crate) fn scope(&self) -> String {
        self.scopes.join(" ")
    }
}

/// The members of a token response in their order: names, and values as JSON text.
///
/// Not a map, because some servers name a member twice.
pub(crate) struct Members(Vec<(&'static str, String)>);

impl Members {
    /// The members of an ordinary response.
    pub(crate) fn new(token: &str, terms: &Terms) -> Self {
        let mut members = Self(Vec::new());
        members.add("access_token", token);
        if terms.states_scope {
            members.add("scope", terms.scope());
        }
        members.add("expires_in", terms.lifetime_secs);
        members.add("token_type", "Bearer");
        members
    }

    /// Adds a member, whether there is one of this name or not.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into().to_string()));
    }

    /// Gives a member another value.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into().to_string();
        for member in &mut self.0 {
            if member.0 == name {
                member.1.clone_from(&value);
            }
        }
    }

    /// Takes a member away.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|member| member.0 != name);
    }

    pub(crate) fn to_json(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// How a token request goes wrong.
pub(crate) enum TokenEffect {
    /// This answer, whatever was asked.
    Answer(fn() -> Answer),
    /// The response's text is changed.
    Body(fn(String) -> String),
    /// The client is refused, and told the secret it sent.
    Echo,
    /// The response's members are changed.
    Members(fn(&mut Members)),
    /// The client is refused.
    Refuse,
    /// Something else is granted than would be.
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
            states_scope: true,
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
