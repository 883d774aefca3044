//! Command lines from configuration and environment (pagers, editors, aliases), made into processes.

use std::ffi::OsStr;
use std::process::Command;

/// A process that runs `line` with `arguments` behind it. A line of plain words is run directly, so that a program
/// that does not exist is noticed; anything else goes through the shell.
pub(crate) fn command<S: AsRef<OsStr>>(line: &str, arguments: &[S]) -> Command {
    if let Some(words) = plain_words(line)
        && let Some((program, rest)) = words.split_first()
    {
        let mut command = Command::new(program);
        command.args(rest).args(arguments);
        return command;
    }
    through_shell(line, arguments)
}

/// A process in which the shell runs `line`, with `arguments` behind it.
#[cfg(unix)]
pub(crate) fn through_shell<S: AsRef<OsStr>>(line: &str, arguments: &[S]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{line} \"$@\"")).arg(line).args(arguments);
    command
}

#[cfg(not(unix))]
pub(crate) fn through_shell<S: AsRef<OsStr>>(line: &str, arguments: &[S]) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line).args(arguments);
    command
}

/// The words of a line; None if it needs a shell.
fn plain_words(line: &str) -> Option<Vec<String>> {
    if line.contains(|c| "|&;<>()$`*?[]#~=%!{}\n".contains(c)) {
        return None;
    }
    shlex::split(line).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_avoid_the_shell() {
        assert_eq!(
            plain_words("code --wait 'a b'"),
            Some(vec!["code".into(), "--wait".into(), "a b".into()])
        );
        for line in ["less | cat", "A=1 vi", "$EDITOR", "", "'open"] {
            assert_eq!(plain_words(line), None, "{line}");
        }
    }
}
