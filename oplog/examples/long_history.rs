//! Makes a history that is too long to be made commit by commit, for measurements: `long_history MIRROR COMMITS TAGS [files]`.
//!
//! With `files` each commit changes one to three of them: every ninth `log.txt`, every 999th `rare.txt`, all that are no merges one of 400
//! in 20 directories. Their contents are not stored: the trees are for commands that read no file.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::Path;

use bstr::BString;
use pond_objects::page::{Body, Item, Page};
use pond_objects::{Commit, Kind, ObjectId, Signature, Tag, Tagged, Timestamp, tree};
use pond_oplog::durable_local::DurableLocal;
use pond_oplog::pond::Trust;
use pond_oplog::transaction::{Doing, Transaction};
use pond_oplog::view::{Head, MAIN_MIRROR};
use pond_oplog::{Pond, ReadonlyPond};
use pond_refs::{Expected, RefEdit, RefName};

/// 2020-01-01.
const BEGINNING: i64 = 1_577_836_800;
const MINUTE: i64 = 60;
const STATIONS: usize = 20;
const SENSORS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "long_history MIRROR COMMITS TAGS";
    let mirror = arguments.next().ok_or(usage)?;
    let commits: usize = arguments.next().ok_or(usage)?.parse()?;
    let tags: usize = arguments.next().ok_or(usage)?.parse()?;
    let has_files = arguments.next().is_some_and(|word| word == "files");
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
        trees: HashMap::new(),
        reach: commits / 50 + 100,
        has_files,
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
    /// Those of the newest commits.
    trees: HashMap<usize, Files>,
    /// How many commits these are.
    reach: usize,
    has_files: bool,
}

/// The files of a commit: of each the number of the commit that changed it last.
#[derive(Clone, Default)]
struct Files {
    top: BTreeMap<&'static str, usize>,
    stations: BTreeMap<usize, BTreeMap<usize, usize>>,
}

impl Files {
    fn change(&mut self, number: usize) {
        self.stations.entry(number % STATIONS).or_default().insert(number / STATIONS % SENSORS, number);
        let names = [("log.txt", 9), ("rare.txt", 999)];
        let due = names.into_iter().filter(|(_, every)| number.is_multiple_of(*every));
        self.top.extend(due.map(|(name, _)| (name, number)));
    }

    /// Takes what is newer in another.
    fn merge(&mut self, other: &Self) {
        for (name, number) in &other.top {
            let own = self.top.entry(name).or_default();
            *own = *number.max(own);
        }
        for (station, sensors) in &other.stations {
            for (sensor, number) in sensors {
                let own = self.stations.entry(*station).or_default().entry(*sensor).or_default();
                *own = *number.max(own);
            }
        }
    }

    /// Every file with its number.
    fn list(&self) -> Vec<(String, usize)> {
        let mut all: Vec<_> = self.top.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
        for (station, sensors) in &self.stations {
            let path = |sensor: &usize| format!("station-{station:02}/sensor-{sensor:02}.csv");
            all.extend(sensors.iter().map(|(sensor, number)| (path(sensor), *number)));
        }
        all
    }
}

fn content(number: usize) -> String {
    format!("reading {}\n", number % 1009)
}

fn item(name: String, kind: Kind, id: ObjectId, size: u64) -> Item {
    Item { name: name.into(), kind: Some(kind), id, size, count: 1 }
}

fn file(name: String, number: usize) -> Item {
    let content = content(number);
    item(name, Kind::File, ObjectId::of_content(content.as_bytes()), content.len() as u64)
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
        let files = if self.has_files { Some(self.files(number, parents)) } else { None };
        let tree = files.as_ref().map_or_else(tree::empty_tree, |(tree, _)| *tree);
        let commit = Commit {
            tree,
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
        if let Some((_, files)) = files {
            let before = parents.first().map_or_else(Vec::new, |parent| self.trees[parent].list());
            for (path, number) in files.list().into_iter().filter(|file| !before.contains(file)) {
                let content = content(number);
                writeln!(self.out, "M 100644 inline {path}\ndata {}\n{content}", content.len())?;
            }
            self.trees.insert(number, files);
            // No line begins further back.
            self.trees.remove(&number.wrapping_sub(self.reach));
        }
        Ok(number)
    }

    fn files(&mut self, number: usize, parents: &[usize]) -> (ObjectId, Files) {
        let mut files = Files::default();
        parents.iter().for_each(|parent| files.merge(&self.trees[parent]));
        if parents.len() < 2 {
            files.change(number + 1);
        }
        let mut items: Vec<Item> =
            files.top.iter().map(|(name, number)| file((*name).to_owned(), *number)).collect();
        for (station, sensors) in &files.stations {
            let sensors =
                sensors.iter().map(|(sensor, number)| file(format!("sensor-{sensor:02}.csv"), *number));
            let id = self.page(sensors.collect());
            items.push(item(format!("station-{station:02}"), Kind::Directory, id, 0));
        }
        (self.page(items), files)
    }

    fn page(&mut self, items: Vec<Item>) -> ObjectId {
        let page = Page { body: Body::Tree, level: 0, items };
        let id = page.id();
        self.transaction.add_page(id, &page);
        id
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
