//! How the binary is linked, and the commit that it is built from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The system's libraries that the standard library asks for, and the archives that hold the same.
const SYSTEM: [(&str, &str); 7] = [
    ("gcc_s", "gcc_eh"),
    ("util", "util"),
    ("rt", "rt"),
    ("pthread", "pthread"),
    ("m", "m"),
    ("dl", "dl"),
    ("c", "c"),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=POND_BUILD_COMMIT");
    let target = env::var("TARGET").unwrap_or_default();
    // DataFusion brings some 270,000 relocations, which a position-independent executable resolves at every
    // start (about 3 ms). A fixed load address resolves them here instead.
    if matches!(target.as_str(), "x86_64-unknown-linux-gnu" | "aarch64-unknown-linux-gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
        link_statically(&target);
    }
    println!("cargo:rustc-env=POND_TARGET={target}");
    if let Some(commit) = commit() {
        println!("cargo:rustc-env=POND_COMMIT={commit}");
    }
}

/// Links the binary without shared libraries where the system has archives of them, as Debian does: to find, map and bind
/// them is a third of what a short command takes. Elsewhere it is linked as usual. rustc's own way, `crt-static`, is for all
/// crates or none, and ends in an error where there are no archives.
fn link_statically(target: &str) {
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("static");
    // What was there is from an earlier run.
    let _ = fs::remove_dir_all(&out);
    if env::var("HOST").as_deref() != Ok(target) || fs::create_dir_all(&out).is_err() {
        return;
    }
    // The linker looks for libX.so and libX.a in one directory after the other, this one first.
    let is_there = |(asked, held): (&str, &str)| {
        let found = archive(held)?;
        fs::copy(found, out.join(format!("lib{asked}.a"))).ok()
    };
    if SYSTEM.into_iter().all(|pair| is_there(pair).is_some()) {
        println!("cargo:rustc-link-arg-bins=-L{}", out.display());
        // Some linkers look through an archive once, where it stands; these need each other.
        for argument in ["-static", "-Wl,--start-group", "-lgcc_s", "-lgcc", "-lc", "-Wl,--end-group"] {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
}

/// The archive of a library, where the C compiler has one.
fn archive(name: &str) -> Option<PathBuf> {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let output = Command::new(linker).arg(format!("-print-file-name=lib{name}.a")).output().ok()?;
    // One that is not found is named without a directory.
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    (output.status.success() && path.is_absolute()).then_some(path)
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
