//! Which paths of the mirror are not versioned: gitignore's rules, from four places.
//!
//! From the strongest to the weakest: the `.pondignore` of the path's own directory, those of the directories
//! above it up to the mirror's root, `.pond/info/exclude`, and the user's global file. In the first of
//! them that has a matching pattern, the last matching one decides. Nothing below an ignored directory can
//! be taken back. `.pond` (in any case) and `.git` are ignored always. A `.pondignore` that is a
//! symlink is not followed. Whether a path is tracked is not known here: a tracked path is never ignored.
//!
//! What cannot be read, and a pattern that can match nothing, is a [`Problem`].

mod patterns;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bstr::{BString, ByteSlice};
use pond_durable::outside;
use pond_durable::place::UNBORN_PREFIX;

use self::patterns::{Pattern, Patterns};
use crate::temporary::is_temporary;

/// The name of the files with patterns in the mirror.
pub const FILE_NAME: &str = ".pondignore";
/// Bytes of a file with patterns that are read; more are a mistake.
const LONGEST: u64 = 16 << 20;

/// The rules of a mirror.
#[derive(Debug)]
pub struct Ignore {
    mirror: PathBuf,
    /// Whether `.pondignore` files count.
    has_patterns: bool,
    base: Option<Arc<Level>>,
    problems: Mutex<Vec<Problem>>,
    loaded: Mutex<HashMap<BString, Option<Arc<Level>>>>,
}

/// The rules that hold in one directory: those of one file, and those that are weaker.
#[derive(Debug)]
pub struct Level {
    weaker: Option<Arc<Level>>,
    /// Bytes of a path that name the directory of the rules, with its `/`.
    prefix: usize,
    file: BString,
    rules: Patterns,
}

/// What the rules say of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Match {
    /// Whether the path is ignored, as long as it is not tracked.
    pub ignored: bool,
    /// The pattern that decided; `None` if no pattern matched, or where the name is always ignored.
    pub source: Option<Source>,
}

/// Where a pattern stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file: relative to the mirror's root where it is a `.pondignore`.
    pub file: BString,
    /// Its line, from 1.
    pub line: u32,
    /// The pattern as it is written, with its `!` and without blanks at the end that are no part of it.
    pub pattern: BString,
}

/// A file with patterns, or a line of one, that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// As in [`Source`].
    pub file: BString,
    /// The line, from 1; 0 for the whole file.
    pub line: u32,
    /// What is wrong.
    pub reason: String,
}

impl Ignore {
    /// The rules of the mirror at `mirror`. `exclude` is the pond's own file and `global` the user's; a file
    /// that is missing has no patterns.
    pub fn new(mirror: &Path, exclude: Option<&Path>, global: Option<&Path>) -> Self {
        let mut problems = Vec::new();
        let mut base = None;
        for path in [global, exclude].into_iter().flatten() {
            let label = BString::from(path.as_os_str().as_encoded_bytes());
            let read = outside::read(path).map_err(io::Error::other);
            let read = read.and_then(|found| found.ok_or_else(|| io::ErrorKind::NotFound.into()));
            base = Level::read(base, b"", label, read, &mut problems);
        }
        Self {
            mirror: mirror.into(),
            base,
            has_patterns: true,
            problems: Mutex::new(problems),
            loaded: Mutex::default(),
        }
    }

    /// Rules without patterns: only the names that are always ignored.
    pub fn none(mirror: &Path) -> Self {
        Self { has_patterns: false, ..Self::new(mirror, None, None) }
    }

    /// The rules before any `.pondignore`: where a walk of the mirror begins.
    pub fn base(&self) -> Option<Arc<Level>> {
        self.base.clone()
    }

    /// The rules in the directory `dir`, whose `.pondignore` was read by the caller.
    pub fn enter(
        &self,
        weaker: Option<Arc<Level>>,
        dir: &[u8],
        content: io::Result<Vec<u8>>,
    ) -> Option<Arc<Level>> {
        if !self.has_patterns {
            return weaker;
        }
        let mut label = BString::from(dir);
        if !dir.is_empty() {
            label.push(b'/');
        }
        label.extend_from_slice(FILE_NAME.as_bytes());
        let mut problems = Vec::new();
        let level = Level::read(weaker, dir, label, content, &mut problems);
        lock(&self.problems).append(&mut problems);
        level
    }

    /// What the rules say of a path, from the mirror's root; the `.pondignore` files are read as needed and kept.
    pub fn matched(&self, path: &[u8], is_dir: bool) -> Match {
        let mut level = self.level_of(b"");
        for end in path.find_iter("/").chain([path.len()]) {
            let part = &path[..end];
            let found = matched(level.as_deref(), part, is_dir || end < path.len());
            if found.is_ignored() || end == path.len() {
                return found.into_match();
            }
            level = self.level_of(part);
        }
        Match::default()
    }

    /// What could not be used so far; each is told once.
    pub fn take_problems(&self) -> Vec<Problem> {
        std::mem::take(&mut lock(&self.problems))
    }

    fn level_of(&self, dir: &[u8]) -> Option<Arc<Level>> {
        if let Some(level) = lock(&self.loaded).get(dir.as_bstr()) {
            return level.clone();
        }
        let weaker =
            if dir.is_empty() { self.base() } else { self.level_of(pond_objects::path::parent(dir)) };
        let path = self.mirror.join(dir.to_path_lossy()).join(FILE_NAME);
        let level = self.enter(weaker, dir, open_plain(&path).and_then(|file| read_bounded(&file)));
        lock(&self.loaded).insert(dir.into(), level.clone());
        level
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What decided on a path.
#[derive(Debug, Clone, Copy)]
pub enum Verdict<'a> {
    /// No pattern matches.
    None,
    /// The name is one of those that are always ignored.
    Always,
    /// A pattern of a level matches, be it one that takes back.
    Pattern(&'a Level, &'a Pattern),
}

impl Verdict<'_> {
    /// Whether the path is ignored.
    pub fn is_ignored(&self) -> bool {
        match self {
            Self::None => false,
            Self::Always => true,
            Self::Pattern(_, pattern) => !pattern.negated,
        }
    }

    fn into_match(self) -> Match {
        let source = match self {
            Self::Pattern(level, pattern) => {
                Some(Source { file: level.file.clone(), line: pattern.line, pattern: pattern.text.clone() })
            }
            _ => None,
        };
        Match { ignored: self.is_ignored(), source }
    }
}

/// Whether a name is never versioned, wherever it stands: ponds, git's directory, and what killed commands left.
pub fn is_always_ignored(name: &[u8]) -> bool {
    name == b".git" || name == b".pond" || name.starts_with(UNBORN_PREFIX.as_bytes()) || is_temporary(name)
}

/// What the rules say of a path whose parents are not ignored.
pub fn matched<'a>(level: Option<&'a Level>, path: &[u8], is_dir: bool) -> Verdict<'a> {
    let name = path.rfind_byte(b'/').map_or(path, |at| &path[at + 1..]);
    if is_always_ignored(name) {
        return Verdict::Always;
    }
    let mut next = level;
    while let Some(level) = next {
        if let Some(pattern) = level.rules.find(&path[level.prefix..], is_dir) {
            return Verdict::Pattern(level, pattern);
        }
        next = level.weaker.as_deref();
    }
    Verdict::None
}

impl Level {
    /// A level with the patterns of a file, or the weaker one where there are none.
    fn read(
        weaker: Option<Arc<Self>>,
        dir: &[u8],
        file: BString,
        content: io::Result<Vec<u8>>,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<Self>> {
        let mut problem = |line, reason| problems.push(Problem { file: file.clone(), line, reason });
        let content = match content {
            Ok(content) => content,
            Err(error) => {
                // A path below a file has no rules of its own, and is no mistake.
                if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                    problem(0, error.to_string());
                }
                return weaker;
            }
        };
        let rules = Patterns::parse(&content, |line, malformed| {
            problem(line, format!("the pattern matches nothing: {malformed}"));
        });
        if rules.is_empty() {
            return weaker;
        }
        let prefix = if dir.is_empty() { 0 } else { dir.len() + 1 };
        Some(Arc::new(Self { weaker, prefix, file, rules }))
    }
}

/// Reads a file with patterns, up to a bound.
pub fn read_bounded(file: &File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too long for a list of patterns"));
    }
    Ok(content)
}

#[cfg(unix)]
fn open_plain(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_plain(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, content).expect("written");
    }

    #[test]
    fn patterns_mean_what_git_says() {
        // Patterns, path, whether it is a directory, whether git ignores it.
        let table: &[(&str, &str, bool, bool)] = &[
            ("*.log", "a.log", false, true),
            ("*.log", "deep/er/a.log", false, true),
            ("*.log", "a.log.txt", false, false),
            ("/a", "a", false, true),
            ("/a", "b/a", false, false),
            ("a/b", "a/b", false, true),
            ("a/b", "c/a/b", false, false),
            ("build/", "build", true, true),
            ("build/", "build", false, false),
            ("build/", "x/build/file", false, true),
            ("**/x", "a/b/x", false, true),
            ("a/**", "a/b/c", false, true),
            ("a/**", "a", true, false),
            ("a/**/z", "a/z", false, true),
            ("a/**/z", "a/b/c/z", false, true),
            ("a/*/z", "a/b/c/z", false, false),
            ("foo?", "foo1", false, true),
            ("foo?", "foo/", true, false),
            ("[ab].c", "a.c", false, true),
            ("[!ab].c", "a.c", false, false),
            ("[^ab].c", "c.c", false, true),
            ("*\n!keep", "keep", false, false),
            ("!keep\n*", "keep", false, true),
            ("dir/\n!dir/keep", "dir/keep", false, true),
            ("dir/*\n!dir/keep", "dir/keep", false, false),
            ("# comment", "# comment", false, false),
            ("\\#file", "#file", false, true),
            ("\\!file", "!file", false, true),
            ("a ", "a", false, true),
            ("a\\ ", "a ", false, true),
            ("a\r", "a", false, true),
            ("{a,b}", "a", false, false),
            ("{a,b}", "{a,b}", false, true),
            ("x{", "x{", false, true),
            ("[{]}", "{}", false, true),
            ("\\{a", "{a", false, true),
            ("[[:alpha:]]x", "ax", false, true),
            ("[[:alpha:]]x", "0x", false, false),
            ("a**/b", "ax/b", false, true),
            ("a**/b", "ax/y/b", false, false),
            ("a**/b", "ab", false, false),
            ("***/o", "x/y/o", false, true),
            ("***/o", "o", false, true),
            ("[\\]]", "]", false, true),
            ("[a\\-c]", "-", false, true),
            ("[a\\-c]", "b", false, false),
            ("a[/]b", "a/b", false, false),
            ("a[!x]b", "a/b", false, false),
            ("/a[!x]b", "a/b", false, false),
            ("a\t", "a\t", false, true),
            ("a\t", "a", false, false),
            ("x\\  ", "x ", false, true),
            ("x\\  ", "x  ", false, false),
            ("x\\ \t", "x \t", false, true),
            ("b\r\n", "b", false, true),
            ("a\0b", "a", false, true),
            ("!\n/\n//", "a", true, false),
            ("A", "a", false, false),
            ("", "a", false, false),
            ("\u{feff}a", "a", false, true),
            ("a", ".pond", true, false),
        ];
        for (patterns, path, is_dir, ignored) in table {
            let dir = tempfile::tempdir().expect("a directory");
            write(dir.path(), FILE_NAME, patterns);
            let ignore = Ignore::new(dir.path(), None, None);
            let expected = *ignored || path.starts_with(".pond");
            let found = ignore.matched(path.trim_end_matches('/').as_bytes(), *is_dir);
            assert_eq!(found.ignored, expected, "{patterns:?} on {path}");
            assert_eq!(ignore.take_problems(), [], "{patterns:?}");
        }
    }

    #[test]
    fn the_nearest_file_decides_and_names_its_line() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        write(root, "global", "*.tmp\n*.bak\n");
        write(root, ".pond/info/exclude", "!x.bak\nsecret\n");
        write(root, FILE_NAME, "\n# first\n*.log\n!x.tmp\n");
        write(root, "sub/.pondignore", "!keep.log\n/only\n");
        write(root, "gone/.pondignore", "!*\n");
        write(root, "gone/x", "");
        let ignore = Ignore::new(root, Some(&root.join(".pond/info/exclude")), Some(&root.join("global")));
        let of = |path: &str| {
            let found = ignore.matched(path.as_bytes(), false);
            let source =
                found.source.map(|source| format!("{}:{}:{}", source.file, source.line, source.pattern));
            (found.ignored, source.unwrap_or_default())
        };
        let global = format!("{}:1:*.tmp", root.join("global").display());
        assert_eq!(of("a.log"), (true, ".pondignore:3:*.log".into()));
        assert_eq!(of("sub/keep.log"), (false, "sub/.pondignore:1:!keep.log".into()));
        assert_eq!(of("sub/deep/keep.log"), (false, "sub/.pondignore:1:!keep.log".into()));
        assert_eq!((of("sub/only").0, of("sub/deep/only").0, of("only").0), (true, false, false));
        assert_eq!(of("a.tmp"), (true, global));
        assert_eq!(of("x.tmp"), (false, ".pondignore:4:!x.tmp".into()));
        assert!(!of("x.bak").0 && of("y.bak").0 && of("sub/secret").0);
        assert_eq!(of("plain"), (false, String::new()));
        for always in [".pond", "sub/.pond/config", ".git/HEAD", "sub/.git"] {
            assert_eq!(of(always), (true, String::new()), "{always}");
        }
        assert!(!of(".gitignore").0 && !of(".pondignore").0);
    }

    #[test]
    fn odd_names_and_bad_patterns() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(FILE_NAME), b"caf\xe9\n*.raw\na\\\na[b\n[!\x80-\xff]\n").expect("written");
        let ignore = Ignore::new(dir.path(), None, None);
        let is_ignored = |path: &[u8]| ignore.matched(path, false).ignored;
        assert!(is_ignored(b"\xff\xfe.raw") && !is_ignored(b"\xff\xfe.txt"));
        assert!(is_ignored(b"caf\xe9") && !is_ignored(b"caf\xe8"));
        assert!(is_ignored(b"x") && !is_ignored(b"\xc0"));
        assert!(!is_ignored(b"a\\") && !is_ignored(b"a[b"));
        let lines: Vec<_> = ignore.take_problems().into_iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 4]);
        assert_eq!(ignore.take_problems(), [], "told once");
    }

    #[test]
    fn a_pattern_is_shown_as_git_shows_it() {
        for (written, path, shown) in [
            ("x{1}  \r\n", "x{1}", "x{1}"),
            ("x\\  ", "x ", "x\\ "),
            ("x\t", "x\t", "x\t"),
            ("!/x/ \n", "x", "!/x/"),
            ("\\#x", "#x", "\\#x"),
            ("\u{feff}x", "x", "x"),
        ] {
            let dir = tempfile::tempdir().expect("a directory");
            write(dir.path(), FILE_NAME, written);
            let found = Ignore::new(dir.path(), None, None).matched(path.as_bytes(), true);
            assert_eq!(found.source.map(|source| source.pattern), Some(shown.into()), "{written:?}");
        }
    }

    #[test]
    fn a_path_below_a_file_is_judged_without_a_word() {
        let dir = tempfile::tempdir().expect("a directory");
        write(dir.path(), "plain", "");
        write(dir.path(), FILE_NAME, "*.o\n");
        let ignore = Ignore::new(dir.path(), None, None);
        assert!(ignore.matched(b"plain/x.o", false).ignored && !ignore.matched(b"plain/x", false).ignored);
        assert_eq!(ignore.take_problems(), []);
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_file_of_patterns_is_not_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        write(dir.path(), "elsewhere", "*\n");
        std::os::unix::fs::symlink("elsewhere", dir.path().join(FILE_NAME)).expect("a link");
        let ignore = Ignore::new(dir.path(), None, None);
        assert!(!ignore.matched(b"a", false).ignored);
        assert_eq!(ignore.take_problems().len(), 1);
    }
}
