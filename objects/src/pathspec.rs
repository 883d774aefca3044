//! Pathspecs: the paths that a command is about, as git understands them.
//!
//! A pathspec is relative to the current directory. It names a path, a directory with all that is below it, or, with
//! `*`, `?` or `[`, whatever matches; `*` matches `/` too. Magic comes first: `:(top)` or `:/` counts from
//! the mirror's root, `:(literal)` has no wildcards, `:(glob)` keeps `*` within a name and has `**`,
//! `:(icase)` ignores the case of ASCII letters, `:(exclude)`, `:!` or `:^` takes out what it matches. Only
//! exclusions: everything but them. Paths are bytes, compared as they are.

mod list;
mod parse;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use bstr::{BStr, BString, ByteSlice};

pub use self::list::read_list;
use crate::path::{is_below, parent};
use crate::wildmatch::Wildmatch;

/// The mirror that absolute paths lead to.
pub struct Mirror<'a> {
    /// Its real path.
    pub root: &'a Path,
    /// The real path of another, where there is something.
    pub real_path: &'a dyn Fn(&Path) -> Option<PathBuf>,
}

impl<'a> Mirror<'a> {
    /// One that no symlink leads to.
    pub fn plain(root: &'a Path) -> Self {
        Self { root, real_path: &|_| None }
    }
}

/// The pathspecs of a command; without any, every path matches.
#[derive(Debug, Default)]
pub struct Pathspecs {
    include: Vec<Item>,
    exclude: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    /// As the user gave it.
    given: BString,
    /// The path from the mirror's root, `` for the root itself; wildcards are still in it.
    path: BString,
    /// Only a directory matches: it was given with a `/` at its end.
    only_dir: bool,
    icase: bool,
    /// The part of `path` before the name with the first wildcard.
    fixed: BString,
    pattern: Option<Wildmatch>,
    seen: AtomicBool,
}

/// Why a pathspec means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathspecError {
    /// It has no characters.
    #[error("an empty string is no pathspec; use . for everything here")]
    Empty,
    /// It leads out of the mirror.
    #[error("pathspec '{given}' is outside of the mirror at {}", mirror.display())]
    Outside {
        /// As the user gave it.
        given: BString,
        /// The mirror's root.
        mirror: PathBuf,
    },
    /// The word or character after the colon is unknown.
    #[error("pathspec '{given}' has unknown magic '{magic}'; known: top, literal, glob, icase, exclude")]
    Magic {
        /// As the user gave it.
        given: BString,
        /// What is unknown.
        magic: BString,
    },
    /// The list of words is not closed.
    #[error("pathspec '{given}' lacks the ')' behind its magic")]
    Unclosed {
        /// As the user gave it.
        given: BString,
    },
    /// `literal` and `glob` contradict each other.
    #[error("pathspec '{given}' is both 'literal' and 'glob'")]
    Contradiction {
        /// As the user gave it.
        given: BString,
    },
}

impl Pathspecs {
    /// The path from the mirror's root that an absolute path names; nothing for one that leads elsewhere.
    pub fn below_mirror(path: &[u8], mirror: &Mirror<'_>) -> Option<BString> {
        parse::below_mirror(path, mirror)
    }

    /// Reads what the user gave in the directory `cwd` (from the mirror's root, `` for the root itself).
    ///
    /// Absolute paths must lie in `mirror`; they may lead there through symlinks.
    pub fn parse(args: &[OsString], mirror: &Mirror<'_>, cwd: &[u8]) -> Result<Self, PathspecError> {
        let mut specs = Self::default();
        for arg in args {
            if let Some((item, excludes)) = parse::item(arg, mirror, cwd)? {
                if excludes { specs.exclude.push(item) } else { specs.include.push(item) }
            }
        }
        Ok(specs)
    }

    /// Whether there is no pathspec: every path matches.
    pub fn is_everything(&self) -> bool {
        self.exclude.is_empty() && self.include.iter().all(|item| item.path.is_empty())
    }

    /// Whether a path matches; remembers which pathspecs it took.
    pub fn matches(&self, path: &[u8], is_dir: bool) -> bool {
        let mut included = self.include.is_empty();
        for item in &self.include {
            if (!included || !item.seen.load(Ordering::Relaxed)) && item.matches(path, is_dir) {
                included = true;
                item.seen.store(true, Ordering::Relaxed);
            }
        }
        included && !self.exclude.iter().any(|item| item.matches(path, is_dir))
    }

    /// Whether every path below a directory matches, so that it can be spoken of as one.
    pub fn matches_all_below(&self, dir: &[u8]) -> bool {
        let covered = |item: &Item| item.pattern.is_none() && item.covers(dir);
        self.exclude.is_empty() && (self.include.is_empty() || self.include.iter().any(covered))
    }

    /// Whether anything below a directory can match: where not, nobody needs to look.
    pub fn may_match_below(&self, dir: &[u8]) -> bool {
        let included = self.include.is_empty() || self.include.iter().any(|item| item.may_match_below(dir));
        included && !self.exclude.iter().any(|item| item.pattern.is_none() && item.covers(dir))
    }

    /// The deepest directory that all matching paths are in, `` for the root.
    pub fn common_prefix(&self) -> &BStr {
        let mut dirs = self.include.iter().map(|item| {
            // What a path without wildcards names can be a file.
            if item.icase {
                b""
            } else if item.pattern.is_some() {
                &item.fixed[..]
            } else {
                parent(&item.path)
            }
        });
        let Some(mut common) = dirs.next() else { return BStr::new("") };
        for dir in dirs {
            while !(common.is_empty() || common == dir || is_below(dir, common)) {
                common = parent(common);
            }
        }
        common.as_bstr()
    }

    /// Beginnings of paths, one of which each matching path has; none begins with another.
    pub fn beginnings(&self) -> Vec<&[u8]> {
        let mut all: Vec<&[u8]> = self.include.iter().map(Item::beginning).collect();
        if all.is_empty() {
            all.push(b"");
        }
        all.sort_unstable();
        all.dedup_by(|next, kept| next.starts_with(kept));
        all
    }

    /// The paths from the root that are named without wildcards, `` for the root itself.
    pub fn literal_paths(&self) -> impl Iterator<Item = &BStr> {
        let literal = self.include.iter().filter(|item| item.pattern.is_none() && !item.icase);
        literal.map(|item| item.path.as_bstr())
    }

    /// The first pathspec, as the user gave it, that names something through a symlink of the mirror.
    pub fn beyond_symlink(&self, is_symlink: impl Fn(&[u8]) -> bool) -> Option<&BStr> {
        let is_beyond = |item: &&Item| {
            let parents = item.path.find_iter("/").map(|end| &item.path[..end]);
            parents.chain(item.only_dir.then_some(&item.path[..])).any(&is_symlink)
        };
        self.include.iter().find(is_beyond).map(|item| item.given.as_bstr())
    }

    /// Whether one of the pathspecs that no path matched so far takes this one; nothing is remembered of it.
    pub fn takes_alone(&self, path: &[u8], is_dir: bool) -> bool {
        let mut missed = self.include.iter().filter(|item| !item.seen.load(Ordering::Relaxed));
        missed.any(|item| item.matches(path, is_dir))
            && !self.exclude.iter().any(|item| item.matches(path, is_dir))
    }

    /// Whether a pathspec has wildcards.
    pub fn has_patterns(&self) -> bool {
        self.include.iter().any(|item| item.pattern.is_some())
    }

    /// Forgets which pathspecs took a path.
    pub fn forget_matches(&self) {
        self.include.iter().for_each(|item| item.seen.store(false, Ordering::Relaxed));
    }

    /// The pathspecs that no path matched so far, as the user gave them; exclusions are never missed.
    pub fn unmatched(&self) -> Vec<&BStr> {
        let missed = self.include.iter().filter(|item| !item.seen.load(Ordering::Relaxed));
        missed.map(|item| item.given.as_bstr()).collect()
    }
}

impl Item {
    /// What every path that matches begins with.
    fn beginning(&self) -> &[u8] {
        match (self.icase, &self.pattern) {
            (true, _) => b"",
            (false, Some(_)) => &self.fixed,
            (false, None) => &self.path,
        }
    }

    fn matches(&self, path: &[u8], is_dir: bool) -> bool {
        if self.path.is_empty() || self.is_below(path, &self.path) {
            return true;
        }
        if self.same(path, &self.path) && (is_dir || !self.only_dir) {
            return true;
        }
        self.pattern.as_ref().is_some_and(|pattern| {
            if !self.only_dir {
                return pattern.is_match(path);
            }
            // The pattern ends with a slash, which only a directory's path can be given.
            is_dir && pattern.is_match(&[path, b"/"].concat()) || pattern.is_match(path)
        })
    }

    /// Whether a directory is the one named, or below it.
    fn covers(&self, dir: &[u8]) -> bool {
        self.path.is_empty() || self.same(dir, &self.path) || self.is_below(dir, &self.path)
    }

    fn may_match_below(&self, dir: &[u8]) -> bool {
        if dir.is_empty() || self.covers(dir) {
            return true;
        }
        let fixed = if self.pattern.is_some() { &self.fixed } else { &self.path };
        self.is_below(fixed, dir)
            || self.pattern.is_some()
                && (fixed.is_empty() || self.same(dir, fixed) || self.is_below(dir, fixed))
    }

    fn same(&self, left: &[u8], right: &[u8]) -> bool {
        if self.icase { left.eq_ignore_ascii_case(right) } else { left == right }
    }

    fn is_below(&self, path: &[u8], dir: &[u8]) -> bool {
        if !self.icase || dir.is_empty() {
            return is_below(path, dir);
        }
        path.len() > dir.len() && path[dir.len()] == b'/' && path[..dir.len()].eq_ignore_ascii_case(dir)
    }
}
