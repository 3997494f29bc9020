//! Which source file of a crate names which other one. Paths are resolved to files through `use` trees, `self`, `super` and
//! re-exports; a re-export itself and a `mod` line are no dependency. Code under `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};

use super::rust_source::{Token, tokens};

/// The files of a crate with their text, by path relative to its `src`.
pub type Sources = BTreeMap<String, String>;

/// The files that each file names.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// A path from the crate's root, and the name under which a `use` declaration brings it in.
#[derive(Clone, Debug)]
struct Named {
    path: Vec<String>,
    name: String,
    re_exported: bool,
}

/// What is known of a crate before its paths are resolved.
struct Crate {
    /// The file of each module.
    files: BTreeMap<Vec<String>, String>,
    /// The path behind each re-exported name, by the path of the re-export.
    re_exports: BTreeMap<Vec<String>, Vec<String>>,
}

/// The graph of the crate `name`.
pub fn module_graph(name: &str, sources: &Sources) -> Graph {
    let files = sources.keys().map(|file| (module_of(file, sources), file.clone())).collect();
    let mut graph = Graph::new();
    let mut parsed = BTreeMap::new();
    let mut re_exports = BTreeMap::new();
    for (file, source) in sources {
        let module = module_of(file, sources);
        let all = paths(name, &module, &without_tests(source));
        for named in all.iter().filter(|named| named.re_exported) {
            re_exports.insert([&module[..], std::slice::from_ref(&named.name)].concat(), named.path.clone());
        }
        parsed.insert(file, all);
    }
    let known = Crate { files, re_exports };
    for (file, all) in parsed {
        let named = all.iter().filter(|named| !named.re_exported);
        let targets = named.filter_map(|named| known.file_of(named.path.clone())).filter(|target| target != file);
        graph.insert(file.clone(), targets.collect());
    }
    graph
}

/// The groups of files that name each other, directly or by way of others.
pub fn circles(graph: &Graph) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let group = |file: &&String| -> BTreeSet<String> {
        let mutual = reached[*file].iter().filter(|other| reached[**other].contains(*file));
        mutual.map(|other| (*other).clone()).collect()
    };
    let groups: BTreeSet<BTreeSet<String>> = graph.keys().map(|file| group(&file)).collect();
    groups.into_iter().filter(|group| !group.is_empty()).collect()
}

/// The files that can be reached from `file` by one step or more.
fn reachable<'a>(graph: &'a Graph, file: &'a String) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&String> = graph[file].iter().collect();
    while let Some(file) = next.pop() {
        if found.insert(file) {
            next.extend(&graph[file]);
        }
    }
    found
}

impl Crate {
    /// The file in which a path ends, past re-exports; `None` outside the crate's modules.
    fn file_of(&self, mut path: Vec<String>) -> Option<String> {
        // Re-exports of re-exports end; a circle among them would not compile.
        for _ in 0..16 {
            let Some(len) = (1..=path.len()).find(|len| self.re_exports.contains_key(&path[..*len])) else { break };
            path = [&self.re_exports[&path[..len]], &path[len..]].concat();
        }
        (0..=path.len()).rev().find_map(|len| self.files.get(&path[..len]).cloned())
    }
}

/// The module that a file holds. `main.rs` beside a `lib.rs` is a crate of its own, which no other file can name.
fn module_of(file: &str, sources: &Sources) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    if stem == "lib" || stem == "main" && !sources.contains_key("lib.rs") {
        return Vec::new();
    }
    stem.trim_end_matches("/mod").split('/').map(str::to_owned).collect()
}

/// `source` without its test modules.
pub fn without_tests(source: &str) -> String {
    let mut kept = String::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        let declares = |next: &&str| next.starts_with("mod ") || next.starts_with("pub mod ");
        if line == "#[cfg(test)]" && lines.peek().is_some_and(declares) {
            let opens = lines.next().is_some_and(|next| next.ends_with('{'));
            while opens && lines.next().is_some_and(|next| next != "}") {}
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The paths in `source`, the text of `module`, that start at the crate's root, at the module or at one of its children.
fn paths(crate_name: &str, module: &[String], source: &str) -> Vec<Named> {
    let tokens = tokens(source);
    let children: BTreeSet<&str> = tokens
        .windows(3)
        .filter_map(|three| match three {
            [Token::Word("mod"), Token::Word(name), Token::Mark(';')] => Some(*name),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    let mut re_exports = false;
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let before = i.checked_sub(1).map(|at| tokens[at]);
        let starts = !matches!(before, Some(Token::Path | Token::Word("in" | "mod")));
        match token {
            Token::Word("use") => re_exports = matches!(before, Some(Token::Word("pub") | Token::Mark(')'))),
            Token::Mark(';') => re_exports = false,
            Token::Word(word) if starts && tokens.get(i + 1) == Some(&Token::Path) => {
                let known = ["crate", "self", "super", crate_name].contains(word) || children.contains(word);
                if known {
                    let mut tree = Vec::new();
                    i = expand(&tokens, i, &[], &mut tree);
                    let from_root = |(path, name)| Named {
                        path: absolute(crate_name, module, path),
                        name,
                        re_exported: re_exports,
                    };
                    found.extend(tree.into_iter().map(from_root));
                    continue;
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Follows the path, or the tree of paths, at `i`; returns where it ends.
fn expand(tokens: &[Token<'_>], mut i: usize, prefix: &[String], found: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens.get(i) {
            Some(Token::Word(word)) => {
                if *word != "self" || path.is_empty() {
                    path.push((*word).to_owned());
                }
                i += 1;
                if tokens.get(i) == Some(&Token::Path) {
                    i += 1;
                    continue;
                }
            }
            Some(Token::Mark('{')) => {
                i += 1;
                while tokens.get(i).is_some_and(|token| *token != Token::Mark('}')) {
                    i = if tokens[i] == Token::Mark(',') { i + 1 } else { expand(tokens, i, &path, found) };
                }
                return i + 1;
            }
            Some(Token::Mark('*')) => {
                found.push((path, "*".to_owned()));
                return i + 1;
            }
            // The generic arguments of the last segment.
            _ => i += 1,
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if let (Some(Token::Word("as")), Some(Token::Word(alias))) = (tokens.get(i), tokens.get(i + 1)) {
            (name, i) = ((*alias).to_owned(), i + 2);
        }
        found.push((path, name));
        return i;
    }
}

/// The path from the crate's root.
fn absolute(crate_name: &str, module: &[String], path: Vec<String>) -> Vec<String> {
    let mut base = module.to_vec();
    let mut rest = path.into_iter().peekable();
    while let Some(first) = rest.peek() {
        match first.as_str() {
            "super" => drop(base.pop()),
            "self" => {}
            first if first == "crate" || first == crate_name => base.clear(),
            _ => break,
        }
        rest.next();
    }
    base.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        let graph = module_graph("m2m", &sources);
        graph.iter().flat_map(|(from, to)| to.iter().map(move |to| format!("{from} -> {to}"))).collect()
    }

    #[test]
    fn paths_lead_to_files_however_they_are_written() {
        for text in [
            "use crate::b::c::X;",
            "use crate::{b::{c::{self, Y as Z}}};",
            "fn f() { crate::b::c::g::<u8>() }",
            "use super::b::c;",
            "use crate::b::C;",
            "use m2m::b::C;",
            "use crate::b::c::*;",
        ] {
            let files = [
                ("lib.rs", "mod a; mod b; mod door { pub use crate::b::*; }"),
                ("a.rs", text),
                ("b/mod.rs", "mod c; pub use self::c::C;"),
                ("b/c.rs", ""),
            ];
            assert_eq!(graph(&files), ["a.rs -> b/c.rs"], "{text}");
        }
    }

    #[test]
    fn what_is_no_dependency_is_left_out() {
        for text in [
            "//! See [`crate::b`].",
            "const T: &str = \"crate::b\";",
            "pub(in crate::b) fn f() {}",
            "#[cfg(test)]\nmod tests {\n    use crate::b;\n}\n",
            "use std::b; use other::b::c;",
        ] {
            assert_eq!(graph(&[("lib.rs", "mod a; mod b;"), ("a.rs", text), ("b.rs", "")]), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn a_parent_names_its_child_by_a_call() {
        let files = [("lib.rs", "mod a;"), ("a/mod.rs", "mod b; fn f() { b::g() }"), ("a/b.rs", "use super::H;")];
        assert_eq!(graph(&files), ["a/b.rs -> a/mod.rs", "a/mod.rs -> a/b.rs"]);
    }

    #[test]
    fn circles_are_found_whatever_their_length() {
        let graph = |edges: &[(&str, &[&str])]| -> Graph {
            edges
                .iter()
                .map(|(from, to)| ((*from).to_owned(), to.iter().map(|to| (*to).to_owned()).collect()))
                .collect()
        };
        assert!(circles(&graph(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])).is_empty());
        let found = circles(&graph(&[
            ("a", &["b"]),
            ("b", &["c"]),
            ("c", &["a", "d"]),
            ("d", &["e"]),
            ("e", &["d"]),
            ("f", &["a"]),
        ]));
        assert_eq!(
            found.iter().map(|group| group.iter().map(String::as_str).collect()).collect::<Vec<Vec<_>>>(),
            [vec!["a", "b", "c"], vec!["d", "e"]]
        );
    }
}
