//! What else there is, for a name that there is not.

use datafusion::common::utils::datafusion_strsim::levenshtein;

/// Names that are listed at most.
const LISTED: usize = 12;

/// `; there is 'NEAREST'`, or a list of what there is if nothing is near; empty if there is nothing.
pub(super) fn there_is(name: &str, names: &[String]) -> String {
    let lower = name.to_lowercase();
    let distance = |known: &&String| levenshtein(&lower, &known.to_lowercase());
    let nearest = names.iter().min_by_key(distance);
    match nearest {
        None => String::new(),
        Some(known) if 2 * distance(&known) <= name.chars().count().max(known.chars().count()) => {
            format!("; there is {}", quoted(known))
        }
        Some(_) => {
            let listed: Vec<String> = names.iter().take(LISTED).map(|name| quoted(name)).collect();
            let more = match names.len() - listed.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let verb = if names.len() == 1 { "is" } else { "are" };
            format!("; there {verb} {}{more}", listed.join(", "))
        }
    }
}

/// The name as a query has to write it: what is not lower-case in double quotes.
fn quoted(name: &str) -> String {
    let is_plain =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit());
    if is_plain { format!("'{name}'") } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::there_is;

    #[test]
    fn the_nearest_name_is_named_or_all() {
        let names = ["time", "temperature", "Site"].map(str::to_owned);
        assert_eq!(there_is("temprature", &names), "; there is 'temperature'");
        assert_eq!(there_is("site", &names), "; there is \"Site\"");
        assert_eq!(there_is("qqqqqqqq", &names), "; there are 'time', 'temperature', \"Site\"");
        assert_eq!(there_is("x", &[]), "");
    }
}
