use super::*;

fn specs(args: &[&str], cwd: &str) -> Pathspecs {
    let args: Vec<_> = args.iter().map(OsString::from).collect();
    Pathspecs::parse(&args, &Mirror::plain(Path::new("/pond")), cwd.as_bytes()).expect("pathspecs")
}

fn error(arg: &str, cwd: &str) -> PathspecError {
    Pathspecs::parse(&[arg.into()], &Mirror::plain(Path::new("/pond")), cwd.as_bytes()).expect_err("an error")
}

#[test]
fn they_match_as_in_git() {
    // Pathspecs, current directory, path, whether git would take the file.
    let table: &[(&[&str], &str, &str, bool)] = &[
        (&[], "sub", "any/thing", true),
        (&["."], "", "any", true),
        (&["."], "sub", "sub/x", true),
        (&["."], "sub", "other", false),
        (&["a"], "", "a", true),
        (&["a"], "", "a/b/c", true),
        (&["a"], "", "ab", false),
        (&["a/"], "", "a/b", true),
        (&["a/"], "", "a", false),
        (&["b"], "a", "a/b", true),
        (&["../b"], "a", "b", true),
        (&["./x/../b//c"], "a", "a/b/c", true),
        (&["/pond/a"], "deep/er", "a/x", true),
        (&["*.csv"], "", "a.csv", true),
        (&["*.csv"], "", "deep/a.csv", true),
        (&["*.csv"], "sub", "a.csv", false),
        (&["*.csv"], "sub", "sub/deep/a.csv", true),
        (&["a*z"], "", "a/b/z", true),
        (&["a?z"], "", "a/z", true),
        (&["d*"], "", "dir/x", true),
        (&["d*/"], "", "dir/x", false),
        (&["[ab]c"], "", "bc", true),
        (&["[!ab]c"], "", "bc", false),
        (&["[[:digit:]]"], "", "7", true),
        (&["a\\*b"], "", "a*b", true),
        (&["a\\*b"], "", "axb", false),
        (&["a{b,c}"], "", "ab", false),
        (&["a[b"], "", "a[b", true),
        (&["a*"], "", "a\nb", true),
        (&[":(glob)*.csv"], "", "a.csv", true),
        (&[":(glob)*.csv"], "", "deep/a.csv", false),
        (&[":(glob)**/*.csv"], "", "a.csv", true),
        (&[":(glob)**/*.csv"], "", "x/y/a.csv", true),
        (&[":(glob)a/**/z"], "", "a/z", true),
        (&[":(glob)a/**/z"], "", "a/b/c/z", true),
        (&[":(glob)a/**"], "", "a/b/c", true),
        (&[":(glob)a[/]b"], "", "a/b", false),
        (&[":(glob)a[!x]b"], "", "a/b", false),
        (&["a[/]b"], "", "a/b", true),
        (&[":(literal)*.csv"], "", "a.csv", false),
        (&[":(literal)*.csv"], "", "*.csv", true),
        (&["*.csv"], "", "*.csv", true),
        (&[":/a"], "sub", "a", true),
        (&[":/"], "sub", "a", true),
        (&[":(top)a"], "sub", "a/b", true),
        (&[":(top)a"], "sub", "sub/a", false),
        (&[":(icase)READ*"], "", "readme", true),
        (&[":(icase)Dir"], "", "dIR/x", true),
        (&[":(icase,top)Dir"], "sub", "dir", true),
        (&[":!*.csv"], "", "a.csv", false),
        (&[":!*.csv"], "", "a.txt", true),
        (&[":^a"], "", "a/b", false),
        (&["a", ":(exclude)a/b"], "", "a/b/c", false),
        (&["a", ":(exclude)a/b"], "", "a/c", true),
        (&[":!/a"], "sub", "a", false),
        (&[":!:!a"], "", "!a", false),
        (&[":"], "sub", "x", true),
        (&["::a"], "", "a", true),
        (&["x*y"], "we[i]rd", "we[i]rd/x1y", true),
        (&["x*y"], "we[i]rd", "wei/x1y", false),
        (&["a", "b"], "", "b", true),
    ];
    for (args, cwd, path, expected) in table {
        let specs = specs(args, cwd);
        assert_eq!(specs.matches(path.as_bytes(), false), *expected, "{args:?} in {cwd:?} on {path:?}");
        if *expected {
            let mut dir = parent(path.as_bytes());
            loop {
                assert!(
                    specs.may_match_below(dir),
                    "{args:?} in {cwd:?} may match below {:?}",
                    dir.as_bstr()
                );
                if dir.is_empty() {
                    break;
                }
                dir = parent(dir);
            }
            assert!(is_below(path.as_bytes(), specs.common_prefix()), "{args:?} in {cwd:?}");
        }
    }
}

#[test]
fn directories_and_pruning() {
    assert!(specs(&["a/"], "").matches(b"a", true) && specs(&["d*/"], "").matches(b"dir", true));
    let deep = specs(&["a/b/*.csv", "a/c"], "");
    assert_eq!(deep.common_prefix(), "a");
    for (dir, expected) in
        [("a", true), ("a/b", true), ("a/b/x", true), ("a/c", true), ("a/d", false), ("b", false)]
    {
        assert_eq!(deep.may_match_below(dir.as_bytes()), expected, "{dir}");
    }
    assert!(!specs(&[":!a"], "").may_match_below(b"a/b") && specs(&[":!a"], "").may_match_below(b"b"));
    assert!(
        specs(&["a"], "").matches_all_below(b"a/b") && !specs(&["a", ":!a/b"], "").matches_all_below(b"a")
    );
    assert!(!specs(&["a/b"], "").matches_all_below(b"a"));
    assert!(
        specs(&[], "").is_everything()
            && specs(&["."], "").is_everything()
            && !specs(&["."], "a").is_everything()
    );
    assert_eq!(specs(&[":(icase)A/b"], "").common_prefix(), "");
}

#[test]
fn what_matched_nothing_is_told() {
    let specs = specs(&["a", "*.csv", "missing", ":!b"], "");
    assert!(specs.matches(b"a", false) && specs.matches(b"x.csv", false));
    assert_eq!(specs.unmatched(), ["missing"]);
}

#[test]
fn errors_name_the_pathspec() {
    assert_eq!(error("", ""), PathspecError::Empty);
    for outside in ["..", "../x", "a/../../x", "/elsewhere", "/pondx", "/"] {
        assert!(matches!(error(outside, ""), PathspecError::Outside { .. }), "{outside}");
    }
    assert!(matches!(error("../../..", "a/b"), PathspecError::Outside { .. }));
    assert!(matches!(error(":(attr:x)a", ""), PathspecError::Magic { magic, .. } if magic == "attr:x"));
    assert!(matches!(error(":%a", ""), PathspecError::Magic { magic, .. } if magic == "%"));
    assert!(matches!(error(":(top", ""), PathspecError::Unclosed { .. }));
    assert!(matches!(error(":(glob,literal)a", ""), PathspecError::Contradiction { .. }));
}

#[cfg(unix)]
#[test]
fn names_need_not_be_unicode() {
    use std::os::unix::ffi::OsStringExt;
    let args = [OsString::from_vec(b"caf\xe9*".to_vec())];
    let specs = Pathspecs::parse(&args, &Mirror::plain(Path::new("/pond")), b"").expect("pathspecs");
    assert!(specs.matches(b"caf\xe9\xff", false) && !specs.matches(b"cafe", false));
}
