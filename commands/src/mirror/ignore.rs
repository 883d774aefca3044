//! Which paths of the mirror are not versioned: gitignore's rules, from four places.
//!
//! From the strongest to the weakest: the `.pondignore` of the path's own directory, those of the directories
//! above it up to the mirror's root, `.pond/info/exclude`, and the user's global file. In the first of
//! them that has a matching pattern, the last matching one decides. Nothing below an ignored directory can
//! be taken back. `.pond` (in any case) and `.git` are ignored always. A `.pondignore` that is a
//! symlink is not followed. Whether a path is tracked is not known here: a tracked path is never ignored.
//!
//! Patterns are UTF-8, one a line; names need not be. Two differences of the `ignore` crate from git are made up
//! for: braces are ordinary characters, and a pattern knows its line. What cannot be read is a [`Problem`].

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use pond_oplog::pond::UNBORN_PREFIX;

use super::secure_dir::is_temporary;

/// The name of the files with patterns in the mirror.
pub(crate) const FILE_NAME: &str = ".pondignore";
/// Bytes of a file with patterns that are read; more are a mistake.
const LONGEST: u64 = 16 << 20;

/// The rules of a mirror.
#[derive(Debug)]
pub(crate) struct Ignore {
    mirror: PathBuf,
    /// Whether `.pondignore` files count.
    has_patterns: bool,
    base: Option<Arc<Level>>,
    problems: Mutex<Vec<Problem>>,
    loaded: Mutex<HashMap<BString, Option<Arc<Level>>>>,
}

/// The rules that hold in one directory: those of one file, and those that are weaker.
#[derive(Debug)]
pub(crate) struct Level {
    weaker: Option<Arc<Level>>,
    /// Bytes of a path that name the directory of the rules, with its `/`.
    prefix: usize,
    file: BString,
    /// What stands in the file: the rules have it with escapes that are not the user's.
    content: Vec<u8>,
    rules: Gitignore,
}

/// What the rules say of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Match {
    /// Whether the path is ignored, as long as it is not tracked.
    pub(crate) ignored: bool,
    /// The pattern that decided; none where no pattern matched, or where the name is always ignored.
    pub(crate) source: Option<Source>,
}

/// Where a pattern stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The file: relative to the mirror's root where it is a `.pondignore`.
    pub(crate) file: BString,
    /// Its line, from 1.
    pub(crate) line: u32,
    /// The pattern as it is written, with its `!`.
    pub(crate) pattern: BString,
}

/// A file with patterns, or a line of one, that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// As in [`Source`].
    pub(crate) file: BString,
    /// The line, from 1; 0 for the whole file.
    pub(crate) line: u32,
    /// What is wrong.
    pub(crate) reason: String,
}

impl Ignore {
    /// The rules of the mirror at `mirror`. `exclude` is the pond's own file and `global` the user's; a file
    /// that is missing has no patterns.
    pub(crate) fn new(mirror: &Path, exclude: Option<&Path>, global: Option<&Path>) -> Self {
        let mut problems = Vec::new();
        let mut base = None;
        for path in [global, exclude].into_iter().flatten() {
            let label = BString::from(path.as_os_str().as_encoded_bytes());
            let read = File::open(path).and_then(|file| read_bounded(&file));
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
    pub(crate) fn none(mirror: &Path) -> Self {
        Self { has_patterns: false, ..Self::new(mirror, None, None) }
    }

    /// The rules before any `.pondignore`: where a walk of the mirror begins.
    pub(crate) fn base(&self) -> Option<Arc<Level>> {
        self.base.clone()
    }

    /// The rules in the directory `dir`, whose `.pondignore` was read by the caller.
    pub(crate) fn enter(
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
    pub(crate) fn matched(&self, path: &[u8], is_dir: bool) -> Match {
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
    pub(crate) fn take_problems(&self) -> Vec<Problem> {
        std::mem::take(&mut lock(&self.problems))
    }

    fn level_of(&self, dir: &[u8]) -> Option<Arc<Level>> {
        if let Some(level) = lock(&self.loaded).get(dir.as_bstr()) {
            return level.clone();
        }
        let weaker = if dir.is_empty() { self.base() } else { self.level_of(super::order::parent(dir)) };
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
pub(crate) enum Verdict<'a> {
    /// No pattern matches.
    None,
    /// The name is one of those that are always ignored.
    Always,
    /// A pattern of a level matches; a whitelisting one where it says so.
    Pattern(&'a Level, &'a ignore::gitignore::Glob),
}

impl Verdict<'_> {
    /// Whether the path is ignored.
    pub(crate) fn is_ignored(&self) -> bool {
        match self {
            Self::None => false,
            Self::Always => true,
            Self::Pattern(_, glob) => !glob.is_whitelist(),
        }
    }

    fn into_match(self) -> Match {
        let source = match self {
            Self::Pattern(level, glob) => {
                let line = line_of(glob);
                let pattern = level.content.split(|byte| *byte == b'\n').nth(line.saturating_sub(1) as usize);
                let pattern = pattern.unwrap_or_default().trim_end_with(|c| c == '\r').into();
                Some(Source { file: level.file.clone(), line, pattern })
            }
            _ => None,
        };
        Match { ignored: self.is_ignored(), source }
    }
}

/// Whether a name is never versioned, wherever it stands: ponds, git's directory, and what killed commands left.
pub(crate) fn is_always_ignored(name: &[u8]) -> bool {
    name == b".git" || name == b".pond" || name.starts_with(UNBORN_PREFIX.as_bytes()) || is_temporary(name)
}

/// What the rules say of a path whose parents are not ignored.
pub(crate) fn matched<'a>(level: Option<&'a Level>, path: &[u8], is_dir: bool) -> Verdict<'a> {
    let name = path.rfind_byte(b'/').map_or(path, |at| &path[at + 1..]);
    if is_always_ignored(name) {
        return Verdict::Always;
    }
    let mut next = level;
    while let Some(level) = next {
        let below = BStr::new(&path[level.prefix..]);
        match level.rules.matched(below.to_path_lossy(), is_dir) {
            ignore::Match::None => next = level.weaker.as_deref(),
            ignore::Match::Ignore(glob) | ignore::Match::Whitelist(glob) => {
                return Verdict::Pattern(level, glob);
            }
        }
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
                if error.kind() != io::ErrorKind::NotFound {
                    problem(0, error.to_string());
                }
                return weaker;
            }
        };
        let mut builder = GitignoreBuilder::new("");
        let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            let Ok(line) = line.strip_suffix(b"\r").unwrap_or(line).to_str() else {
                problem(number, "a pattern that is not UTF-8 is not used".into());
                continue;
            };
            // The crate hands this path back with a match: it carries the line's number.
            let from = Some(PathBuf::from(number.to_string()));
            if let Err(error) = builder.add_line(from, &escape_braces(line)) {
                problem(number, error.to_string());
            }
        }
        match builder.build() {
            Ok(rules) if rules.is_empty() => weaker,
            Ok(rules) => {
                let prefix = if dir.is_empty() { 0 } else { dir.len() + 1 };
                Some(Arc::new(Self { weaker, prefix, file, content, rules }))
            }
            Err(error) => {
                problem(0, error.to_string());
                weaker
            }
        }
    }
}

fn line_of(glob: &ignore::gitignore::Glob) -> u32 {
    glob.from().and_then(|from| from.to_str()).and_then(|line| line.parse().ok()).unwrap_or(0)
}

/// Escapes the braces that globset would take for alternatives and git takes as they are.
fn escape_braces(line: &str) -> std::borrow::Cow<'_, str> {
    if !line.contains(['{', '}']) {
        return line.into();
    }
    let mut escaped = String::with_capacity(line.len() + 4);
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '[' => class_length(rest).unwrap_or(1),
            _ => first.len_utf8(),
        };
        if matches!(first, '{' | '}') {
            escaped.push('\\');
        }
        escaped.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    escaped.into()
}

/// The length of the bracket expression that `text` begins with; none where it is not closed.
fn class_length(text: &str) -> Option<usize> {
    let body = text.strip_prefix('[')?;
    let body = body.strip_prefix(['!', '^']).unwrap_or(body);
    // A bracket right at the beginning is an ordinary character.
    let skipped = text.len() - body.len();
    let first = body.chars().next()?.len_utf8();
    body[first..].find(']').map(|at| skipped + first + at + 1)
}

/// Reads a file with patterns, up to a bound.
pub(crate) fn read_bounded(file: &File) -> io::Result<Vec<u8>> {
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
        fs::write(dir.path().join(FILE_NAME), b"caf\xe9\n*.raw\na\\\n").expect("written");
        let ignore = Ignore::new(dir.path(), None, None);
        #[cfg(unix)]
        assert!(
            ignore.matched(b"\xff\xfe.raw", false).ignored && !ignore.matched(b"\xff\xfe.txt", false).ignored
        );
        assert!(!ignore.matched(b"caf\xe9", false).ignored);
        let lines: Vec<_> = ignore.take_problems().into_iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 3]);
        assert_eq!(ignore.take_problems(), [], "told once");
    }

    #[test]
    fn a_pattern_is_shown_as_it_is_written() {
        let dir = tempfile::tempdir().expect("a directory");
        write(dir.path(), FILE_NAME, "x{1}  \r\n");
        let found = Ignore::new(dir.path(), None, None).matched(b"x{1}", false);
        assert_eq!(found.source.map(|source| source.pattern), Some("x{1}  ".into()));
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
