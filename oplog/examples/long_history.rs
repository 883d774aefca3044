//! Makes a history that is too long to be made commit by commit, for measurements: `long_history MIRROR COMMITS TAGS`.
//!
//! `MIRROR` is where `pond init` was run. Every tenth commit is a merge of a line of three; the tags stand evenly along the main
//! line, every other one with a message; the branches `early`, `middle` and `aside` stand beside `main`. All of it is one
//! operation. The same history goes to standard output as a stream for `git fast-import`.

use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::Path;

use bstr::BString;
use pond_objects::page::{Body, Page};
use pond_objects::{Commit, ObjectId, Signature, Tag, Tagged, Timestamp, tree};
use pond_oplog::durable_local::DurableLocal;
use pond_oplog::pond::Trust;
use pond_oplog::transaction::{Doing, Transaction};
use pond_oplog::view::{Head, MAIN_MIRROR};
use pond_oplog::{Pond, ReadonlyPond};
use pond_refs::{Expected, RefEdit, RefName};

/// 2020-01-01.
const BEGINNING: i64 = 1_577_836_800;
const MINUTE: i64 = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "long_history MIRROR COMMITS TAGS";
    let mirror = arguments.next().ok_or(usage)?;
    let commits: usize = arguments.next().ok_or(usage)?.parse()?;
    let tags: usize = arguments.next().ok_or(usage)?.parse()?;
    let pond = Pond::open(Path::new(&mirror), &Trust::Anybody)?;
    let base = ReadonlyPond::open(&pond, &[])?;
    let doing = Doing {
        kind: "COMMIT".into(),
        user: "bench".into(),
        host: "bench".into(),
        command: "long_history".into(),
        time: BEGINNING * 1_000_000,
        parameters: Default::default(),
    };
    let mut history = History {
        transaction: Transaction::new(&pond, &base, doing),
        out: BufWriter::new(std::io::stdout().lock()),
        ids: Vec::with_capacity(commits),
    };
    let page = Page { body: Body::Tree, level: 0, items: Vec::new() };
    history.transaction.add_page(tree::empty_tree(), &page);
    let main = history.commits(commits)?;
    history.tags(&main, tags)?;
    let newest = *main.last().ok_or("no commits")?;
    history.branch("main", newest)?;
    history.branch("early", main[main.len() / 100])?;
    history.branch("middle", main[main.len() / 2])?;
    let aside = history.commit(&[main[main.len() - main.len() / 100 - 1]])?;
    history.branch("aside", aside)?;
    let head = Head { branch: Some(RefName::branch("main")?), commit: Some(history.ids[newest]) };
    history.transaction.set_head(MAIN_MIRROR, head);
    history.out.flush()?;
    let table = DurableLocal::new(&pond.table_dir())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(history.transaction.publish(&table))?;
    Ok(())
}

/// The operation and the stream; commits are told by their numbers.
struct History<'a, W> {
    transaction: Transaction<'a>,
    out: W,
    ids: Vec<ObjectId>,
}

impl<W: Write> History<'_, W> {
    /// So many commits; gives the main line.
    fn commits(&mut self, count: usize) -> Result<Vec<usize>, Box<dyn Error>> {
        let mut main = vec![self.commit(&[])?];
        while self.ids.len() < count {
            let tip = main[main.len() - 1];
            if main.len() % 7 == 0 && self.ids.len() + 4 < count {
                let mut side = tip;
                for _ in 0..3 {
                    side = self.commit(&[side])?;
                }
                let own = self.commit(&[tip])?;
                main.push(own);
                main.push(self.commit(&[own, side])?);
            } else {
                main.push(self.commit(&[tip])?);
            }
        }
        Ok(main)
    }

    fn commit(&mut self, parents: &[usize]) -> Result<usize, Box<dyn Error>> {
        let number = self.ids.len();
        let signature = signature(number)?;
        let commit = Commit {
            tree: tree::empty_tree(),
            parents: parents.iter().map(|parent| self.ids[*parent]).collect(),
            author: signature.clone(),
            committer: signature.clone(),
            nodes: None,
            extra: Vec::new(),
            message: format!("Reading {number}\n").into(),
        };
        self.ids.push(self.transaction.add_commit(&commit));
        writeln!(self.out, "commit refs/heads/import\nmark :{}", number + 1)?;
        writeln!(self.out, "committer {signature}\ndata {}\n{}", commit.message.len(), commit.message)?;
        if parents.is_empty() {
            writeln!(self.out, "deleteall")?;
        }
        for (at, parent) in parents.iter().enumerate() {
            writeln!(self.out, "{} :{}", if at == 0 { "from" } else { "merge" }, parent + 1)?;
        }
        Ok(number)
    }

    fn tags(&mut self, main: &[usize], count: usize) -> Result<(), Box<dyn Error>> {
        for tag in 0..count {
            let object = main[tag * main.len() / count];
            let name = format!("season/{tag:05}");
            let message = BString::from(format!("Season {tag}\n"));
            let id = if tag % 2 == 0 {
                writeln!(self.out, "reset refs/tags/{name}\nfrom :{}\n", object + 1)?;
                self.ids[object]
            } else {
                let tagger = signature(object)?;
                writeln!(self.out, "tag {name}\nfrom :{}\ntagger {tagger}", object + 1)?;
                writeln!(self.out, "data {}\n{message}", message.len())?;
                let kind = Tagged::Commit;
                let tag = Tag {
                    object: self.ids[object],
                    kind,
                    name: name.clone(),
                    tagger,
                    extra: vec![],
                    message,
                };
                self.transaction.add_tag(&tag)
            };
            self.edit(RefName::tag(&name)?, id);
        }
        Ok(())
    }

    fn branch(&mut self, name: &str, commit: usize) -> Result<(), Box<dyn Error>> {
        writeln!(self.out, "reset refs/heads/{name}\nfrom :{}\n", commit + 1)?;
        self.edit(RefName::branch(name)?, self.ids[commit]);
        Ok(())
    }

    fn edit(&mut self, name: RefName, id: ObjectId) {
        self.transaction.edit_ref(RefEdit { name, expected: Expected::Any, new: Some(id) });
    }
}

fn signature(number: usize) -> Result<Signature, Box<dyn Error>> {
    let when = Timestamp { seconds: BEGINNING + i64::try_from(number)? * MINUTE, offset_minutes: 0 };
    Ok(Signature { name: "Ada Field".into(), email: "ada@example.org".into(), when })
}
