//! The rules of resolution, over a pond in memory.

use std::collections::BTreeMap;
use std::convert::Infallible;

use jiff::Timestamp;

use super::*;

/// A commit: parents, commit time in seconds, message. Its tree has the same number with another last byte.
struct Commit {
    parents: Vec<ObjectId>,
    seconds: i64,
    message: &'static str,
}

/// What the trait asks, held in maps; the log of HEAD is also that of the current branch.
#[derive(Default)]
struct Memory {
    refs: BTreeMap<String, ObjectId>,
    head: Option<ObjectId>,
    commits: BTreeMap<ObjectId, Commit>,
    blobs: Vec<ObjectId>,
    /// Annotated tags: what each names.
    tags: BTreeMap<ObjectId, ObjectId>,
    /// Per operation, from 0: HEAD's value.
    operations: Vec<ObjectId>,
    previous: Vec<Previous>,
    stashes: Vec<ObjectId>,
}

fn tree_id(commit: &ObjectId) -> ObjectId {
    let mut bytes = *commit.as_bytes();
    bytes[31] = 0xff;
    ObjectId::from_bytes(bytes)
}

type Answer<T> = std::result::Result<T, Infallible>;

impl Memory {
    fn value(&self, of: &Tracked) -> Option<ObjectId> {
        match of {
            Tracked::Current | Tracked::Head => self.head,
            Tracked::Ref(name) => self.refs.get(name.as_str()).copied(),
        }
    }

    fn history(&self, from: Option<ObjectId>) -> Vec<ObjectId> {
        let mut found: Vec<ObjectId> = Vec::new();
        let mut open: Vec<ObjectId> = from.into_iter().collect();
        while let Some(id) = open.pop() {
            if !found.contains(&id) {
                found.push(id);
                open.extend(&self.commits[&id].parents);
            }
        }
        found.sort_by_key(|id| std::cmp::Reverse(self.commits[id].seconds));
        found
    }
}

impl Lookup for Memory {
    type Error = Infallible;

    fn reference(&self, name: &RefName) -> Answer<Option<ObjectId>> {
        Ok(self.refs.get(name.as_str()).copied())
    }

    fn kind(&self, id: &ObjectId) -> Answer<ObjectKind> {
        Ok(match () {
            () if self.commits.contains_key(id) => ObjectKind::Commit,
            () if self.tags.contains_key(id) => ObjectKind::Tag,
            () if self.blobs.contains(id) => ObjectKind::Blob,
            () => ObjectKind::Tree,
        })
    }

    fn tagged(&self, tag: &ObjectId) -> Answer<Candidate> {
        let id = self.tags[tag];
        Ok(Candidate { id, kind: self.kind(&id)? })
    }

    fn head(&self) -> Answer<Option<ObjectId>> {
        Ok(self.head)
    }

    fn objects(&self, prefix: &IdPrefix) -> Answer<Vec<Candidate>> {
        let commits = self.commits.keys().map(|id| Candidate { id: *id, kind: ObjectKind::Commit });
        let trees = self.commits.keys().map(|id| Candidate { id: tree_id(id), kind: ObjectKind::Tree });
        let blobs = self.blobs.iter().map(|id| Candidate { id: *id, kind: ObjectKind::Blob });
        let tags = self.tags.keys().map(|id| Candidate { id: *id, kind: ObjectKind::Tag });
        let mut found: Vec<Candidate> = commits
            .chain(trees)
            .chain(blobs)
            .chain(tags)
            .filter(|object| prefix.matches(&object.id))
            .collect();
        found.sort();
        Ok(found)
    }

    fn parents(&self, commit: &ObjectId) -> Answer<Vec<ObjectId>> {
        Ok(self.commits[commit].parents.clone())
    }

    fn tree(&self, commit: &ObjectId) -> Answer<ObjectId> {
        Ok(tree_id(commit))
    }

    fn entry(&self, of: &Tracked, n: u64) -> Answer<Option<ObjectId>> {
        let n = usize::try_from(n).expect("a small number");
        Ok(match of {
            Tracked::Ref(_) => self.value(of).filter(|_| n == 0),
            _ => self.operations.iter().rev().nth(n).copied(),
        })
    }

    fn at_date(&self, of: &Tracked, moment: Timestamp) -> Answer<Option<ObjectId>> {
        let mut history = self.history(self.value(of)).into_iter();
        Ok(history.find(|id| self.commits[id].seconds <= moment.as_second()))
    }

    fn at_operation(&self, of: &Tracked, number: u64) -> Answer<Option<ObjectId>> {
        let asked =
            matches!(of, Tracked::Head) || *of == Tracked::Ref(RefName::branch("gone").expect("a name"));
        let number = usize::try_from(number).expect("a small number");
        Ok(self.operations.get(number).copied().filter(|_| asked))
    }

    fn at_delta(&self, of: Option<&Tracked>, version: u64) -> Answer<Option<ObjectId>> {
        let number = usize::try_from(version).expect("a small number");
        Ok(self.operations.get(number).copied().filter(|_| of.is_none()))
    }

    fn previous(&self, n: u32) -> Answer<Option<Previous>> {
        Ok(self.previous.get(n as usize - 1).cloned())
    }

    fn stash(&self, n: u64) -> Answer<Option<ObjectId>> {
        Ok(self.stashes.get(n as usize).copied())
    }

    fn search(&self, from: &ObjectId, text: &str) -> Answer<Option<ObjectId>> {
        let mut history = self.history(Some(*from)).into_iter();
        Ok(history.find(|id| self.commits[id].message.contains(text)))
    }
}

fn id(number: u8) -> ObjectId {
    let mut bytes = [0; 32];
    bytes[0] = number;
    bytes[1] = number;
    ObjectId::from_bytes(bytes)
}

/// Commits 1 <- 2 <- 4 (main, HEAD) with 3 <- 4 a second parent of 4, and 5 (0xd5d5...) on `d5d5`; one commit
/// a day from 2026-05-01T12:00Z on.
fn memory() -> Memory {
    let mut memory = Memory::default();
    let day = |n: i64| 1_777_636_800 + (n - 1) * 86_400;
    for (number, parents, message) in [
        (1, vec![], "begin"),
        (2, vec![id(1)], "fix the gauge"),
        (3, vec![id(1)], "side"),
        (4, vec![id(2), id(3)], "merge"),
        (0xd5, vec![id(4)], "last"),
    ] {
        let seconds = day(i64::from(number).min(5));
        memory.commits.insert(id(number), Commit { parents, seconds, message });
    }
    for (name, number) in [
        ("heads/main", 4),
        ("heads/v1", 2),
        ("tags/v1", 1),
        ("heads/0404", 0xd5),
        ("heads/tags/x", 3),
        ("remotes/board/main", 2),
        ("remotes/board/HEAD", 2),
    ] {
        memory.refs.insert(name.to_owned(), id(number));
    }
    memory.head = Some(id(4));
    memory.operations = vec![id(1), id(2), id(4)];
    memory.previous = vec![
        Previous::Branch(RefName::branch("v1").expect("a name")),
        Previous::Commit(id(3)),
        Previous::Branch(RefName::branch("gone").expect("a name")),
    ];
    memory.blobs = vec![id(0xb1), tree_id(&id(0xb1))];
    memory.stashes = vec![id(4), id(2)];
    // A tag of a tag of a commit, and a tag of a tree.
    memory.tags = [(id(0xa1), id(4)), (id(0xa2), id(0xa1)), (id(0xa3), tree_id(&id(2)))].into();
    memory.refs.insert("tags/season".to_owned(), id(0xa2));
    memory.refs.insert("tags/layout".to_owned(), id(0xa3));
    memory
}

fn now() -> Zoned {
    "2026-05-20T12:00:00+00:00[UTC]".parse().expect("a moment")
}

fn object(text: &str) -> std::result::Result<Found, ResolveError<Infallible>> {
    Resolver::new(&memory(), &now()).object(&text.parse().expect("a revision"))
}

fn message(text: &str) -> String {
    object(text).expect_err("no such revision").to_string()
}

#[test]
fn commits() {
    for (text, number) in [
        ("HEAD", 4),
        ("@", 4),
        ("main", 4),
        ("heads/main", 4),
        ("refs/heads/v1", 2),
        ("v1", 1),
        ("tags/x", 3),
        ("board/main", 2),
        ("board", 2),
        ("0404", 0xd5),
        ("d5d5~0", 0xd5),
        ("main^", 2),
        ("main^0", 4),
        ("main^2", 3),
        ("main^2~", 1),
        ("@~2", 1),
        ("@~0", 4),
        ("@^{commit}^{}", 4),
        ("@^{/fix}", 2),
        ("@^{/e}^{/begin}", 1),
        ("@{0}", 4),
        ("@{1}", 2),
        ("HEAD@{2}~0", 1),
        ("main@{0}", 4),
        ("@{2026-05-02}", 2),
        ("@{2026-05-02 11:00}", 1),
        ("v1@{now}", 1),
        ("heads/v1@{yesterday}", 2),
        ("@{op 1}", 2),
        ("gone@{op 1}", 2),
        ("@{delta 2}^", 2),
        ("-", 2),
        ("-~1", 1),
        ("@{-2}", 3),
    ] {
        let found = object(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((found.id, found.kind), (id(number), ObjectKind::Commit), "{text}");
    }
    assert_eq!(object(&id(4).to_hex()).expect("a whole id").id, id(4));
}

#[test]
fn stashes_are_named_where_no_ref_is() {
    for (text, number) in [("stash", 4), ("stash@{0}", 4), ("refs/stash@{1}^", 1), ("stash@{1}", 2)] {
        assert_eq!(object(text).expect(text).id, id(number), "{text}");
    }
    assert_eq!(message("stash@{2}"), "there was no commit at 'stash@{2}'");
    let mut memory = memory();
    memory.refs.insert("heads/stash".to_owned(), id(1));
    let now = now();
    let resolver = Resolver::new(&memory, &now);
    let found = resolver.object(&"stash".parse().expect("a revision")).expect("the branch");
    assert_eq!(
        (found.id, found.reference.map(|name| name.to_string())),
        (id(1), Some("heads/stash".to_owned()))
    );
    memory.refs.remove("heads/stash");
    memory.stashes.clear();
    let resolver = Resolver::new(&memory, &now);
    assert!(resolver.object(&"stash".parse().expect("a revision")).is_err());
}

#[test]
fn refs_are_named_with_what_they_hide() {
    let found = object("v1").expect("a tag");
    assert_eq!(found.reference.as_ref().map(RefName::as_str), Some("tags/v1"));
    assert_eq!(found.shadowed.iter().map(RefName::as_str).collect::<Vec<_>>(), ["heads/v1"]);
    assert_eq!(object("-").expect("a branch").reference.as_ref().map(RefName::short), Some("v1"));
    assert_eq!(object("v1^{}").expect("a commit").reference, None);
    assert_eq!(object("HEAD").expect("a commit").reference, None);
}

#[test]
fn trees_and_blobs() {
    let memory = memory();
    let now = now();
    let resolver = Resolver::new(&memory, &now);
    let revision = |text: &str| text.parse::<Revision>().expect("a revision");
    let tree = tree_id(&id(4));
    assert_eq!(
        object("HEAD^{tree}").map(|found| (found.id, found.kind)).ok(),
        Some((tree, ObjectKind::Tree))
    );
    assert_eq!(resolver.tree(&revision("HEAD")).ok(), Some(tree));
    assert_eq!(resolver.tree(&Revision::from(tree)).ok(), Some(tree));
    assert_eq!(object(&tree.to_hex()).map(|found| found.kind).ok(), Some(ObjectKind::Tree));
    assert!(matches!(resolver.commit(&revision("@^{tree}")), Err(ResolveError::Kind { .. })));
    assert!(matches!(
        resolver.tree(&Revision::from(id(0xb1))),
        Err(ResolveError::Kind { kind: ObjectKind::Blob, wanted: ObjectKind::Tree, .. })
    ));
    assert!(matches!(object("@^{tree}^"), Err(ResolveError::Kind { wanted: ObjectKind::Commit, .. })));
}

#[test]
fn annotated_tags_stand_for_what_they_name() {
    let memory = memory();
    let now = now();
    let resolver = Resolver::new(&memory, &now);
    let revision = |text: &str| text.parse::<Revision>().expect("a revision");
    let found = resolver.object(&revision("season")).expect("a tag");
    assert_eq!((found.id, found.kind), (id(0xa2), ObjectKind::Tag));
    for text in ["season", "season^{}", "season^0", "season^{commit}", "season@{0}", "a2a2"] {
        assert_eq!(resolver.commit(&revision(text)).map(|found| found.id).ok(), Some(id(4)), "{text}");
    }
    assert_eq!(
        object("season^{}").map(|found| (found.id, found.kind)).ok(),
        Some((id(4), ObjectKind::Commit))
    );
    assert_eq!(object("season~1").map(|found| found.id).ok(), Some(id(2)));
    assert_eq!(resolver.tree(&revision("layout")).ok(), Some(tree_id(&id(2))));
    assert_eq!(message("layout^"), "'layout' (0202000000) is a tree, where a commit is needed");
    let commit = resolver.commit(&revision("season")).expect("a commit");
    assert_eq!(commit.reference.as_ref().map(RefName::as_str), Some("tags/season"));
}

#[test]
fn a_prefix_means_the_kind_that_is_wanted() {
    let memory = memory();
    let now = now();
    let resolver = Resolver::new(&memory, &now);
    let prefix: Revision = "0202".parse().expect("a revision");
    assert_eq!(resolver.commit(&prefix).map(|found| found.id).ok(), Some(id(2)));
    assert_eq!(object("0202^").map(|found| found.id).ok(), Some(id(1)));
    // What 'describe' prints, whatever the tag is called, and whether it is there.
    assert_eq!(object("v1-14-g0202").map(|found| found.id).ok(), Some(id(2)));
    assert_eq!(object("a/b-c-0-g0202").map(|found| found.id).ok(), Some(id(2)));
    for text in ["v1-g0202", "v1-x-g0202", "v1-14-g02", "v1-14-0202"] {
        assert!(object(text).is_err(), "{text}");
    }
    match resolver.object(&prefix) {
        Err(ResolveError::Ambiguous { candidates, .. }) => assert_eq!(candidates.len(), 2),
        other => panic!("{other:?}"),
    }
    // A tree and its commit: both have a tree.
    assert!(matches!(resolver.tree(&prefix), Err(ResolveError::Ambiguous { .. })));
    assert!(matches!(
        resolver.commit(&"b1b1".parse().expect("a revision")),
        Err(ResolveError::Ambiguous { .. })
    ));
}

#[test]
fn what_there_is_not() {
    for (text, expected) in [
        ("nowhere", "'nowhere' is no branch, tag or remote branch, and no object's id begins with it"),
        ("abcd", "'abcd' is no branch, tag or remote branch, and no object's id begins with it"),
        ("0202", "'0202' is the beginning of 2 ids"),
        ("@~5", "'HEAD~2' (0101000000) has no parent 1: it has 0"),
        ("main^3", "'main' (0404000000) has no parent 3: it has 2"),
        ("main^2^2", "'main^2' (0303000000) has no parent 2: it has 1"),
        ("@^{tree}~", "'HEAD^{tree}' (0404000000) is a tree, where a commit is needed"),
        ("@{7}", "there was no commit at '@{7}'"),
        ("main@{op 9}", "there was no commit at 'main@{op 9}'"),
        ("@{2026-04-30}", "there was no commit at '@{2026-04-30}'"),
        ("@{upstream}", "'upstream' is not a date: 'upstream' is not understood here"),
        ("@{-3}", "'gone', on which HEAD was 3 switches ago, does not exist any more"),
        ("@{-4}", "HEAD has not been switched 4 times yet"),
        ("@^{/none}", "no commit reachable from 'HEAD' has 'none' in its message"),
    ] {
        assert_eq!(message(text), expected);
    }
    let empty = Memory::default();
    let unborn = Resolver::new(&empty, &now()).object(&Revision::head()).map(|found| found.id);
    assert!(matches!(unborn, Err(ResolveError::Unborn)));
}
