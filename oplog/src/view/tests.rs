use super::*;
use pond_objects::memory::MemoryObjects;
use pond_objects::paginate::paginate;

fn name(text: &str) -> RefName {
    RefName::new(text).expect("a name")
}

fn id(text: &str) -> ObjectId {
    ObjectId::of_content(text.as_bytes())
}

/// Stores the view's new pages and gives its root.
fn store(objects: &mut MemoryObjects, (root, pages): (Root, Vec<(ObjectId, Page)>)) -> ObjectId {
    pages.iter().for_each(|(id, page)| objects.add_page(*id, page));
    root.id
}

#[test]
fn a_view_is_read_back_as_it_was_stored() {
    let mut objects = MemoryObjects::new();
    let main = name("heads/main");
    let head = Head { branch: Some(main.clone()), commit: None };
    let mut view = View::empty(&objects);
    view.set_head(MAIN_MIRROR, &head).expect("read");
    assert_eq!(view.head(MAIN_MIRROR).expect("read"), head);
    let head = Head { commit: Some(id("commit")), ..head };
    view.set_head(MAIN_MIRROR, &head).expect("read");
    view.set_target(&main, Some(id("commit")));
    view.set_saved(7, id("tree"));
    view.set_stash(9, Some(id("nine")));
    view.set_stash(10, Some(id("ten")));
    let stored = view.store().expect("read");
    let root = store(&mut objects, stored);
    let mut view = View::at(&objects, root);
    assert_eq!(view.head(MAIN_MIRROR).expect("read"), head);
    assert_eq!(view.refs().expect("read"), [(main.clone(), id("commit"))]);
    assert_eq!(view.stashes().expect("read"), [(10, id("ten")), (9, id("nine"))]);
    view.set_head(MAIN_MIRROR, &Head { branch: None, commit: Some(id("commit")) }).expect("read");
    assert_eq!(view.head(MAIN_MIRROR).expect("read").branch, None);
    view.set_target(&main, None);
    assert_eq!((view.target(&main).expect("read"), view.refs().expect("read")), (None, Vec::new()));
}

#[test]
fn many_refs_are_changed_by_few_pages() {
    let mut objects = MemoryObjects::new();
    let all: Vec<String> = (0..5000).map(|number| format!("tags/season/{number:05}")).collect();
    let items = |changed: &str| {
        all.iter()
            .map(move |name| Item {
                name: name.as_str().into(),
                kind: Some(Kind::Ref),
                id: id(if name == changed { "changed" } else { name }),
                size: 0,
                count: 1,
            })
            .collect::<Vec<_>>()
    };
    let old = store(&mut objects, paginate(Body::View, items("")));
    let mut view = View::at(&objects, old);
    view.set_target(&name(&all[2500]), Some(id("changed")));
    assert_eq!(view.target(&name(&all[2500])).expect("read"), Some(id("changed")));
    let (root, pages) = view.store().expect("read");
    assert_eq!(root.id, paginate(Body::View, items(&all[2500])).0.id);
    assert!(pages.len() < 6, "{} pages", pages.len());
    assert_eq!(view.refs().expect("read").len(), 5000);
    let new = store(&mut objects, (root, pages));
    let (before, after) = (View::at(&objects, old), View::at(&objects, new));
    let moves = after.moves_since(&before).expect("read");
    assert_eq!(moves.refs, [(name(&all[2500]), Some(id(&all[2500])), Some(id("changed")))]);
    let all_new = before.moves_since(&View::empty(&objects)).expect("read");
    assert_eq!((all_new.refs.len(), all_new.stashes.len()), (5000, 0));
    assert_eq!(before.refs_of(Namespace::Branch).expect("read"), []);
}

#[test]
fn mirrors_follow_a_renamed_branch() {
    let [main, other, new] = ["heads/main", "heads/other", "heads/new"].map(name);
    let at = |branch: &RefName| Head { branch: Some(branch.clone()), commit: None };
    let objects = MemoryObjects::new();
    let mut view = View::empty(&objects);
    for (mirror, branch) in [("a", &main), ("b", &other), ("main", &main)] {
        view.set_head(mirror, &at(branch)).expect("read");
    }
    view.rename_in_heads(&main, &new).expect("read");
    let found = view.mirrors().expect("read");
    let expected = [("a", at(&new)), ("b", at(&other)), ("main", at(&new))];
    assert_eq!(found, expected.map(|(id, head)| (id.to_owned(), head)));
}

#[test]
fn a_name_and_a_directory_of_names_collide() {
    let objects = MemoryObjects::new();
    let mut view = View::empty(&objects);
    view.set_target(&name("heads/a/b"), Some(ObjectId::ZERO));
    view.set_target(&name("heads/c"), Some(ObjectId::ZERO));
    for (text, other) in [
        ("heads/a", Some("heads/a/b")),
        ("heads/a/b/c", Some("heads/a/b")),
        ("heads/c/d/e", Some("heads/c")),
        ("heads/a/c", None),
        ("heads/a-b", None),
        ("heads/cc", None),
        ("tags/a", None),
    ] {
        assert_eq!(view.collision(&name(text)).expect("read"), other.map(name), "{text}");
    }
}
