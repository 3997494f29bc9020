//! Every dependency in each `Cargo.toml` has a comment that gives its reason.

use std::fs;
use std::path::Path;

/// The packages of the workspace, with how many tables of dependencies each has.
const MANIFESTS: [(&str, usize); 4] =
    [("Cargo.toml", 2), ("crates/m2m-sandbox/Cargo.toml", 2), ("benches/Cargo.toml", 1), ("fuzz/Cargo.toml", 1)];

/// The lines of each table of dependencies of a manifest, without those that are empty.
fn tables(manifest: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest)).expect("a manifest");
    let sections =
        text.split("\n[").filter(|section| section.split(']').next().expect("a name").ends_with("dependencies"));
    sections
        .map(|section| section.lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect())
        .collect()
}

/// A reason stands above its dependency, or above several that come together: those have one beginning.
#[test]
fn every_dependency_has_its_reason() {
    for (manifest, count) in MANIFESTS {
        let tables = tables(manifest);
        assert_eq!(tables.len(), count, "tables of dependencies of {manifest}");
        for table in tables {
            let first = table.first().expect("a dependency");
            assert!(first.starts_with('#'), "{manifest}: no reason above `{first}`");
            for lines in table.windows(2) {
                let with_reason = lines.iter().any(|line| line.starts_with('#'));
                let stem = |line: &str| line.split(['-', '_']).next().map(str::to_owned);
                let together = stem(&lines[0]) == stem(&lines[1]) && lines[0].contains(['-', '_']);
                assert!(with_reason || together, "{manifest}: no reason above `{}`", lines[1]);
            }
        }
    }
}
