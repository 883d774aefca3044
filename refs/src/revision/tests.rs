//! What each form of the grammar parses to, what is refused, and that printing is the inverse of parsing.

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Revision {
    Revision::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn name(text: &str) -> Base {
    Base::Name(text.to_owned())
}

fn log(reference: Option<&str>, at: At) -> Base {
    Base::Reflog { reference: reference.map(str::to_owned), at }
}

#[test]
fn bases() {
    let whole = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    for (text, base) in [
        ("HEAD", Base::Head),
        ("@", Base::Head),
        ("-", Base::Previous(1)),
        ("@{-3}", Base::Previous(3)),
        ("deadbeef", name("deadbeef")),
        ("refs/heads/x", name("refs/heads/x")),
        ("a@b", name("a@b")),
        (whole, Base::Id(ObjectId::of_content(b""))),
        (&whole.to_uppercase(), Base::Id(ObjectId::of_content(b""))),
        ("@{0}", log(None, At::Entry(0))),
        ("main@{12}", log(Some("main"), At::Entry(12))),
        ("HEAD@{1}", log(Some("HEAD"), At::Entry(1))),
        ("@@{1}", log(Some("HEAD"), At::Entry(1))),
        ("@{2 days ago}", log(None, At::Date("2 days ago".into()))),
        ("@{ 2026-05-01 12:30 }", log(None, At::Date("2026-05-01 12:30".into()))),
        ("@{op 12}", log(None, At::Operation(12))),
        ("main@{delta  5}", log(Some("main"), At::Delta(5))),
        ("@{optimist}", log(None, At::Date("optimist".into()))),
    ] {
        assert_eq!(parsed(text), Revision::from(base), "{text}");
    }
}

#[test]
fn steps() {
    let peel = |text: &str| Step::Peel(Peel::Message(text.to_owned()));
    for (text, base, steps) in [
        ("@^", Base::Head, vec![Step::Parent(1)]),
        ("-~2", Base::Previous(1), vec![Step::Ancestor(2)]),
        ("x^^2~0^0", name("x"), vec![Step::Parent(1), Step::Parent(2), Step::Ancestor(0), Step::Parent(0)]),
        ("x~~", name("x"), vec![Step::Ancestor(1), Step::Ancestor(1)]),
        ("x^^{tree}", name("x"), vec![Step::Parent(1), Step::Peel(Peel::Tree)]),
        ("x^{commit}^{}", name("x"), vec![Step::Peel(Peel::Commit), Step::Peel(Peel::Any)]),
        ("x^{/fix: a..b}~", name("x"), vec![peel("fix: a..b"), Step::Ancestor(1)]),
        ("@{1}^", log(None, At::Entry(1)), vec![Step::Parent(1)]),
    ] {
        assert_eq!(parsed(text), Revision { base, steps }, "{text}");
    }
}

#[test]
fn refusals_quote_the_piece() {
    use RevisionProblem as P;
    for (text, piece, problem) in [
        ("", "", P::Empty),
        ("^2", "^2", P::Empty),
        ("a b", "a b", P::Name(NameRule::Character(' '))),
        ("a..b", "a..b", P::Name(NameRule::DoubleDot)),
        ("-x~", "-x", P::Name(NameRule::LeadingDash)),
        ("x^{blob}~", "^{blob}", P::Peel),
        ("x^{/}", "^{/}", P::Peel),
        ("x^{tree", "^{tree", P::Unclosed),
        ("@{1", "@{1", P::Unclosed),
        ("x@{}", "@{}", P::EmptyAt),
        ("x@{-1}", "@{-1}", P::Previous),
        ("@{-0}", "@{-0}", P::Previous),
        ("@{-x}", "@{-x}", P::Previous),
        ("x~2@{1}", "@{1}", P::MisplacedAt),
        ("-@{1}", "@{1}", P::MisplacedAt),
        ("@{1}@{2}", "@{2}", P::MisplacedAt),
        ("@{op}", "op", P::Number),
        ("@{op +1}", "op +1", P::Number),
        ("@{delta x}", "delta x", P::Number),
        ("x~99999999999", "~99999999999", P::Number),
        ("x^2y", "y", P::Trailing),
        ("x^-", "-", P::Trailing),
        ("x:a", "x:a", P::PathNotWanted),
        ("x^:a", "x^:a", P::PathNotWanted),
    ] {
        assert_eq!(
            Revision::parse(text),
            Err(RevisionError { text: text.into(), piece: piece.into(), problem }),
            "{text}"
        );
    }
    assert_eq!(Revision::parse(b"\xff").map_err(|error| error.problem), Err(P::NotUtf8));
    let error = Revision::parse("main^{blob}").expect_err("an unknown kind");
    assert!(error.to_string().starts_with("'^{blob}' in 'main^{blob}': "), "{error}");
}

#[test]
fn ranges() {
    let between = |from, to| Range::Between { from, to };
    let symmetric = |left, right| Range::Symmetric { left, right };
    for (text, range) in [
        ("a", Range::Reachable(parsed("a"))),
        ("^a~2", Range::Exclude(parsed("a~2"))),
        ("a..b", between(parsed("a"), parsed("b"))),
        ("a..", between(parsed("a"), parsed("HEAD"))),
        ("..b", between(parsed("HEAD"), parsed("b"))),
        ("a...b", symmetric(parsed("a"), parsed("b"))),
        ("...b", symmetric(parsed("HEAD"), parsed("b"))),
        ("-..@", between(parsed("-"), parsed("@"))),
        ("@{1..2 days ago}..x^{/a..b}", between(parsed("@{1..2 days ago}"), parsed("x^{/a..b}"))),
        ("a^{/x:y}..b", between(parsed("a^{/x:y}"), parsed("b"))),
    ] {
        assert_eq!(Range::parse(text), Ok(range), "{text}");
    }
    let problem = |text: &str| Range::parse(text).map_err(|error| error.problem);
    assert_eq!(problem(".."), Err(RevisionProblem::BareRange));
    assert_eq!(problem("a....b"), Err(RevisionProblem::Name(NameRule::LeadingDot)));
    assert_eq!(problem("^"), Err(RevisionProblem::Empty));
    assert_eq!(problem("^a..b"), Err(RevisionProblem::Empty));
    assert_eq!(problem("a:../b"), Err(RevisionProblem::PathNotWanted));
    assert_eq!(problem("a..b..c"), Err(RevisionProblem::Name(NameRule::DoubleDot)));
}

#[test]
fn paths() {
    let at = |text: &str| PathRoot::Revision(parsed(text));
    for (text, root, path) in [
        (":a/b", PathRoot::Index, "a/b"),
        (":", PathRoot::Index, ""),
        (":0:a/b", PathRoot::Stage(0), "a/b"),
        (":3:1:b", PathRoot::Stage(3), "1:b"),
        (":./3:b", PathRoot::Index, "./3:b"),
        (":4:b", PathRoot::Index, "4:b"),
        ("x:1:b", at("x"), "1:b"),
        ("HEAD:", at("HEAD"), ""),
        ("HEAD~2:a:b", at("HEAD~2"), "a:b"),
        ("@{2026-05-01 12:30}:x", at("@{2026-05-01 12:30}"), "x"),
        ("x^{/a:b}:c", at("x^{/a:b}"), "c"),
        ("x:{a}:b", at("x"), "{a}:b"),
    ] {
        assert_eq!(RevisionPath::parse(text), Ok(RevisionPath { root, path: path.into() }), "{text}");
    }
    assert_eq!(RevisionPath::parse(b"x:\xff").map(|path| path.path), Ok(vec![0xff]));
    assert_eq!(RevisionPath::parse_optional("@{12:30}"), Ok(None));
    let problem = |text: &str| RevisionPath::parse(text).map_err(|error| error.problem);
    assert_eq!(problem("x"), Err(RevisionProblem::PathWanted));
    assert_eq!(problem(":/x"), Err(RevisionProblem::AbsolutePath));
    assert_eq!(problem("x:a\0"), Err(RevisionProblem::Path));
    assert_eq!(problem("a b:c"), Err(RevisionProblem::Name(NameRule::Character(' '))));
}

#[test]
fn paths_from_the_root() {
    let from_root = |text: &str, directory: &str| {
        RevisionPath::parse(text)
            .expect("a path")
            .from_root(directory.as_bytes())
            .map(|path| String::from_utf8(path).expect("text"))
            .map_err(|error| error.problem)
    };
    assert_eq!(from_root("x:", "a"), Ok(String::new()));
    assert_eq!(from_root("x:b/c/", "a"), Ok("b/c".into()));
    assert_eq!(from_root("x:./b", "a"), Ok("a/b".into()));
    assert_eq!(from_root("x:.", "a/b"), Ok("a/b".into()));
    assert_eq!(from_root(":../b", "a"), Ok("b".into()));
    assert_eq!(from_root("x:a/../b", ""), Ok("b".into()));
    assert_eq!(from_root("x:../b", ""), Err(RevisionProblem::OutsideRoot));
    assert_eq!(from_root("x:a//b", ""), Err(RevisionProblem::Path));
}

fn a_name() -> impl Strategy<Value = String> {
    // No braces: in a name they hide the operators behind them, in git as here.
    "[a-zé][a-z0-9@._/!-]{0,12}"
        .prop_filter("a ref's name", |text| crate::ref_name::check_format(text).is_ok())
}

fn a_base() -> impl Strategy<Value = Base> {
    let date = "[a-z0-9@+:. -]{1,20}".prop_map(|text| text.trim().to_owned()).prop_filter("a date", |text| {
        !text.is_empty()
            && !text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('-')
            && !text.starts_with("op")
            && !text.starts_with("delta")
    });
    let at = prop_oneof![
        any::<u64>().prop_map(At::Entry),
        date.prop_map(At::Date),
        any::<u64>().prop_map(At::Operation),
        any::<u64>().prop_map(At::Delta),
    ];
    let reference = prop::option::of(prop_oneof![a_name(), Just("HEAD".to_owned())]);
    prop_oneof![
        Just(Base::Head),
        a_name().prop_map(Base::Name),
        any::<[u8; 32]>().prop_map(|bytes| Base::Id(ObjectId::from_bytes(bytes))),
        (reference, at).prop_map(|(reference, at)| Base::Reflog { reference, at }),
        (1..u32::MAX).prop_map(Base::Previous),
    ]
}

fn a_revision() -> impl Strategy<Value = Revision> {
    let step = prop_oneof![
        any::<u32>().prop_map(Step::Parent),
        any::<u32>().prop_map(Step::Ancestor),
        Just(Step::Parent(1)),
        Just(Step::Ancestor(1)),
        Just(Step::Peel(Peel::Commit)),
        Just(Step::Peel(Peel::Tree)),
        Just(Step::Peel(Peel::Any)),
        "[^{}]{1,12}".prop_map(|text| Step::Peel(Peel::Message(text))),
    ];
    (a_base(), prop::collection::vec(step, 0..4)).prop_map(|(base, steps)| Revision { base, steps })
}

fn a_range() -> impl Strategy<Value = Range> {
    prop_oneof![
        a_revision().prop_map(Range::Reachable),
        a_revision().prop_map(Range::Exclude),
        (a_revision(), a_revision()).prop_map(|(from, to)| Range::Between { from, to }),
        (a_revision(), a_revision()).prop_map(|(left, right)| Range::Symmetric { left, right }),
    ]
}

proptest! {
    #[test]
    fn revisions_print_as_they_parse(revision in a_revision()) {
        prop_assert_eq!(Revision::parse(revision.to_string()), Ok(revision));
    }

    #[test]
    fn ranges_print_as_they_parse(range in a_range()) {
        prop_assert_eq!(Range::parse(range.to_string()), Ok(range));
    }

    #[test]
    fn paths_print_as_they_parse(
        revision in prop::option::of(a_revision()),
        stage in prop::option::of(0..=3_u8),
        path in prop::collection::vec(1..=255_u8, 0..12),
    ) {
        prop_assume!(path.first() != Some(&b'/'));
        let is_like_a_stage = matches!(path[..], [b'0'..=b'3', b':', ..]);
        let root = match (stage, revision) {
            (Some(stage), _) => PathRoot::Stage(stage),
            (None, Some(revision)) => PathRoot::Revision(revision),
            (None, None) => PathRoot::Index,
        };
        prop_assume!(root != PathRoot::Index || !is_like_a_stage);
        let path = RevisionPath { root, path };
        prop_assert_eq!(RevisionPath::parse(path.to_bytes()), Ok(path));
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "[a-z0-9@{}^~:./ é-]{0,16}") {
        if let Ok(revision) = Revision::parse(&text) {
            prop_assert_eq!(Revision::parse(revision.to_string()), Ok(revision));
        }
        if let Ok(range) = Range::parse(&text) {
            prop_assert_eq!(Range::parse(range.to_string()), Ok(range));
        }
        if let Ok(path) = RevisionPath::parse(&text) {
            prop_assert_eq!(RevisionPath::parse(path.to_bytes()), Ok(path));
        }
    }
}
