use super::*;

fn is_match(pattern: &str, text: &str, stars: Stars, icase: bool) -> bool {
    Wildmatch::new(b"", pattern.as_bytes(), stars, icase)
        .is_ok_and(|pattern| pattern.is_match(text.as_bytes()))
}

#[test]
fn stars_within_names_and_of_directories() {
    let table: &[(&str, &[&str], &[&str])] = &[
        ("", &[""], &["a"]),
        ("a", &["a"], &["", "ab", "ba", "A"]),
        ("a?c", &["abc", "a?c"], &["ac", "a/c", "abbc"]),
        ("*", &["", "a", ".b"], &["/", "a/b"]),
        ("*/*", &["/", "a/b"], &["a", "a/b/c"]),
        ("a*b*c", &["abc", "axbxbxc", "abcbc"], &["ab", "abcb", "a/bc"]),
        ("a*bc", &["abbc", "abcbc"], &["abcb", "ab/c"]),
        ("a/*b*/c", &["a/bb/c", "a/xbx/c"], &["a/x/b/c", "a/bc"]),
        ("**", &["", "a", "a/b/c"], &[]),
        ("**/a", &["a", "x/a", "x/y/a"], &["xa", "a/x", "x/ya"]),
        ("***/o", &["o", "x/o", "x/y/o"], &["xo"]),
        ("a/**", &["a/", "a/b", "a/b/c"], &["a", "ab/c"]),
        ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab", "a/b/c"]),
        ("a/**/**/b", &["a/b", "a/x/b"], &["a/xb"]),
        ("a**/b", &["a/b", "axy/b"], &["ab", "a/x/b", "ax/y/b", "axb"]),
        ("?**/b", &["a/b", "ax/b"], &["ab", "ax/y/b"]),
        ("a/**b", &["a/b", "a/xb"], &["a/x/b"]),
        ("a/b**", &["a/b", "a/bc"], &["a/b/c"]),
        ("**\\/b", &["/b", "x/b", "x/y/b"], &["b"]),
        ("**a", &["a", "ba"], &["b/a"]),
        ("**/*a/**/b*c", &["a/bc", "x/ya/z/bxc", "a/a/b/bc"], &["x/y/bc", "a/b/c", "a/bcd"]),
        ("**/a/*/b", &["a/a/x/b", "a/x/a/y/b"], &["a/b", "a/x/y/b"]),
        ("*a*/**/*a*", &["a/a", "ba/x/ab"], &["a", "b/a"]),
    ];
    for (pattern, matching, others) in table {
        for text in *matching {
            assert!(is_match(pattern, text, Stars::WithinNames, false), "{pattern} takes {text:?}");
        }
        for text in *others {
            assert!(!is_match(pattern, text, Stars::WithinNames, false), "{pattern} leaves {text:?}");
        }
    }
}

#[test]
fn stars_that_cross_directories() {
    let table: &[(&str, &[&str], &[&str])] = &[
        ("a*z", &["az", "a/b/z"], &["a/b", "z"]),
        ("a?z", &["a/z"], &["az"]),
        ("a[/]z", &["a/z"], &["a"]),
        ("a[!x]z", &["a/z"], &["axz"]),
        ("**/a", &["x/a", "/a"], &["a"]),
        ("*a*b*", &["ab", "x/a/y/b/z"], &["ba"]),
    ];
    for (pattern, matching, others) in table {
        for text in *matching {
            assert!(is_match(pattern, text, Stars::Anything, false), "{pattern} takes {text:?}");
        }
        for text in *others {
            assert!(!is_match(pattern, text, Stars::Anything, false), "{pattern} leaves {text:?}");
        }
    }
}

#[test]
fn bracket_expressions() {
    let table: &[(&str, &str, &str)] = &[
        ("[ab]", "ab", "c[]"),
        ("[a-c]", "abc", "d-"),
        ("[c-a]", "c", "ab-"),
        ("[a-]", "a-", "b"),
        ("[-a]", "a-", "b"),
        ("[a-c-e]", "abc-e", "d"),
        ("[!a]", "b!", "a/"),
        ("[^a]", "b^", "a/"),
        ("[a^]", "a^", "b"),
        ("[]]", "]", "["),
        ("[]-a]", "]^_`a", "[b-"),
        ("[!]]", "a[", "]"),
        ("[\\]]", "]", "\\["),
        ("[a\\-c]", "a-c", "b\\"),
        ("[\\a-c]", "abc", "\\"),
        ("[a-\\c]", "abc", "\\-"),
        ("[\\\\]", "\\", "a"),
        ("[/]", "", "/"),
        ("[.-0]", ".0", "/"),
        ("[[:alpha:]]", "aZ", "0:[]\u{7f}"),
        ("[[:digit:]x]", "07x", "a:"),
        ("[![:space:]]", "a\u{b}\u{c}", " \t\n\r/"),
        ("[[:blank:]]", " \t", "\n"),
        ("[[:punct:]]", "!*?[\\]^_`{|}~:", "a /"),
        ("[[:upper:]]", "A", "a"),
        ("[[:xdigit:]]", "aF0", "g"),
        ("[[:alpha:]-z]", "a-z", "0"),
        ("[[:x]", "[:x", "]"),
        ("[[:]", "[:", "]"),
        ("[[a]", "[a", "]"),
        ("[{,}]", "{,}", "a"),
    ];
    for (pattern, matching, others) in table {
        for byte in matching.chars() {
            assert!(
                is_match(pattern, &byte.to_string(), Stars::WithinNames, false),
                "{pattern} takes {byte:?}"
            );
        }
        for byte in others.chars() {
            assert!(
                !is_match(pattern, &byte.to_string(), Stars::WithinNames, false),
                "{pattern} leaves {byte:?}"
            );
        }
    }
}

#[test]
fn malformed_patterns() {
    let error = |pattern: &str| Wildmatch::new(b"", pattern.as_bytes(), Stars::WithinNames, false).err();
    for pattern in ["[", "a[b", "[]", "[!]", "[a-", "[a\\", "[a-\\", "[a\\]", "[[:alpha", "[[:alpha:]"] {
        assert_eq!(error(pattern), Some(Malformed::Bracket), "{pattern}");
    }
    assert_eq!(error("[[:word:]]"), Some(Malformed::Class));
    assert_eq!(error("[[::]]"), Some(Malformed::Class));
    assert_eq!(error("a\\"), Some(Malformed::Backslash));
    assert_eq!(error("a\\\\"), None);
    assert!(!Wildmatch::nothing().is_match(b"") && !Wildmatch::nothing().is_match(b"a"));
}

#[test]
fn letters_without_their_case() {
    for pattern in ["ab", "AB", "a?", "[A]b", "[a-c]B", "\\A*", "[[:upper:]][[:lower:]]", "[!c]b"] {
        for text in ["ab", "AB", "aB"] {
            assert!(is_match(pattern, text, Stars::Anything, true), "{pattern} takes {text}");
        }
    }
    assert!(
        !is_match("[!a]", "A", Stars::Anything, true) && !is_match("\u{e9}", "\u{c9}", Stars::Anything, true)
    );
}

#[test]
fn a_prefix_is_taken_as_it_is() {
    let pattern = Wildmatch::new(b"we[i]rd", b"/x*y", Stars::Anything, false).expect("a pattern");
    assert!(pattern.is_match(b"we[i]rd/xy") && !pattern.is_match(b"weird/xy"));
    let of_names =
        |prefix: &[u8]| Wildmatch::new(prefix, b"**/b", Stars::WithinNames, false).expect("a pattern");
    assert!(of_names(b"a/").is_match(b"a/x/y/b") && of_names(b"a/").is_match(b"a/b"));
    assert!(!of_names(b"a").is_match(b"ab") && of_names(b"a").is_match(b"ax/b"));
}

#[test]
fn no_pattern_takes_forever() {
    let text = ["a/".repeat(100), "a".repeat(1000)].concat();
    for pattern in ["**/".repeat(100), "*a".repeat(100), "**/*a*a*a*".repeat(20), "/**".repeat(100)] {
        let pattern = format!("{pattern}x");
        assert!(!is_match(&pattern, &text, Stars::WithinNames, false), "{pattern}");
        assert!(!is_match(&pattern, &text, Stars::Anything, false), "{pattern}");
    }
}

#[test]
fn names_need_not_be_unicode() {
    let pattern = Wildmatch::new(b"", b"caf\xe9[\x80-\xff]*", Stars::Anything, false).expect("a pattern");
    assert!(pattern.is_match(b"caf\xe9\xff") && !pattern.is_match(b"cafe\xff"));
}
