//! `pond check-ignore`: whether paths are ignored, and by which rule.

use std::ffi::OsString;
use std::io::{self, Write};

use bstr::{BStr, BString, ByteSlice as _, ByteVec as _};
use pond_mirror::host::ignore::{Ignore, Match, is_always_ignored};
use pond_objects::escape;
use pond_workspace::host_path;
use pond_workspace::{Purpose, Workspace, open};
use serde_json::Map;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::porcelain::path_args;
use crate::ui::changes_json::insert_path;

/// Say which paths are ignored
///
/// Prints the paths that are ignored; with -v also the rule that decides: its file, line and text. Tracked files are never
/// ignored.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Rules stand in .pondignore files, as in .gitignore: each holds for its own directory and those below. Weaker than these are
.pond/info/exclude and the file that core.excludesFile names, or else 'ignore' beside the user's config.toml. '.pond' and
'.git' are always ignored.

With -v a line is SOURCE:LINE:PATTERN, a tab, and the path; with -z the four are each ended by NUL. A pattern that begins
with '!' takes a path back: it is shown with -v, and the path is not ignored. With -q nothing is printed.

Examples:
  pond check-ignore -v build/out.o
  find . | pond check-ignore --stdin

Exit codes: 0 some path is ignored; 1 none is; 128; 129.")]
pub(crate) struct CheckIgnoreArgs {
    /// The paths
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,

    /// Read paths from standard input, one a line
    #[arg(long, conflicts_with = "paths")]
    stdin: bool,

    /// Paths and output end with NUL, and nothing is quoted
    #[arg(short = 'z')]
    nul: bool,

    /// With -v: show paths too that no pattern matches
    #[arg(short = 'n', long)]
    non_matching: bool,

    /// Judge tracked files as if they were not
    #[arg(long)]
    no_index: bool,
}

pub(crate) fn run(ctx: &Context, args: CheckIgnoreArgs) -> Result<Outcome, CommandError> {
    if args.paths.is_empty() && !args.stdin {
        return Err(usage("no path was named").hint("--stdin reads paths from standard input"));
    }
    let verbose = ctx.ui.verbosity() > 0;
    if args.non_matching && !verbose && !ctx.ui.is_json() {
        return Err(usage("-n (--non-matching) has a meaning only with -v"));
    }
    let workspace = open(ctx.session()?, Purpose::Look)?;
    let checker = Checker { ctx, workspace: &workspace, ignore: workspace.ignore()?, args: &args, verbose };
    let mut any = false;
    for path in &args.paths {
        any |= checker.check(path)?;
    }
    if args.stdin {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while read_path(&mut input, args.nul, &mut line)? {
            let path = BString::from(std::mem::take(&mut line));
            let path = path_of(path.into(), args.nul)?;
            any |= checker.check(&path)?;
            // Whoever writes path by path may wait for the answer to each.
            ctx.ui.out().flush()?;
        }
    }
    for problem in checker.ignore.take_problems() {
        ctx.ui.warn(format_args!("{}:{}: {}", escape::plain(&problem.file), problem.line, problem.reason));
    }
    Ok(if any { Outcome::Done } else { Outcome::Nothing })
}

/// Reads up to the next line's end, or NUL; false at the end of the input.
fn read_path(input: &mut impl io::BufRead, nul: bool, line: &mut Vec<u8>) -> io::Result<bool> {
    let end = if nul { 0 } else { b'\n' };
    loop {
        line.clear();
        if input.read_until(end, line)? == 0 {
            return Ok(false);
        }
        if line.last() == Some(&end) {
            line.pop();
        }
        if !line.is_empty() {
            return Ok(true);
        }
    }
}

fn path_of(line: Vec<u8>, nul: bool) -> Result<OsString, CommandError> {
    let bad = |line: &[u8]| fatal(format_args!("cannot read the path '{}'", escape::plain(line)));
    let path = match nul {
        true => line.clone(),
        false => escape::unquote(&line).ok_or_else(|| bad(&line))?.into_owned(),
    };
    path.into_os_string().map_err(|_| bad(&line))
}

struct Checker<'a> {
    ctx: &'a Context,
    workspace: &'a Workspace<'a>,
    ignore: Ignore,
    args: &'a CheckIgnoreArgs,
    verbose: bool,
}

impl Checker<'_> {
    /// Prints what there is to say of a path, and gives whether it is ignored.
    fn check(&self, given: &OsString) -> Result<bool, CommandError> {
        let mut literal = OsString::from(":(literal)");
        literal.push(given);
        let specs = path_args::parse(self.workspace, &[literal])?;
        let path = specs.literal_paths().next().unwrap_or_default().to_owned();
        let given = given.as_encoded_bytes();
        self.refuse_below_link(given, &path)?;
        let found = self.found(&path, given.ends_with(b"/"));
        let ui = &self.ctx.ui;
        if ui.is_json() {
            if found.ignored || found.source.is_some() || self.args.non_matching {
                let mut row = Map::new();
                insert_path(&mut row, "path", BStr::new(&path));
                row.insert("ignored".into(), found.ignored.into());
                if let Some(source) = &found.source {
                    insert_path(&mut row, "source", BStr::new(&source.file));
                    row.insert("line".into(), source.line.into());
                    insert_path(&mut row, "pattern", BStr::new(&source.pattern));
                }
                ui.json_row(&row)?;
            }
        } else if !ui.is_quiet() {
            let mut out = ui.out();
            match self.verbose {
                true => write_verbose(&mut out, given, &found, self.args, !ui.is_terminal())?,
                false if found.ignored => write_path(&mut out, given, self.args.nul)?,
                false => {}
            }
        }
        Ok(found.ignored)
    }

    /// Refuses a path through a symbolic link: what a link leads to is not the mirror's.
    fn refuse_below_link(&self, given: &[u8], path: &[u8]) -> Result<(), CommandError> {
        let root = self.workspace.pond().mirror_root();
        let is_link = |dir: &[u8]| host_path(root, dir).symlink_metadata().is_ok_and(|it| it.is_symlink());
        if path.find_iter("/").any(|end| is_link(&path[..end])) {
            let given = escape::plain(given);
            return Err(fatal(format_args!("pathspec '{given}' is beyond a symbolic link"))
                .hint("a link is versioned as a link; name what it leads to by its own path"));
        }
        Ok(())
    }

    fn found(&self, path: &[u8], named_as_dir: bool) -> Match {
        if path.is_empty() || !self.args.no_index && self.workspace.is_tracked(path) {
            return Match::default();
        }
        let host = host_path(self.workspace.pond().mirror_root(), path);
        let is_dir = named_as_dir || host.symlink_metadata().is_ok_and(|found| found.is_dir());
        self.ignore.matched(path, is_dir)
    }
}

fn write_path(out: &mut impl Write, path: &[u8], nul: bool) -> io::Result<()> {
    match nul {
        true => out.write_all(path).and_then(|()| out.write_all(b"\0")),
        false => writeln!(out, "{}", escape::quoted(path)),
    }
}

/// Writes a path with what decided on it; `raw` leaves the pattern as it is, as programs want it and no terminal should.
fn write_verbose(
    out: &mut impl Write,
    path: &[u8],
    found: &Match,
    args: &CheckIgnoreArgs,
    raw: bool,
) -> io::Result<()> {
    let (file, line, pattern): (&[u8], String, &[u8]) = match &found.source {
        Some(source) => (&source.file, source.line.to_string(), &source.pattern),
        // The names that are always ignored stand in no file.
        None if found.ignored => {
            let name = path.split_str("/").find(|name| is_always_ignored(name));
            (b"built-in", "0".to_owned(), name.unwrap_or(path))
        }
        None if args.non_matching => (b"", String::new(), b""),
        None => return Ok(()),
    };
    if args.nul {
        for field in [file, line.as_bytes(), pattern, path] {
            out.write_all(field)?;
            out.write_all(b"\0")?;
        }
        return Ok(());
    }
    write!(out, "{}:{line}:", escape::quoted(file))?;
    match raw {
        true => out.write_all(pattern)?,
        false => out.write_all(escape::plain(pattern).as_bytes())?,
    }
    writeln!(out, "\t{}", escape::quoted(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_mirror::host::ignore::Source;

    fn text(found: &Match, nul: bool, non_matching: bool) -> String {
        let args = CheckIgnoreArgs { paths: Vec::new(), stdin: false, nul, non_matching, no_index: false };
        let mut out = Vec::new();
        write_verbose(&mut out, b"d/a.o", found, &args, true).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lines_are_as_git_writes_them() {
        let source = Source { file: ".pondignore".into(), line: 3, pattern: "*.o".into() };
        let found = Match { ignored: true, source: Some(source) };
        assert_eq!(text(&found, false, false), ".pondignore:3:*.o\td/a.o\n");
        assert_eq!(text(&found, true, false), ".pondignore\x003\0*.o\0d/a.o\0");
        assert_eq!(text(&Match::default(), false, true), "::\td/a.o\n");
        assert_eq!(text(&Match::default(), false, false), "");
    }

    #[test]
    fn a_terminal_is_not_given_what_it_would_obey() {
        let source = Source { file: ".pondignore".into(), line: 1, pattern: "\u{1b}[2J\t".into() };
        let found = Match { ignored: true, source: Some(source) };
        let args = CheckIgnoreArgs {
            paths: Vec::new(),
            stdin: false,
            nul: false,
            non_matching: false,
            no_index: false,
        };
        let line = |raw| {
            let mut out = Vec::new();
            write_verbose(&mut out, b"a", &found, &args, raw).expect("memory");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(line(true), ".pondignore:1:\u{1b}[2J\t\ta\n");
        assert_eq!(line(false), ".pondignore:1:\\033[2J\\t\ta\n");
    }

    #[test]
    fn paths_of_stdin() {
        let mut input = &b"a b\n\n\"c\\td\"\n"[..];
        let mut line = Vec::new();
        let mut paths = Vec::new();
        while read_path(&mut input, false, &mut line).expect("memory") {
            paths.push(path_of(line.clone(), false).expect("a path"));
        }
        assert_eq!(paths, ["a b", "c\td"]);
    }
}
