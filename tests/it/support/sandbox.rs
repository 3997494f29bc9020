//! Where the sandbox is: cargo tells a test only about the binaries of its own package, and puts those of the workspace side
//! by side.

use std::path::PathBuf;

/// The binary `m2m-sandbox` beside the `m2m` under test. Panics if it has not been built.
pub fn sandbox() -> PathBuf {
    let path =
        PathBuf::from(env!("CARGO_BIN_EXE_m2m")).with_file_name(format!("m2m-sandbox{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is missing: `cargo build -p m2m-sandbox` builds it", path.display());
    path
}
