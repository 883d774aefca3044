//! Merges by git: a repository of scenarios, and what `git merge-tree` makes of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pond_objects::Kind;

use crate::git::{Git, Objects};
use crate::scenario::{File, Files};

/// A commit of a history: a mark, its parents' marks, and its files.
pub(crate) struct Version<'a> {
    pub(crate) name: String,
    pub(crate) parents: Vec<String>,
    pub(crate) files: &'a Files,
}

/// What git makes of a merge.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct GitMerge {
    pub(crate) is_clean: bool,
    pub(crate) files: Files,
    /// By path and stage (1 to 3).
    pub(crate) stages: BTreeMap<(String, usize), File>,
    /// Paths, the kind in git's words, the text.
    pub(crate) messages: Vec<String>,
}

impl GitMerge {
    /// Git tells that it moves a file out of a directory's way also where the file is then deleted, and there is no conflict.
    fn drop_idle_messages(&mut self) {
        let (files, stages) = (&self.files, &self.stages);
        self.messages.retain(|message| {
            let moved =
                message.strip_prefix("CONFLICT (file/directory)").and_then(|rest| rest.rsplit(' ').nth(1));
            moved.is_none_or(|path| files.contains_key(path) || stages.keys().any(|(other, _)| other == path))
        });
    }
}

/// Makes branches of versions, with times one second after another.
pub(crate) fn import(git: &Git<'_>, versions: &[Version<'_>]) {
    let mut stream = Vec::new();
    for (time, version) in versions.iter().enumerate() {
        let mut head = format!("commit refs/heads/{}\n", version.name);
        let _ = writeln!(head, "committer T <t@example.com> {} +0000\ndata 0", 1_700_000_000 + time);
        for (at, parent) in version.parents.iter().enumerate() {
            let _ = writeln!(head, "{} refs/heads/{parent}", if at == 0 { "from" } else { "merge" });
        }
        head.push_str("deleteall\n");
        stream.extend_from_slice(head.as_bytes());
        for (path, (kind, content)) in version.files {
            let head = format!("M {:06o} inline {path}\ndata {}\n", kind.mode(), content.len());
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(content);
            stream.push(b'\n');
        }
    }
    let imported = git.run(&["fast-import", "--quiet", "--force"], &stream);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
}

/// Merges pairs of branches with `git merge-tree`; `None` where git fails an assertion of its own.
pub(crate) fn merge(
    git: &Git<'_>,
    settings: &[&str],
    options: &[&str],
    pairs: &[(String, String)],
) -> Vec<Option<GitMerge>> {
    let input: String = pairs.iter().map(|(ours, theirs)| format!("{ours} {theirs}\n")).collect();
    let arguments =
        [settings, &["merge-tree", "--write-tree", "--stdin", "--messages", "-z"], options].concat();
    let output = git.run(&arguments, input.as_bytes());
    if !output.stderr.is_empty() {
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("Assertion"), "{error}");
        if pairs.len() == 1 {
            return vec![None];
        }
        let (some, others) = pairs.split_at(pairs.len() / 2);
        return [some, others].into_iter().flat_map(|pairs| merge(git, settings, options, pairs)).collect();
    }
    let text = output.stdout;
    let mut fields = text.split(|&byte| byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut next = || fields.next().expect("a field");
    let mut objects = Reader(Objects::new(git));
    let mut merges = Vec::new();
    for _ in pairs {
        let mut merge = GitMerge { is_clean: next() == "1", ..GitMerge::default() };
        let tree = next();
        loop {
            let field = next();
            if field.is_empty() {
                break;
            }
            let (facts, path) = field.split_once('\t').expect("a stage");
            let facts: Vec<&str> = facts.split(' ').collect();
            let stage = facts[2].parse().expect("a stage");
            merge.stages.insert((path.into(), stage), objects.file(facts[0], facts[1]));
        }
        loop {
            let count = next();
            if count.is_empty() {
                break;
            }
            (0..count.parse().expect("a number")).for_each(|_| drop(next()));
            let _kind = next();
            merge.messages.push(next().trim_end().to_owned());
        }
        objects.files("", &tree, &mut merge.files);
        merge.drop_idle_messages();
        merge.messages.sort();
        merges.push(Some(merge));
    }
    merges
}

struct Reader(Objects);

impl Reader {
    fn file(&mut self, mode: &str, id: &str) -> File {
        let kind = match mode {
            "100755" => Kind::Executable,
            "120000" => Kind::Symlink,
            _ => Kind::File,
        };
        (kind, self.0.read(id))
    }

    /// All files of a tree, from git's encoding: mode, space, name, NUL, 20 bytes of the id.
    fn files(&mut self, prefix: &str, tree: &str, files: &mut Files) {
        let content = self.0.read(tree);
        let mut rest = content.as_slice();
        while let Some(end) = rest.iter().position(|&byte| byte == 0) {
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let (mode, name) = head.split_once(' ').expect("an entry");
            let id: String = rest[end + 1..end + 21].iter().map(|byte| format!("{byte:02x}")).collect();
            rest = &rest[end + 21..];
            if mode == "40000" {
                self.files(&format!("{prefix}{name}/"), &id, files);
            } else {
                files.insert(format!("{prefix}{name}"), self.file(mode, &id));
            }
        }
    }
}
