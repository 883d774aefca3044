//! Histories in a pond and in a git repository: in each in one go, since commit by commit would take too long.

use std::fmt::Write as _;
use std::path::Path;

use bstr::ByteSlice as _;
use pond_objects::page::Page;
use pond_objects::tree::TreeBuilder;
use pond_objects::{Commit, Kind, ObjectId, Signature, Timestamp, path_order};
use pond_oplog::durable_local::DurableLocal;
use pond_oplog::ingest::Ingest;
use pond_oplog::pond::Trust;
use pond_oplog::schema::PackKind;
use pond_oplog::transaction::{Doing, Transaction};
use pond_oplog::{Pond, ReadonlyPond, StagedPack};
use pond_refs::{Expected, RefEdit, RefName};

use super::plan::{Files, History};
use crate::oracle::Git;

/// The branch of a history's tip.
pub(super) fn branch(history: &History, tip: usize) -> String {
    format!("h{}/b{tip}", history.seed)
}

fn signature(seconds: i64) -> Signature {
    let when = Timestamp { seconds, offset_minutes: 0 };
    Signature { name: "Ada Field".into(), email: "ada@example.org".into(), when }
}

/// Puts the histories into the pond of a mirror as one operation; gives the ids of each one's commits.
pub(super) fn into_pond(mirror: &Path, histories: &[History]) -> Vec<Vec<ObjectId>> {
    let pond = Pond::open(mirror, &Trust::Anybody).expect("a pond");
    let base = ReadonlyPond::open(&pond, &[]).expect("its state");
    let doing = Doing {
        kind: "COMMIT".into(),
        user: "test".into(),
        host: "test".into(),
        command: "histories".into(),
        time: 0,
        parameters: Default::default(),
    };
    let packs = store_contents(&pond, &base, histories);
    let mut transaction = Transaction::new(&pond, &base, doing);
    transaction.adopt(&packs);
    let mut all = Vec::new();
    for history in histories {
        let mut ids: Vec<ObjectId> = Vec::new();
        for (number, version) in history.versions.iter().enumerate() {
            let commit = Commit {
                tree: add_tree(&mut transaction, &version.files),
                parents: version.parents.iter().map(|parent| ids[*parent]).collect(),
                author: signature(version.seconds),
                committer: signature(version.seconds),
                nodes: None,
                extra: Vec::new(),
                message: message(history, number).into(),
            };
            ids.push(transaction.add_commit(&commit));
        }
        for (tip, number) in history.tips.iter().enumerate() {
            let name = RefName::branch(&branch(history, tip)).expect("a name");
            transaction.edit_ref(RefEdit { name, expected: Expected::Any, new: Some(ids[*number]) });
        }
        all.push(ids);
    }
    let table = DurableLocal::new(&pond.table_dir()).expect("a table");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(transaction.publish(&table)).expect("it is published");
    all
}

fn message(history: &History, number: usize) -> String {
    format!("history {} commit {number}\n", history.seed)
}

fn store_contents(pond: &Pond, base: &ReadonlyPond, histories: &[History]) -> Vec<StagedPack> {
    let staging = pond.staging_dir();
    let ingest = Ingest::new(base.store(), &staging).expect("a staging area");
    let versions = histories.iter().flat_map(|history| &history.versions);
    let contents: Vec<&Vec<u8>> =
        versions.flat_map(|version| version.files.values().map(|(_, content)| content)).collect();
    let stored = ingest.run(vec![()], 1, |reader, ()| {
        contents.iter().try_for_each(|content| reader.store(content).map(drop))
    });
    stored.expect("it is stored").into_iter().collect::<Result<(), _>>().expect("it is stored");
    let packs = ingest.finish().expect("packs");
    let named = [(packs.data, PackKind::Data), (packs.meta, PackKind::Meta)];
    named.into_iter().filter_map(|(digest, kind)| Some(StagedPack { digest: digest?, kind })).collect()
}

fn add_tree(transaction: &mut Transaction<'_>, files: &Files) -> ObjectId {
    let mut entries: Vec<_> = files.iter().collect();
    entries.sort_by(|(one, _), (other, _)| path_order(one.as_bytes(), other.as_bytes()));
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), std::convert::Infallible> {
        transaction.add_page(id, page);
        Ok(())
    });
    for (path, (kind, content)) in entries {
        let id = ObjectId::of_content(content);
        let Ok(()) = builder.push(path.as_bytes().as_bstr(), *kind, id, content.len() as u64);
    }
    let Ok(root) = builder.finish();
    root.id
}

/// Puts the histories into a git repository; gives the ids of each one's commits.
pub(super) fn into_git(git: &Git, histories: &[History]) -> Vec<Vec<String>> {
    let mut stream = String::new();
    let mut first = 1;
    for history in histories {
        for (number, version) in history.versions.iter().enumerate() {
            let message = message(history, number);
            let mark = |number: usize| format!(":{}", first + number);
            line(&mut stream, "commit refs/heads/import");
            line(&mut stream, &format!("mark {}", mark(number)));
            line(&mut stream, &format!("committer {}", signature(version.seconds)));
            line(&mut stream, &format!("data {}\n{message}", message.len()));
            for (at, parent) in version.parents.iter().enumerate() {
                line(&mut stream, &format!("{} {}", if at == 0 { "from" } else { "merge" }, mark(*parent)));
            }
            line(&mut stream, "deleteall");
            for (path, (kind, content)) in &version.files {
                line(&mut stream, &format!("M {:06o} inline {path}\ndata {}", kind.mode(), content.len()));
                line(&mut stream, std::str::from_utf8(content).expect("text"));
            }
            // Else the next commit without parents would follow this one.
            line(&mut stream, "reset refs/heads/import\n");
        }
        for (tip, number) in history.tips.iter().enumerate() {
            let name = branch(history, tip);
            line(&mut stream, &format!("reset refs/heads/{name}\nfrom :{}\n", first + number));
        }
        first += history.versions.len();
    }
    let mut ids = git.import(stream.as_bytes(), first - 1).into_iter();
    histories.iter().map(|history| ids.by_ref().take(history.versions.len()).collect()).collect()
}

fn line(stream: &mut String, text: &str) {
    writeln!(stream, "{text}").expect("memory");
}

/// The files of a tree in git.
pub(super) fn git_files(git: &Git, tree: &str) -> Files {
    let list = git.text(&["ls-tree", "-r", "-z", tree]);
    let mut entries = Vec::new();
    for entry in list.split_terminator('\0') {
        let (facts, path) = entry.split_once('\t').expect("facts and a path");
        let facts: Vec<&str> = facts.split(' ').collect();
        let kind = if facts[0] == "100755" { Kind::Executable } else { Kind::File };
        entries.push((path.to_owned(), kind, facts[2]));
    }
    let asked: String = entries.iter().map(|(_, _, id)| format!("{id}\n")).collect();
    let contents = git.run(&["cat-file", "--batch"], asked.as_bytes()).stdout;
    let mut rest = contents.as_slice();
    let mut files = Files::new();
    for (path, kind, _) in entries {
        let (head, behind) = rest.split_once_str("\n").expect("a line before each content");
        let size: usize =
            head.to_str_lossy().rsplit(' ').next().and_then(|size| size.parse().ok()).expect("a size");
        files.insert(path, (kind, behind[..size].to_vec()));
        rest = &behind[size + 1..];
    }
    files
}
