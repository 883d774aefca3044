//! A random state machine: the same operations on filesystems over several layers and on a plain model.

use bstr::BString;
use pond_objects::path::is_below;
use pond_objects::{Kind, ObjectId};

use super::model::{Model, Thing};
use super::noise;
use crate::{FS, FsError, Node, PersistenceLayer, WD};

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The last tree, equal over all layers.
    pub tree: ObjectId,
    /// How many operations changed something.
    pub changes: usize,
    /// How many were refused, by all alike.
    pub refusals: usize,
}

/// An operation.
#[derive(Debug, Clone)]
enum Step {
    Write(BString, Vec<u8>),
    Create(BString, Vec<u8>),
    Append(BString, Vec<u8>),
    SetExecutable(BString, bool),
    Symlink(BString, Vec<u8>),
    MakeDirectory(BString),
    MakeDirectories(BString),
    Remove(BString),
    RemoveAll(BString),
    Rename(BString, BString),
    Copy(BString, BString),
    Read(BString, u64, u64),
    List(BString),
    Finish,
    Reopen,
}

/// Runs so many random operations of a seed on filesystems over the layers, and compares each answer with the model's and,
/// from time to time, the whole state.
///
/// # Panics
/// Where an answer or a state is another.
pub fn run_machine(seed: u64, steps: usize, layers: &[&dyn PersistenceLayer]) -> Outcome {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut model = Model::default();
    let mut systems: Vec<FS<'_>> = layers.iter().map(|layer| FS::new(*layer, None)).collect();
    let (mut changes, mut refusals) = (0, 0);
    for number in 0..steps {
        let step = step(&mut random, &model);
        let before = model.clone();
        let expected = apply_to_model(&mut model, &step);
        changes += usize::from(before != model);
        refusals += usize::from(expected.is_none());
        for (system, layer) in systems.iter_mut().zip(layers) {
            let answer = apply(system, *layer, &step);
            let words = format!("seed {seed}, step {number}: {step:?}: {answer:?}");
            assert_eq!(answer.ok(), expected, "{words}");
        }
        if matches!(step, Step::Finish | Step::Reopen) || number + 1 == steps {
            let tree = model.tree();
            for system in &systems {
                assert_eq!(system.finish().expect("a tree").id, tree, "seed {seed}, step {number}");
                assert_eq!(state(system), model.things.clone().into_iter().collect::<Vec<_>>());
            }
        }
    }
    Outcome { tree: model.tree(), changes, refusals }
}

/// A path that is mostly there, or could be.
fn path(random: &mut fastrand::Rng, model: &Model) -> BString {
    const NAMES: [&[u8]; 9] = [b"a", b"b", b"c", b"data", b"x.csv", b"\xff", b"a b", b"line\nend", b"-"];
    let fresh = random.choice(NAMES).expect("names");
    let mut known = model.things.keys();
    match random.u8(0..10) {
        0..5 if known.len() > 0 => known.nth(random.usize(0..known.len())).expect("a path").clone(),
        5..9 => {
            let directories = model.things.iter().filter(|(_, thing)| **thing == Thing::Directory);
            let directories: Vec<&BString> = directories.map(|(path, _)| path).collect();
            match directories.is_empty() || random.bool() {
                true => fresh.into(),
                false => {
                    let directory = directories[random.usize(0..directories.len())];
                    [directory.as_slice(), b"/", fresh].concat().into()
                }
            }
        }
        _ => [fresh, b"/", random.choice(NAMES).expect("names")].concat().into(),
    }
}

fn content(random: &mut fastrand::Rng) -> Vec<u8> {
    let length = match random.u8(0..40) {
        0 => random.usize(40_000..200_000),
        1..4 => 0,
        _ => random.usize(1..200),
    };
    noise(length, random.u64(0..50))
}

/// A target that nothing follows, neither here nor in the model.
fn link(random: &mut fastrand::Rng) -> Vec<u8> {
    [b"/".to_vec(), noise(random.usize(1..9), random.u64(..)).iter().map(|byte| byte | 1).collect()].concat()
}

fn step(random: &mut fastrand::Rng, model: &Model) -> Step {
    let one = path(random, model);
    match random.u8(0..100) {
        0..20 => Step::Write(one, content(random)),
        20..25 => Step::Create(one, content(random)),
        25..33 => Step::Append(one, content(random)),
        33..36 => Step::SetExecutable(one, random.bool()),
        36..40 => Step::Symlink(one, link(random)),
        40..50 => Step::MakeDirectory(one),
        50..54 => Step::MakeDirectories(one),
        54..60 => Step::Remove(one),
        60..63 => Step::RemoveAll(one),
        63..72 => Step::Rename(one, path(random, model)),
        72..80 => Step::Copy(one, path(random, model)),
        80..88 => Step::Read(one, random.u64(0..300), random.u64(0..100_000)),
        88..96 => Step::List(one),
        96..98 => Step::Finish,
        _ => Step::Reopen,
    }
}

/// What an operation answers, where it does not fail.
type Answer = Vec<u8>;

fn apply<'l>(fs: &mut FS<'l>, layer: &'l dyn PersistenceLayer, step: &Step) -> Result<Answer, FsError> {
    let root = fs.root();
    // A symlink in the place of a file is refused, as in the model.
    let is_link = |path: &BString| root.entry(path).is_ok_and(|entry| entry.node().kind() == Kind::Symlink);
    let file = |path: &BString| if is_link(path) { Err(FsError::NotFound(path.clone())) } else { Ok(()) };
    match step {
        Step::Write(path, content) => {
            file(path)?;
            root.write(path, content.len() as u64, &mut &content[..])?;
        }
        Step::Create(path, content) => root.create(path, content.len() as u64, &mut &content[..])?,
        Step::Append(path, content) => {
            file(path)?;
            root.append(path, content.len() as u64, &mut &content[..])?;
        }
        Step::SetExecutable(path, executable) => {
            file(path)?;
            root.set_executable(path, *executable)?;
        }
        Step::Symlink(path, target) => root.symlink(path, target)?,
        Step::MakeDirectory(path) => root.make_directory(path)?,
        Step::MakeDirectories(path) => {
            file(path)?;
            root.make_directories(path)?;
        }
        Step::Remove(path) => root.remove(path)?,
        Step::RemoveAll(path) => root.remove_all(path)?,
        Step::Rename(from, to) => root.rename(from, to)?,
        Step::Copy(from, to) => root.copy(&root.entry(from)?, to)?,
        Step::Read(path, start, length) => {
            file(path)?;
            return root.get(path)?.read(*start..start + length);
        }
        Step::List(path) => {
            file(path)?;
            return listed(&root, path);
        }
        Step::Finish => drop(fs.finish()?),
        Step::Reopen => {
            let tree = fs.finish()?.id;
            *fs = FS::new(layer, Some(tree));
        }
    }
    Ok(Answer::new())
}

fn listed(root: &WD<'_, '_>, path: &BString) -> Result<Answer, FsError> {
    let mut answer = Vec::new();
    for entry in root.list(path)? {
        let entry = entry?;
        answer.extend_from_slice(&entry.name);
        answer.extend_from_slice(format!(" {:?} {}\n", entry.kind, entry.size).as_bytes());
    }
    Ok(answer)
}

/// Everything in a filesystem.
fn state(fs: &FS<'_>) -> Vec<(BString, Thing)> {
    let root = fs.root();
    let things = root.walk("").expect("the root").map(|walked| {
        let path = walked.expect("an entry").path;
        let entry = root.entry(&path).expect("it is there");
        let thing = match entry.node() {
            Node::Directory { .. } => Thing::Directory,
            Node::Symlink { target, .. } => Thing::Symlink(target.to_vec()),
            Node::File { executable, .. } => {
                Thing::File(entry.read(0..u64::MAX).expect("a content"), *executable)
            }
        };
        (path, thing)
    });
    let mut things: Vec<_> = things.collect();
    things.sort_by(|(a, _), (b, _)| a.cmp(b));
    things
}

/// The same on the model; `None` where it is refused.
fn apply_to_model(model: &mut Model, step: &Step) -> Option<Answer> {
    let done = Some(Answer::new());
    match step {
        Step::Write(path, content) | Step::Append(path, content) => {
            let is_append = matches!(step, Step::Append(..));
            let is_free = model.is_free(path);
            match model.things.get_mut(path) {
                Some(Thing::File(old, _)) if is_append => old.extend_from_slice(content),
                Some(Thing::File(old, _)) => old.clone_from(content),
                Some(_) => return None,
                None if is_free => {
                    drop(model.things.insert(path.clone(), Thing::File(content.clone(), false)))
                }
                None => return None,
            }
            done
        }
        Step::Create(path, content) => insert(model, path, Thing::File(content.clone(), false)),
        Step::SetExecutable(path, executable) => match model.things.get_mut(path) {
            Some(Thing::File(_, old)) => {
                *old = *executable;
                done
            }
            _ => None,
        },
        Step::Symlink(path, target) => insert(model, path, Thing::Symlink(target.clone())),
        Step::MakeDirectory(path) => insert(model, path, Thing::Directory),
        Step::MakeDirectories(path) => {
            let mut all: Vec<BString> = pond_objects::path::above(path).map(BString::from).collect();
            all.reverse();
            all.push(path.clone());
            for path in all {
                match model.things.get(&path) {
                    Some(Thing::Directory) => {}
                    Some(_) => return None,
                    None => insert(model, &path, Thing::Directory).map(drop)?,
                }
            }
            done
        }
        Step::Remove(path) | Step::RemoveAll(path) => {
            let is_alone = model.below(path).len() == 1;
            model.things.get(path).filter(|_| is_alone || matches!(step, Step::RemoveAll(_)))?;
            model.remove(path);
            done
        }
        Step::Rename(from, to) | Step::Copy(from, to) => {
            model.things.get(from)?;
            if !model.is_free(to) || is_below(to, from) {
                return None;
            }
            model.copy(from, to);
            if matches!(step, Step::Rename(..)) {
                model.remove(from);
            }
            done
        }
        Step::Read(path, start, length) => match model.things.get(path)? {
            Thing::File(content, _) => {
                let bytes = content.iter().skip(*start as usize).take(*length as usize);
                Some(bytes.copied().collect())
            }
            _ => None,
        },
        Step::List(path) => list_model(model, path),
        Step::Finish | Step::Reopen => done,
    }
}

fn insert(model: &mut Model, path: &BString, thing: Thing) -> Option<Answer> {
    if !model.is_free(path) {
        return None;
    }
    model.things.insert(path.clone(), thing);
    Some(Answer::new())
}

fn list_model(model: &Model, path: &BString) -> Option<Answer> {
    if !model.is_directory(path) {
        return None;
    }
    let mut answer = Vec::new();
    let inside = model.things.iter().filter(|(at, _)| pond_objects::path::parent(at) == path.as_slice());
    for (at, thing) in inside {
        let (kind, size) = match thing {
            Thing::File(content, true) => (Kind::Executable, content.len()),
            Thing::File(content, false) => (Kind::File, content.len()),
            Thing::Symlink(target) => (Kind::Symlink, target.len()),
            Thing::Directory => {
                let below = model.below(at).into_iter().map(|(_, thing)| match thing {
                    Thing::File(content, _) | Thing::Symlink(content) => content.len(),
                    Thing::Directory => 0,
                });
                (Kind::Directory, below.sum())
            }
        };
        answer.extend_from_slice(pond_objects::name::split_path(at).1);
        answer.extend_from_slice(format!(" {kind:?} {size}\n").as_bytes());
    }
    Some(answer)
}
