//! Which pager to use: `POND_PAGER`, `core.pager`, `PAGER`, `less`; none if that is `cat` or empty.

use std::env;
use std::process::Command;

/// The pager's command line, or none. `configured` is `core.pager`.
pub(crate) fn choose(configured: Option<&str>) -> Option<String> {
    pick(env::var("POND_PAGER").ok().as_deref(), configured, env::var("PAGER").ok().as_deref())
}

fn pick(pond: Option<&str>, configured: Option<&str>, general: Option<&str>) -> Option<String> {
    let line = pond.or(configured).or(general).unwrap_or("less").trim();
    (!line.is_empty() && line != "cat").then(|| line.to_owned())
}

/// Whether the pager is pond's own choice, whose absence is no reason to complain.
pub(crate) fn is_default(line: &str) -> bool {
    line == "less"
}

/// What pagers get told unless the user tells them otherwise: leave when all fits on one screen, pass colours on,
/// leave the screen as it is.
pub(crate) fn set_defaults(command: &mut Command) {
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn the_order_of_precedence() {
        assert_eq!(pick(Some("a"), Some("b"), Some("c")).as_deref(), Some("a"));
        assert_eq!(pick(None, Some("b -x"), Some("c")).as_deref(), Some("b -x"));
        assert_eq!(pick(None, None, Some("c")).as_deref(), Some("c"));
        assert_eq!(pick(None, None, None).as_deref(), Some("less"));
        assert_eq!(pick(Some("cat"), Some("b"), None), None);
        assert_eq!(pick(Some(""), Some("b"), None), None);
    }
}
