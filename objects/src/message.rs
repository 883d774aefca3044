//! Commit messages as they come from an editor, a file or the command line, made fit to keep.

use bstr::ByteSlice as _;

use crate::trailers::COMMENT;

/// How a message is tidied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// No comments, no surplus blank lines, no spaces at the ends of lines.
    Strip,
    /// The same, but lines that look like comments stay.
    Whitespace,
    /// As `Whitespace`, and everything from the scissors line on goes.
    Scissors,
    /// As it is.
    Verbatim,
}

const SCISSORS: &[u8] = b"------------------------ >8 ------------------------";

impl Cleanup {
    /// The mode with git's name; `default` depends on whether the user edits the message.
    pub fn from_word(word: &str, edited: bool) -> Option<Self> {
        match word {
            "default" if edited => Some(Self::Strip),
            "default" | "whitespace" => Some(Self::Whitespace),
            "strip" => Some(Self::Strip),
            // Without an editor there are no scissors, and a line that looks like them is the author's.
            "scissors" if edited => Some(Self::Scissors),
            "scissors" => Some(Self::Whitespace),
            "verbatim" => Some(Self::Verbatim),
            _ => None,
        }
    }

    /// The message to keep.
    pub fn apply(self, message: &[u8]) -> Vec<u8> {
        let message = match self {
            Self::Verbatim => return message.to_vec(),
            Self::Scissors => above_scissors(message),
            Self::Strip | Self::Whitespace => message,
        };
        let is_comment = |line: &[u8]| self == Self::Strip && line.starts_with(COMMENT.as_bytes());
        let mut clean = Vec::with_capacity(message.len() + 1);
        let mut is_paragraph_over = false;
        for line in message.lines().filter(|line| !is_comment(line)) {
            let line = line.trim_ascii_end();
            if line.is_empty() {
                is_paragraph_over = !clean.is_empty();
                continue;
            }
            if is_paragraph_over {
                clean.push(b'\n');
                is_paragraph_over = false;
            }
            clean.extend_from_slice(line);
            clean.push(b'\n');
        }
        clean
    }
}

/// A comment for the editor; nothing below it is kept by [`Cleanup::Scissors`].
pub fn scissors() -> String {
    format!(
        "{COMMENT} {}\n{COMMENT} Do not change the line above. Everything below it will be left out.\n",
        SCISSORS.to_str_lossy()
    )
}

fn above_scissors(message: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let cut = line.strip_prefix(COMMENT.as_bytes()).map(|rest| rest.trim_ascii());
        if cut == Some(SCISSORS) {
            break;
        }
        end += line.len();
    }
    &message[..end]
}

/// Whether a cleaned message says nothing: it is empty, or only signed.
pub fn is_empty(message: &[u8]) -> bool {
    message.lines().all(|line| line.trim_ascii().is_empty() || line.starts_with(b"Signed-off-by: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPED: &[u8] = b"\n\n# hint\nSubject  \n\n\n#1 is fixed\nbody\t\n# ------------------------ >8 ------------------------\ndiff\n\n";

    #[test]
    fn each_mode() {
        assert_eq!(Cleanup::Strip.apply(b"\n#c\nS \n\n\n\nb\n#c\n\n"), b"S\n\nb\n");
        let kept = Cleanup::Scissors.apply(TYPED);
        assert_eq!(kept.as_bstr(), "# hint\nSubject\n\n#1 is fixed\nbody\n");
        assert_eq!(Cleanup::Whitespace.apply(b"#1\n\n \n"), b"#1\n");
        assert_eq!(Cleanup::Verbatim.apply(TYPED), TYPED);
        assert_eq!(Cleanup::Strip.apply(b"no newline"), b"no newline\n");
    }

    #[test]
    fn words_and_emptiness() {
        assert_eq!(Cleanup::from_word("default", true), Some(Cleanup::Strip));
        assert_eq!(Cleanup::from_word("default", false), Some(Cleanup::Whitespace));
        assert_eq!(Cleanup::from_word("tidy", true), None);
        assert!(is_empty(b"\nSigned-off-by: A <a@b>\n") && !is_empty(b"x\n"));
        assert!(above_scissors(scissors().as_bytes()).is_empty());
    }
}
