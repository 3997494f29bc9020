//! The shape of the source tree: no circle of files that name each other, no long file, no overfull folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::module_graph::{Sources, circles, module_graph, without_tests};

/// The lines of one file, without its test module.
const LONGEST_FILE: usize = 300;

/// What half of the files stay below.
const MEDIAN_FILE: usize = 120;

/// The files of one folder, folders in it not counted.
const FULLEST_FOLDER: usize = 18;

/// The files of one folder of the corpus.
const FULLEST_CORPUS_FOLDER: usize = 80;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The `src` folder of each crate that is installed, with the name of the crate: `src` and `crates/*/src`.
fn crates() -> Vec<(String, PathBuf)> {
    let members = fs::read_dir(root().join("crates")).into_iter().flatten().flatten();
    let members =
        members.map(|entry| (entry.file_name().to_string_lossy().replace('-', "_"), entry.path().join("src")));
    let own = ("m2m".to_owned(), root().join("src"));
    std::iter::once(own).chain(members.filter(|(_, src)| src.is_dir())).collect()
}

/// All files below `folder`, by folder.
fn folders(folder: &Path) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut found = BTreeMap::new();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(folders(&path));
        } else {
            files.push(path);
        }
    }
    found.insert(folder.to_owned(), files);
    found
}

/// The Rust files of a crate, by path relative to its `src`. A binary in `src/bin` is a crate of its own.
fn sources(src: &Path) -> Sources {
    let files = folders(src).into_values().flatten().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    let named = files.map(|file| {
        let name = file.strip_prefix(src).expect("a file of the crate").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&file).expect("a readable file"))
    });
    named.filter(|(name, _)| !name.starts_with("bin/")).collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let mut all = Vec::new();
    for (name, src) in crates() {
        let graph = module_graph(&name, &sources(&src));
        assert!(graph.values().any(|targets| !targets.is_empty()), "no import found in {}", shown(&src));
        for circle in circles(&graph) {
            let inside = |file: &String| graph[file].intersection(&circle).cloned().collect::<Vec<_>>().join(", ");
            let edges: Vec<String> = circle.iter().map(|file| format!("  {file} names {}", inside(file))).collect();
            all.push(format!("{}:\n{}", shown(&src), edges.join("\n")));
        }
    }
    assert!(all.is_empty(), "files that name each other in a circle, in {}", all.join("\n"));
}

#[test]
fn no_file_is_long() {
    let mut lengths = Vec::new();
    for (_, src) in crates() {
        for (file, text) in sources(&src) {
            lengths.push((without_tests(&text).lines().count(), shown(&src.join(file))));
        }
    }
    lengths.sort();
    let long: Vec<_> = lengths.iter().filter(|(lines, _)| *lines > LONGEST_FILE).collect();
    assert!(long.is_empty(), "more than {LONGEST_FILE} lines without tests: {long:#?}");
    let (median, file) = &lengths[lengths.len() / 2];
    assert!(
        *median < MEDIAN_FILE,
        "the median file, {file}, has {median} lines, and must have less than {MEDIAN_FILE}"
    );
}

#[test]
fn no_folder_is_too_full() {
    let mut overfull = Vec::new();
    let sources = crates().into_iter().map(|(_, src)| src).chain([root().join("tests/it")]);
    let limits =
        sources.map(|folder| (folder, FULLEST_FOLDER)).chain([(root().join("tests/corpus"), FULLEST_CORPUS_FOLDER)]);
    for (top, limit) in limits {
        let full = folders(&top).into_iter().filter(|(_, files)| files.len() > limit);
        overfull
            .extend(full.map(|(folder, files)| format!("{}: {} files, at most {limit}", shown(&folder), files.len())));
    }
    assert!(overfull.is_empty(), "{overfull:#?}");
}

#[test]
fn a_test_is_in_the_folder_of_its_theme() {
    let files = &folders(&root().join("tests/it"))[&root().join("tests/it")];
    let stray: Vec<String> = files.iter().filter(|file| !file.ends_with("main.rs")).map(|file| shown(file)).collect();
    assert!(stray.is_empty(), "these belong in a folder of tests/it: {stray:?}");
}

#[test]
fn every_test_file_says_what_it_is_about() {
    for file in folders(&root().join("tests/it")).into_values().flatten() {
        let text = fs::read_to_string(&file).expect("a readable file");
        assert!(text.starts_with("//! "), "{} does not open with `//!`", shown(&file));
    }
}
