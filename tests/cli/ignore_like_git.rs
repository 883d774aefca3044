//! Ignore rules judged by git itself: the same files of patterns, the same paths, and `git check-ignore` as the oracle.
//!
//! Without a git to ask, only what is pinned below and beside the matcher is tested.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Random, TestPond};

/// Cases that other matchers of globs get wrong: the lines of a file of patterns, and the paths to judge.
const KNOWN: &[(&[u8], &[&str])] = &[
    (b"[[:alpha:]]x\n[[:upper:][:digit:]]y\n[![:space:]]z\n", &["ax", "0x", "Ay", "7y", "ay", " z", "az"]),
    (b"[[:word:]]\n[[:alpha:]\n[[::]]\n[[:x]\n[[:]q\n", &["a", ":", "[", "x", "[q", ":q"]),
    (b"***/o\n", &["o", "x/o", "x/y/o", "xo", "o/x"]),
    (b"?**/b\n", &["ab", "a/b", "ax/b", "a/x/b", "b"]),
    (b"a/**/b\nc/**\n**/d/e\n", &["a/b", "a/x/b", "a/x/y/b", "a/xb", "c", "c/x/y", "d/e", "x/d/e", "d/x/e"]),
    (b"**\\/b\na/**/**/c\n", &["b", "x/b", "x/y/b", "a/c", "a/x/c", "a/x/y/c"]),
    (b"[\\]]\n[a\\-c]x\n[]-a]y\n[c-a]z\n", &["]", "\\", "ax", "-x", "bx", "]y", "^y", "az", "cz"]),
    (b"a[\n[]\n[!]\n[\n", &["a[", "a", "[]", "[!]", "[", "!"]),
    (b"a[/]b\nc[!x]d\n/e?f\ng*h/\n", &["a/b", "c/d", "cyd", "e/f", "exf", "g/h", "gh/", "gxh"]),
    (
        b"a\t\nb \t \nc\\ \nd\\  \ne\\ \t\nf \\\n",
        &["a", "a\t", "b", "b \t", "c ", "c", "d ", "d  ", "e \t", "f "],
    ),
    (b"{a,b}\nx{\n\\{y\n~*\n", &["a", "{a,b}", "x{", "{y", "~", "~z"]),
    (
        b"\xef\xbb\xbffirst\r\n\\#hash\r\n\\!bang\r\n# none\r\nlast\r",
        &["first", "#hash", "!bang", "# none", "last"],
    ),
    (b"*\n!*/\n!*.keep\n/x.keep\n", &["a", "a.keep", "x.keep", "x.keep/", "d/", "d/a.keep", "d/x.keep"]),
    (b"dir/\n!dir/kept\nplain/\n", &["dir/", "dir/kept", "dir", "plain", "plain/x"]),
    (b"a\\\nb\\\\\n\\a\n*\\\n", &["a\\", "b\\", "b\\\\", "a", "\\"]),
    (b"/\n//\n!\n!/\n \n/ \n", &["a", "a/", " ", "a/b"]),
    (b"caf\xe9\n[\x80-\xff]z\ncut\0off\n", &["caf\u{e9}", "caf", "\u{e9}z", "cut", "cutoff"]),
];

/// What patterns are made of.
const PIECES: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b"A",
    b".",
    b"-",
    b"/",
    b"/",
    b"/",
    b"*",
    b"*",
    b"**",
    b"**/",
    b"/**",
    b"/**/",
    b"***/",
    b"?",
    b"[ab]",
    b"[!a]",
    b"[^b/]",
    b"[a-c]",
    b"[]a]",
    b"[!]a]",
    b"[a-]",
    b"[[:alpha:]]",
    b"[^[:digit:]-]",
    b"[[:a]",
    b"[\\]]",
    b"[a\\-c]",
    b"[a-\\c]",
    b"[/]",
    b"[.-0]",
    b"[",
    b"]",
    b"!",
    b"#",
    b"\\",
    b"\\*",
    b"\\[",
    b"\\/",
    b"\\ ",
    b" ",
    b"\t",
    b"{a,b}",
    b"~",
    b"\xe9",
    b"\r",
];

struct Case {
    patterns: Vec<u8>,
    paths: Vec<Vec<u8>>,
}

#[test]
fn rules_judge_as_git_does() {
    let Some(git) = Git::find() else {
        eprintln!("skipped: there is no git to compare with");
        return;
    };
    let mut random = Random::new(20_260_301);
    let mut cases: Vec<Case> = KNOWN.iter().map(|(patterns, paths)| known(patterns, paths)).collect();
    cases.extend((0..200).map(|_| generated(&mut random)));

    let pond = TestPond::new();
    git.run(&pond, &["init", "-q"], b"");
    let mut input = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        for name in [".gitignore", ".pondignore"] {
            pond.write(format!("{number}/{name}"), &case.patterns);
        }
        for path in &case.paths {
            if path.ends_with(b"/") {
                make_dir(&pond, number, path);
            }
            input.extend_from_slice(format!("{number}/").as_bytes());
            input.extend_from_slice(path.strip_suffix(b"/").unwrap_or(path));
            input.push(0);
        }
    }
    let args = ["check-ignore", "-v", "-n", "-z", "--no-index", "--stdin"];
    let said = git.run(&pond, &args, &input);
    let ours = pond.run_with_input(&args, &input).expect_code(0).stdout;
    compare(&cases, &said, &ours);
}

#[test]
fn verbose_lines_are_gits_own() {
    let Some(git) = Git::find() else {
        eprintln!("skipped: there is no git to compare with");
        return;
    };
    let pond = TestPond::new();
    git.run(&pond, &["init", "-q"], b"");
    let patterns = b"a  \nb\t\n!c/ \r\nd\\  \n/e\n\\#f\n\xef\xbb\xbfg\n[[:alpha:]]h\n\x1bi\n\xe9*\nplain/\n";
    for name in [".gitignore", ".pondignore", "plain"] {
        pond.write(name, patterns);
    }
    pond.mkdir("c");
    let input = b"a\n\"b\\t\"\nc\nd \ne\n#f\ng\nxh\n\"\\033i\"\n\"\\351\"\nplain/x\nplain\nnone\n";
    let args = ["check-ignore", "-v", "-n", "--stdin"];
    let said = git.run(&pond, &args, input);
    let ours = pond.run_with_input(&args, input).expect_code(0);
    assert_eq!(printable(&ours.stdout), printable(&said).replace(".gitignore", ".pondignore"));
    assert_eq!(ours.err(), "", "nothing to warn of");
}

#[test]
fn a_path_through_a_link_is_refused() {
    let pond = TestPond::new();
    pond.write("dir/.pondignore", "x\n");
    pond.link("dir", "link");
    pond.fails(&["check-ignore", "-v", "link/x"], 128).expect_says("beyond a symbolic link");
    pond.run(&["check-ignore", "link"]).expect_code(1);
}

fn known(patterns: &[u8], paths: &[&str]) -> Case {
    Case { patterns: patterns.into(), paths: paths.iter().map(|path| path.as_bytes().into()).collect() }
}

fn generated(random: &mut Random) -> Case {
    let mut case = Case { patterns: Vec::new(), paths: Vec::new() };
    for _ in 0..1 + random.below(3) {
        let mut pattern = Vec::new();
        for (odds, piece) in [(8, &b"!"[..]), (8, b"/")] {
            if random.below(odds) == 0 {
                pattern.extend_from_slice(piece);
            }
        }
        for _ in 0..1 + random.below(6) {
            pattern.extend_from_slice(PIECES[random.below(PIECES.len() as u64) as usize]);
        }
        for (odds, piece) in [(8, &b"/"[..]), (12, b" "), (20, b"\t")] {
            if random.below(odds) == 0 {
                pattern.extend_from_slice(piece);
            }
        }
        if is_misread_by_older_git(&pattern) {
            continue;
        }
        case.paths.extend((0..6).filter_map(|_| path_like(random, &pattern)));
        case.patterns.extend_from_slice(&pattern);
        case.patterns.push(b'\n');
    }
    case
}

/// Whether the first wildcard is `**` in the middle of a name. Git has taken it for whole directories, as it compared the
/// text before it apart; newer versions take it for `*`, as the documentation always did.
fn is_misread_by_older_git(pattern: &[u8]) -> bool {
    let stars = pattern.windows(2).position(|pair| pair == b"**");
    let wild = pattern.iter().position(|byte| b"*?[\\".contains(byte));
    wild.is_some_and(|at| at > 0 && stars == wild && !b"/!".contains(&pattern[at - 1]))
}

/// A path that a pattern may match, made by filling in its wildcards; none where nothing is left of it.
fn path_like(random: &mut Random, pattern: &[u8]) -> Option<Vec<u8>> {
    const ANY: &[&[u8]] = &[b"", b"a", b"b", b"ab", b"a/b", b"x/y", b"/", b"-", b"]", b" "];
    let mut any = |among: &[&'static [u8]]| among[random.below(among.len() as u64) as usize];
    let mut path = Vec::new();
    let mut rest = pattern.trim_ascii_end();
    rest = rest.strip_prefix(b"!").unwrap_or(rest);
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'*' => path.extend_from_slice(any(ANY)),
            b'?' => path.extend_from_slice(any(&[b"a", b"/", b"z"])),
            b'[' => {
                let end = rest.iter().skip(1).position(|byte| *byte == b']').map_or(0, |at| at + 2);
                rest = &rest[end..];
                path.extend_from_slice(any(&[
                    b"a", b"b", b"c", b"-", b"]", b"[", b"/", b"7", b"\\", b"\xe9",
                ]));
            }
            b'\\' => {}
            byte => path.push(*byte),
        }
    }
    path.extend_from_slice(any(&[b"", b"", b"", b"/x", b"/", b" ", b"\t", b"x"]));
    let is_dir = path.ends_with(b"/");
    let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"." | b".."));
    let mut path = names.collect::<Vec<_>>().join(&b'/');
    if path.is_empty() {
        return None;
    }
    if is_dir {
        path.push(b'/');
    }
    Some(path)
}

fn make_dir(pond: &TestPond, number: usize, path: &[u8]) {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = pond.path(number.to_string()).join(std::ffi::OsStr::from_bytes(path));
    std::fs::create_dir_all(dir).expect("directories");
}

fn compare(cases: &[Case], said: &[u8], ours: &[u8]) {
    let fields = |text: &[u8]| text.split(|byte| *byte == 0).map(printable).collect::<Vec<_>>();
    let (said, ours) = (fields(said), fields(ours));
    let paths: usize = cases.iter().map(|case| case.paths.len()).sum();
    assert_eq!((said.len(), ours.len()), (4 * paths + 1, 4 * paths + 1));
    let mut matched = 0;
    for (said, ours) in said.chunks_exact(4).zip(ours.chunks_exact(4)) {
        matched += usize::from(!said[0].is_empty());
        let number: usize = said[3].split('/').next().and_then(|number| number.parse().ok()).expect("a case");
        let ours: Vec<_> = ours.iter().map(|field| field.replace(".pondignore", ".gitignore")).collect();
        assert_eq!(ours, said, "with the patterns {}", printable(&cases[number].patterns));
    }
    assert!(matched > paths / 10, "only {matched} of {paths} paths say anything");
}

fn printable(text: &[u8]) -> String {
    text.escape_ascii().to_string()
}

/// The oracle.
struct Git;

impl Git {
    fn find() -> Option<Self> {
        let found = Command::new("git").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success()).then_some(Self)
    }

    /// Runs it in the mirror without anybody's configuration, and gives its stdout.
    fn run(&self, pond: &TestPond, args: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = assert_cmd::Command::new("git");
        command.args(["-c", "core.ignoreCase=false"]).args(args);
        command
            .current_dir(pond.mirror())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", pond.beside("home")).env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command.env("GIT_CEILING_DIRECTORIES", pond.mirror().parent().unwrap_or(Path::new("/")));
        let output = command.write_stdin(input).output().expect("git starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}
