//! Every fault, by the name that `--fault` takes.
//!
//! Names without a prefix are for token requests, `discovery-` is for metadata documents, `api-` for the API. The tables
//! are data: help, errors and behavior all come from them. When a fault applies is in `fault`.

mod api;
mod broken;
mod discovery;
mod token;

use std::fmt::Write;
use std::str::FromStr;

use anyhow::bail;

use crate::api::ApiEffect;
use crate::fault::{Fault, Plan};
use crate::identity::grant::TokenEffect;
use crate::identity::metadata::MetadataEffect;

const DISCOVERY: &str = "discovery-";
const API: &str = "api-";

/// One `--fault NAME[:N]`.
#[derive(Clone)]
pub(crate) struct FaultSpec {
    fault: AnyFault,
    /// How many requests are affected; `None` for all.
    times: Option<u32>,
}

#[derive(Clone, Copy)]
enum AnyFault {
    Token(&'static Fault<TokenEffect>),
    Discovery(&'static Fault<MetadataEffect>),
    Api(&'static Fault<ApiEffect>),
}

/// The faults that each kind of request meets.
pub(crate) struct Plans {
    pub(crate) token: Plan<TokenEffect>,
    pub(crate) discovery: Plan<MetadataEffect>,
    pub(crate) api: Plan<ApiEffect>,
}

impl Plans {
    pub(crate) fn new(specs: &[FaultSpec]) -> Self {
        let mut plans = Self { token: Plan::new(), discovery: Plan::new(), api: Plan::new() };
        for spec in specs {
            match spec.fault {
                AnyFault::Token(fault) => plans.token.add(fault, spec.times),
                AnyFault::Discovery(fault) => plans.discovery.add(fault, spec.times),
                AnyFault::Api(fault) => plans.api.add(fault, spec.times),
            }
        }
        plans
    }
}

impl FromStr for FaultSpec {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (name, times) = match text.split_once(':') {
            None => (text, None),
            Some((name, times)) => match times.parse() {
                Ok(times) if times > 0 => (name, Some(times)),
                _ => bail!("`{times}` is not a number of requests (1 or more)"),
            },
        };
        match find(name) {
            Some(fault) => Ok(Self { fault, times }),
            None => bail!("unknown fault `{name}`; the known ones are:\n{}", names()),
        }
    }
}

/// One line per fault, for `--help`.
pub(crate) fn help() -> String {
    let mut help = String::from(
        "Faults: NAME affects every request of its kind, NAME:N the first N of them. Several faults apply in\n\
         the order in which they are given.\n",
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

fn find(name: &str) -> Option<AnyFault> {
    if let Some(name) = name.strip_prefix(DISCOVERY) {
        named(discovery::FAULTS, name).map(AnyFault::Discovery)
    } else if let Some(name) = name.strip_prefix(API) {
        named(api::FAULTS, name).map(AnyFault::Api)
    } else {
        named(token::FAULTS, name).map(AnyFault::Token)
    }
}

fn named<E>(faults: &'static [Fault<E>], name: &str) -> Option<&'static Fault<E>> {
    faults.iter().find(|fault| fault.name == name)
}

/// All names, one line per kind.
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
    fn a_spec_names_a_fault_and_how_often_it_applies() {
        for (text, times) in
            [("429", None), ("429:2", Some(2)), ("discovery-wrong-issuer", None), ("api-401-token:1", Some(1))]
        {
            let spec = FaultSpec::from_str(text).unwrap();
            assert_eq!(spec.times, times, "{text}");
        }
    }

    #[test]
    fn an_unknown_fault_is_an_error_that_lists_the_known_ones() {
        let error = FaultSpec::from_str("api-never").err().unwrap().to_string();
        assert!(error.starts_with("unknown fault `api-never`"));
        for name in ["html-403", "discovery-slash-issuer", "api-403-quota"] {
            assert!(error.contains(name), "{name}");
        }
        for text in ["429:", "429:0", "429:x", "429:-1", "429:1:1", ""] {
            assert!(FaultSpec::from_str(text).is_err(), "{text}");
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
