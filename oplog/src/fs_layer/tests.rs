use std::path::Path;

use pond_objects::Kind;
use pond_objects::tree::find;
use pond_tinyfs::{FS, MemoryLayer, conformance};

use super::*;
use crate::durable_local::DurableLocal;
use crate::init::{FirstOperation, publish};
use crate::transaction::{Doing, Transaction};
use crate::view::Head;

fn doing(kind: &str) -> Doing {
    Doing {
        kind: kind.into(),
        user: "ada".into(),
        host: "bench".into(),
        command: "test".into(),
        time: 0,
        parameters: Default::default(),
    }
}

fn new_pond(dir: &Path) -> Pond {
    let head = Head { branch: None, commit: None };
    let unborn = Pond::prepare(dir, None).expect("a place");
    publish(unborn, &FirstOperation { doing: doing("INIT"), head }).expect("a pond")
}

fn layer<'p>(pond: &'p Pond, snapshot: &ReadonlyPond) -> OplogLayer<'p> {
    OplogLayer::new(pond, snapshot, &[], 2)
}

#[test]
fn the_oplog_layer_conforms() {
    let dir = tempfile::tempdir().expect("a directory");
    let pond = new_pond(dir.path());
    let snapshot = ReadonlyPond::open(&pond, &[]).expect("a state");
    let layer = layer(&pond, &snapshot);
    conformance::check(&layer);
    // Again, over all that it stored.
    let packs = layer.finish().expect("packs");
    let staged = ReadonlyPond::open(&pond, &packs).expect("a state");
    conformance::check(&OplogLayer::new(&pond, &staged, &packs, 1));
}

#[test]
fn both_layers_are_what_the_model_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let pond = new_pond(dir.path());
    let snapshot = ReadonlyPond::open(&pond, &[]).expect("a state");
    for seed in 100..104 {
        let oplog = layer(&pond, &snapshot);
        let outcome = conformance::run_machine(seed, 1_000, &[&oplog, &MemoryLayer::new()]);
        assert!(outcome.changes > 200 && outcome.refusals > 80, "{outcome:?}");
        let packs = oplog.finish().expect("packs");
        let staged = ReadonlyPond::open(&pond, &packs).expect("a state");
        let found = find(staged.store(), &outcome.tree, b"").expect("it is stored");
        assert_eq!(found.map(|root| root.kind), Some(Kind::Directory));
    }
}

#[test]
fn what_waits_is_packed_and_published() {
    let dir = tempfile::tempdir().expect("a directory");
    let pond = new_pond(dir.path());
    let snapshot = ReadonlyPond::open(&pond, &[]).expect("a state");
    let layer = layer(&pond, &snapshot);
    let fs = FS::new(&layer, None);
    let content = |number: u32| -> Vec<u8> { number.to_le_bytes().repeat(200_000) };
    for number in 0..60 {
        let content = content(number);
        fs.root().write(number.to_string(), content.len() as u64, &mut &content[..]).expect("written");
    }
    assert!(!layer.inner.borrow().packs.is_empty(), "48 MB do not wait in memory");
    let first = fs.root().get("0").expect("a file").read(0..9).expect("read from a pack");
    assert_eq!(first, content(0)[..9]);
    let tree = fs.finish().expect("a tree");
    drop(fs);
    let packs = layer.finish().expect("packs");
    let mut transaction = Transaction::new(&pond, &snapshot, doing("FS"));
    transaction.adopt(&packs);
    let table = DurableLocal::new(&pond.table_dir()).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(transaction.publish(&table)).expect("published");
    // Nothing is staged: the table has it.
    let published = ReadonlyPond::open(&pond, &[]).expect("a state");
    let layer = OplogLayer::new(&pond, &published, &[], 1);
    let fs = FS::new(&layer, Some(tree.id));
    for number in 0..60 {
        let file = fs.root().get(number.to_string()).expect("a file");
        assert_eq!(file.read(799_990..800_000).expect("its end"), content(number)[799_990..]);
    }
}

#[test]
fn what_is_not_touched_is_not_written_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let pond = new_pond(dir.path());
    let snapshot = ReadonlyPond::open(&pond, &[]).expect("a state");
    let layer = layer(&pond, &snapshot);
    let fs = FS::new(&layer, None);
    for directory in 0..40 {
        fs.root().make_directory(format!("d{directory}")).expect("a directory");
        for file in 0..40 {
            fs.root().write(format!("d{directory}/{file}"), 1, &mut &b"x"[..]).expect("a file");
        }
    }
    fs.finish().expect("a tree");
    let before = layer.inner.borrow().pages.len();
    fs.root().rename("d7/3", "d8/new").expect("renamed");
    fs.root().copy(&fs.root().get("d9").expect("a directory"), "copy").expect("copied");
    fs.finish().expect("a tree");
    assert_eq!(layer.inner.borrow().pages.len() - before, 3, "two directories and the root");
}
