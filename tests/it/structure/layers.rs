//! The layers of `src/`: a module may name only modules below it. Scans every source file for paths from the crate's root,
//! and fails on one that leads upward.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::rust_source::{Token, mentions, tokens};

/// Each module with what it may name, lowest last. `main`, `lib` and `cli` may also name all that is below them.
const ARROWS: [(&str, &[&str]); 18] = [
    ("main", &["lib"]),
    ("lib", &["cli"]),
    ("cli", &["commands"]),
    (
        "commands",
        &[
            "args",
            "output",
            "check",
            "participants",
            "api",
            "tokens",
            "report",
            "exit",
            "settings",
            "secrets",
            "cache",
            "http",
            "platform",
        ],
    ),
    ("args", &["participants", "settings", "platform"]),
    ("output", &["check", "participants", "tokens", "settings", "http", "exit", "platform"]),
    ("check", &["participants", "api", "tokens", "settings", "secrets", "oauth", "http", "platform"]),
    ("participants", &["api", "tokens", "settings", "oauth", "http", "platform"]),
    ("api", &["tokens", "settings", "oauth", "http", "platform"]),
    ("tokens", &["settings", "secrets", "oauth", "cache", "http", "platform"]),
    ("settings", &["secrets", "oauth", "http", "platform"]),
    ("secrets", &["platform"]),
    ("oauth", &["http", "platform"]),
    ("cache", &["platform"]),
    ("http", &["platform"]),
    ("report", &["exit", "platform"]),
    ("exit", &["platform"]),
    ("platform", &[]),
];

/// The modules that may know how arguments are parsed.
const CLAP: [&str; 3] = ["cli", "args", "commands"];

/// What `module` may name, itself apart.
fn allowed(module: &str) -> Option<BTreeSet<&'static str>> {
    let (_, below) = ARROWS.iter().find(|(name, _)| *name == module)?;
    let mut all: BTreeSet<_> = below.iter().copied().collect();
    if ["main", "lib", "cli"].contains(&module) {
        for name in *below {
            all.extend(allowed(name).unwrap_or_default());
        }
    }
    Some(all)
}

/// Says what is wrong in the file `path`, relative to `src/`, with the text `source`.
fn faults(path: &str, source: &str) -> Vec<String> {
    let location: Vec<_> = path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
    let module = location[0];
    let Some(allowed) = allowed(module) else {
        return vec![format!("{path}: no arrows are known for `{module}`")];
    };
    let tokens = tokens(source);
    let mut faults = Vec::new();
    if !CLAP.contains(&module) && tokens.contains(&Token::Word("clap")) {
        faults.push(format!("{path}: only {CLAP:?} may name clap"));
    }
    let inside: &[&str] = if ["main", "lib"].contains(&module) { &[] } else { &location };
    // `lib` opens every module to the fuzz targets and property tests, under a feature of its own.
    let source_is_root = module == "lib";
    let known: Vec<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    for target in mentions(&tokens, inside, &known) {
        // What the root itself declares or re-exports belongs to the topmost module but one.
        let target = if known.contains(&target.as_str()) { target } else { "lib".to_owned() };
        if target != module && !source_is_root && !allowed.contains(target.as_str()) {
            faults.push(format!("{path}: `{module}` may not name `{target}`"));
        }
    }
    faults
}

/// The source files under `dir`.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_module_names_one_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 10, "{} files found", files.len());
    let mut all = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        all.extend(faults(&path, &fs::read_to_string(&file).unwrap()));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn cache_and_oauth_never_name_each_other() {
    for (one, other) in [
        ("cache", "oauth"),
        ("oauth", "cache"),
        ("http", "oauth"),
        ("secrets", "settings"),
        ("commands", "oauth"),
        ("output", "api"),
    ] {
        assert!(!allowed(one).unwrap().contains(other));
        assert_eq!(faults(&format!("{one}/x.rs"), &format!("use crate::{other}::y;")).len(), 1);
    }
}

#[test]
fn an_upward_import_is_caught_however_it_is_written() {
    for (path, source) in [
        ("platform/text.rs", "use crate::settings::Profile;"),
        ("platform/text.rs", "use crate::{platform::host, settings::Profile};"),
        ("platform/text.rs", "use crate::{platform::{host, text}, oauth::{token::{self, Token}}};"),
        ("platform/text.rs", "use super::super::settings::Profile;"),
        ("platform/mod.rs", "use super::settings;"),
        ("platform/a/b.rs", "use super::super::super::exit;"),
        ("platform/a/b.rs", "use self::super::super::super::exit;"),
        ("exit.rs", "use super::report;"),
        ("oauth/grant.rs", "fn f() -> crate::tokens::Flow { todo!() }"),
        ("oauth/grant.rs", "fn f() { let x = ::std::mem::size_of::<crate::tokens::Flow>(); }"),
        ("oauth/grant.rs", "use crate :: \n tokens /* a */ :: x;"),
        ("oauth/grant.rs", "pub(in crate::tokens) fn f() {}"),
        ("oauth/grant.rs", "#[cfg(test)] mod tests { use super::super::super::tokens; }"),
        ("oauth/grant.rs", "use crate::*;"),
        ("oauth/grant.rs", "use crate::run;"),
        ("oauth/grant.rs", "use crate as m2m;"),
        ("oauth/grant.rs", "use m2m::tokens;"),
        ("oauth/grant.rs", "const Q: char = '\"'; use crate::tokens; const R: char = '\"';"),
        ("oauth/grant.rs", "const Q: &str = r#\"\\\"#; use crate::tokens;"),
        ("report.rs", "use crate::cli;"),
        ("cli.rs", "use crate::run;"),
        ("no_server_configured/x.rs", ""),
        ("tokens/x.rs", "use clap::Parser;"),
    ] {
        assert_eq!(faults(path, source).len(), 1, "{path}: {source}: {:?}", faults(path, source));
    }
    let two = faults("cache/key.rs", "use crate::{oauth::token, platform::text, tokens};");
    assert_eq!(two.len(), 2, "{two:?}");
}

#[test]
fn a_downward_import_is_none_of_it() {
    for (path, source) in [
        ("tokens/a.rs", "use crate::{settings::Profile, oauth::{discovery, token::Token}, cache, platform::*};"),
        ("tokens/a.rs", "use super::b; use super::super::oauth; use self::c;"),
        ("tokens/mod.rs", "pub mod a; use self::a::b; use super::platform;"),
        ("exit.rs", "use crate::platform::Error; #[cfg(test)] mod tests { use super::*; }"),
        ("exit.rs", "mod a { mod b { use super::super::Exit; } } use crate::exit::Exit;"),
        (
            "platform/a.rs",
            "//! See [`crate::tokens`].\n/* crate::tokens /* nested */ crate::cli */ const T: &str = \"use crate::tokens; \\\" crate::cli\";",
        ),
        ("platform/a.rs", "fn f<'a>(x: &'a str) -> &'a str { x } const C: char = '\\''; const D: char = '\"';"),
        ("platform/a.rs", "const RAW: &str = r##\"use crate::tokens; \"# \"##;"),
        ("platform/a.rs", "/// Nothing here depends on clap.\nfn f() {}"),
        ("lib.rs", "mod cli; mod platform; pub use platform::Host; use crate::report::Report;"),
        ("main.rs", "use m2m::{platform::Host, run};"),
        ("cli.rs", "use crate::commands::token; use crate::args::Server; use clap::Parser;"),
        (
            "commands/token.rs",
            "use crate::{args, tokens, output, report, exit, settings, cache, platform}; use clap::Args;",
        ),
    ] {
        assert_eq!(faults(path, source), [""; 0], "{path}: {source}");
    }
}
