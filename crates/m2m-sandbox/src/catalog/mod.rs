//! Every fault there is, by the name that `--fault` takes.
//!
//! A name without a prefix hits token requests, `discovery-` hits metadata documents, `api-` hits the API. The
//! tables are data: help, errors and behaviour all come from them.

mod api;
mod broken;
mod discovery;
mod token;

use std::fmt::Write;
use std::str::FromStr;

use crate::api::ApiEffect;
use crate::fault::{Fault, Plan};
use crate::identity::grant::TokenEffect;
use crate::identity::metadata::MetadataEffect;

const DISCOVERY: &str = "discovery-";
const API: &str = "api-";

/// One `--fault NAME[:N]`.
#[derive(Clone)]
pub(crate) struct Order {
    fault: Known,
    /// How many requests to hit; `None` for all.
    times: Option<u32>,
}

#[derive(Clone, Copy)]
enum Known {
    Token(&'static Fault<TokenEffect>),
    Discovery(&'static Fault<MetadataEffect>),
    Api(&'static Fault<ApiEffect>),
}

/// What each kind of request is to suffer.
pub(crate) struct Plans {
    pub(crate) token: Plan<TokenEffect>,
    pub(crate) discovery: Plan<MetadataEffect>,
    pub(crate) api: Plan<ApiEffect>,
}

impl Plans {
    pub(crate) fn new(orders: &[Order]) -> Self {
        let mut plans = Self { token: Plan::new(), discovery: Plan::new(), api: Plan::new() };
        for order in orders {
            match order.fault {
                Known::Token(fault) => plans.token.arm(fault, order.times),
                Known::Discovery(fault) => plans.discovery.arm(fault, order.times),
                Known::Api(fault) => plans.api.arm(fault, order.times),
            }
        }
        plans
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, times) = match text.split_once(':') {
            None => (text, None),
            Some((name, times)) => match times.parse() {
                Ok(times) if times > 0 => (name, Some(times)),
                _ => return Err(format!("`{times}` is not a number of requests, from 1")),
            },
        };
        match find(name) {
            Some(fault) => Ok(Self { fault, times }),
            None => Err(format!("there is no fault `{name}`; there are:\n{}", names())),
        }
    }
}

/// The faults with one line each, for `--help`.
pub(crate) fn help() -> String {
    let mut help = String::from(
        "Faults: NAME hits every request of its kind, NAME:N the first N of them. Several at once strike in the\n\
         order they are given.\n",
    );
    section(&mut help, "On token requests", "", token::FAULTS);
    section(&mut help, "On metadata documents", DISCOVERY, discovery::FAULTS);
    section(&mut help, "On the API", API, api::FAULTS);
    help
}

fn section<E>(help: &mut String, title: &str, prefix: &str, faults: &[Fault<E>]) {
    let _ = writeln!(help, "\n{title}:");
    for Fault { name, summary, .. } in faults {
        let name = format!("{prefix}{name}");
        let _ = writeln!(help, "  {name:<28}{summary}");
    }
}

fn find(name: &str) -> Option<Known> {
    if let Some(name) = name.strip_prefix(DISCOVERY) {
        named(discovery::FAULTS, name).map(Known::Discovery)
    } else if let Some(name) = name.strip_prefix(API) {
        named(api::FAULTS, name).map(Known::Api)
    } else {
        named(token::FAULTS, name).map(Known::Token)
    }
}

fn named<E>(faults: &'static [Fault<E>], name: &str) -> Option<&'static Fault<E>> {
    faults.iter().find(|fault| fault.name == name)
}

/// All names, a line for each kind.
fn names() -> String {
    [line("", token::FAULTS), line(DISCOVERY, discovery::FAULTS), line(API, api::FAULTS)].join("\n")
}

fn line<E>(prefix: &str, faults: &[Fault<E>]) -> String {
    let names: Vec<String> = faults.iter().map(|fault| format!("{prefix}{}", fault.name)).collect();
    format!("  {}", names.join(" "))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn orders_name_a_fault_and_how_often() {
        for (text, times) in
            [("429", None), ("429:2", Some(2)), ("discovery-wrong-issuer", None), ("api-401-token:1", Some(1))]
        {
            let order = Order::from_str(text).unwrap();
            assert_eq!(order.times, times, "{text}");
        }
    }

    #[test]
    fn a_wrong_order_is_told_what_there_is() {
        let error = Order::from_str("api-never").err().unwrap();
        assert!(error.starts_with("there is no fault `api-never`"));
        for name in ["html-403", "discovery-slash-issuer", "api-403-quota"] {
            assert!(error.contains(name), "{name}");
        }
        for text in ["429:", "429:0", "429:x", "429:-1", "429:1:1", ""] {
            assert!(Order::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_unique_and_in_the_help() {
        let names = names();
        let unique: HashSet<_> = names.split_whitespace().collect();
        assert_eq!(unique.len(), names.split_whitespace().count());
        let help = help();
        for name in unique {
            assert!(help.contains(&format!("  {name} ")), "{name}");
        }
    }
}
