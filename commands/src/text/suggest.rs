//! "Did you mean": names that are near to a mistyped one.

/// The candidates nearest to `word`, all equally near; three at most, none if nothing is near.
pub(crate) fn similar<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_lowercase();
    // A third of the letters may be wrong, and one always.
    let limit = word.chars().count() / 3 + 1;
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&word, &lower);
            // A beginning counts as near, however much is missing.
            let begins = word.chars().count() >= 3 && lower.starts_with(&word);
            match (begins, distance <= limit && distance < lower.chars().count()) {
                (true, _) => Some((distance.min(1), candidate)),
                (false, true) => Some((distance, candidate)),
                _ => None,
            }
        })
        .collect();
    near.sort();
    near.dedup();
    let best = near.first().map(|(distance, _)| *distance);
    near.retain(|(distance, _)| Some(*distance) == best);
    near.truncate(3);
    near.into_iter().map(|(_, name)| name).collect()
}

/// Names quoted and joined by "or": `'add' or 'mv'`. None for no names.
pub(crate) fn sentence(names: &[&str]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    match quoted.as_slice() {
        [] => None,
        names => Some(format!("did you mean {}?", names.join(" or "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let names = ["status", "stash", "commit", "config", "log", "add", "rm"];
        assert_eq!(similar("stauts", names), ["status"]);
        assert_eq!(similar("comit", names), ["commit"]);
        assert_eq!(similar("stat", names), ["status"]);
        assert_eq!(similar("xog", ["log", "dog", "cat"]), ["dog", "log"]);
        assert_eq!(similar("Log", names), ["log"]);
        assert!(similar("xyzzy", names).is_empty());
        assert!(similar("zz", names).is_empty());
    }

    #[test]
    fn suggestions_are_a_question() {
        assert_eq!(sentence(&["add", "mv"]).as_deref(), Some("did you mean 'add' or 'mv'?"));
        assert_eq!(sentence(&[]), None);
    }
}
