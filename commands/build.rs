//! Link options of the binary, and the commit that it is built from.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=POND_BUILD_COMMIT");
    let target = env::var("TARGET").unwrap_or_default();
    // DataFusion brings some 270,000 relocations, which a position-independent executable resolves at every
    // start (about 3 ms). A fixed load address resolves them here instead.
    if matches!(target.as_str(), "x86_64-unknown-linux-gnu" | "aarch64-unknown-linux-gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
    println!("cargo:rustc-env=POND_TARGET={target}");
    if let Some(commit) = commit() {
        println!("cargo:rustc-env=POND_COMMIT={commit}");
    }
}

/// The commit of the sources: named by the packager, or asked of git. Only release builds ask, so that a
/// developer's build does not run again after each commit. None outside a checkout, which is no error.
fn commit() -> Option<String> {
    if let Ok(commit) = env::var("POND_BUILD_COMMIT")
        && !commit.is_empty()
    {
        return Some(commit);
    }
    let git = Path::new("../.git");
    if env::var("PROFILE").as_deref() != Ok("release") || !git.exists() {
        return None;
    }
    if git.join("logs/HEAD").exists() {
        println!("cargo:rerun-if-changed=../.git/logs/HEAD");
    }
    let output = Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
