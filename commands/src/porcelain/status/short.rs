//! One line for each path: `-s` for people, `--porcelain` for scripts.

use std::io::{self, Write};

use bstr::{BStr, BString};
use pond_history::diff::status_letter;
use pond_objects::path::relative;
use pond_objects::{escape, path_order};
use pond_workspace::status::Status;

use crate::ui::color::{Painted, Role};

/// How lines are written.
pub(super) struct Style {
    /// The branch first.
    pub(super) branch: bool,
    /// Lines end with NUL, nothing is quoted, a rename's old path comes last.
    pub(super) nul: bool,
    pub(super) color: bool,
    /// Paths are relative to this one.
    pub(super) cwd: BString,
}

/// What one line says.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    x: char,
    y: char,
    path: &'a BStr,
    old_path: Option<&'a BStr>,
}

/// Writes the report.
///
/// # Errors
/// Those of writing.
pub(super) fn write(out: &mut impl Write, report: &Status, style: &Style) -> io::Result<()> {
    let end = if style.nul { "\0" } else { "\n" };
    if style.branch {
        write!(out, "## {}{end}", branch(report))?;
    }
    for line in lines(report) {
        let x =
            paint(line.x, if line.x == '?' || line.x == '!' { Role::Untracked } else { Role::Staged }, style);
        let y = paint(line.y, Role::Unstaged, style);
        write!(out, "{x}{y} ")?;
        if style.nul {
            out.write_all(line.path)?;
            if let Some(old_path) = line.old_path {
                out.write_all(b"\0")?;
                out.write_all(old_path)?;
            }
        } else {
            if let Some(old_path) = line.old_path {
                write!(out, "{} -> ", shown(old_path, style))?;
            }
            write!(out, "{}", shown(line.path, style))?;
        }
        write!(out, "{end}")?;
    }
    Ok(())
}

fn paint(letter: char, role: Role, style: &Style) -> Painted<char> {
    Painted { text: letter, style: (style.color && letter != ' ').then(|| role.style()) }
}

fn shown(path: &BStr, style: &Style) -> String {
    escape::quoted_with_space(&relative(path, &style.cwd)).into_owned()
}

fn branch(report: &Status) -> String {
    match (&report.branch, report.commit) {
        (Some(branch), None) => format!("No commits yet on {branch}"),
        (Some(branch), Some(_)) => branch.clone(),
        (None, _) => "HEAD (no branch)".to_owned(),
    }
}

/// The lines: tracked paths in order, then untracked, then ignored ones.
fn lines(report: &Status) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let conflicts = report.unmerged.iter().map(|one| {
        let mut letters = one.letters.chars();
        let mut next = || letters.next().unwrap_or('U');
        Line { x: next(), y: next(), path: BStr::new(&one.path), old_path: None }
    });
    let mut unstaged = report.unstaged.iter().peekable();
    for change in &report.staged {
        let path = BStr::new(&change.path);
        while let Some(before) = unstaged.next_if(|unstaged| path_order(&unstaged.path, path).is_lt()) {
            lines.push(Line { x: ' ', y: before.letter, path: BStr::new(&before.path), old_path: None });
        }
        let y = unstaged.next_if(|unstaged| unstaged.path == path).map_or(' ', |unstaged| unstaged.letter);
        let old_path = change.old_path.as_ref().map(BStr::new);
        lines.push(Line { x: status_letter(change), y, path, old_path });
    }
    lines.extend(unstaged.map(|change| Line {
        x: ' ',
        y: change.letter,
        path: BStr::new(&change.path),
        old_path: None,
    }));
    // Paths in conflict stand among the other tracked ones.
    lines.extend(conflicts);
    lines.sort_by(|a, b| path_order(a.path, b.path));
    let two = |letter, path| Line { x: letter, y: letter, path, old_path: None };
    lines.extend(report.untracked.iter().map(|(path, _)| two('?', BStr::new(path))));
    lines.extend(report.ignored.iter().map(|path| two('!', BStr::new(path))));
    lines
}

#[cfg(test)]
mod tests {
    use pond_objects::{Change, Kind, ObjectId, Side};

    use super::*;
    use pond_workspace::status::Unstaged;

    fn report() -> Status {
        let side = |content: &str| Side {
            kind: Kind::File,
            id: ObjectId::of_content(content.as_bytes()),
            size: content.len() as u64,
        };
        let mut renamed = Change::at("new name".into(), Some(side("1")), Some(side("1")));
        renamed.old_path = Some("old".into());
        let unstaged = |path: &str, letter| Unstaged {
            path: path.into(),
            letter,
            kind: Some(Kind::File),
            size: None,
            id: None,
            unstable: false,
            special: None,
        };
        Status {
            branch: Some("main".to_owned()),
            staged: vec![Change::at("dir/both".into(), Some(side("1")), Some(side("2"))), renamed],
            unstaged: vec![unstaged("a", 'D'), unstaged("dir/both", 'M'), unstaged("z", 'A')],
            untracked: vec![("dir/x/".into(), Some(Kind::Directory))],
            ignored: vec!["k\tey".into()],
            ..Status::default()
        }
    }

    fn text(style: &Style) -> String {
        let mut out = Vec::new();
        write(&mut out, &report(), style).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn two_letters_as_git() {
        let style = Style { branch: true, nul: false, color: false, cwd: BString::default() };
        assert_eq!(
            text(&style),
            "## No commits yet on main\n D a\nMM dir/both\nR  old -> \"new name\"\n A z\n?? dir/x/\n!! \"k\\tey\"\n"
        );
    }

    #[test]
    fn nul_quotes_nothing_and_ends_with_the_old_path() {
        let style = Style { branch: false, nul: true, color: false, cwd: BString::default() };
        assert_eq!(text(&style), " D a\0MM dir/both\0R  new name\0old\0 A z\0?? dir/x/\0!! k\tey\0");
    }

    #[test]
    fn paths_count_from_the_current_directory() {
        let style = Style { branch: false, nul: false, color: false, cwd: "dir".into() };
        assert!(text(&style).starts_with(" D ../a\nMM both\n"));
    }
}
