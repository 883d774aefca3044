//! Colours: when to use them, and one meaning for each.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// `--color` and `color.ui`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorMode {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE forces it.
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorMode {
    /// Reads one of `config::known::COLOR_WORDS`.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    /// Whether to colour what is written to `stream`.
    pub(crate) fn applies_to(self, stream: &impl anstream::stream::RawStream) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never,
        }
    }
}

/// What a piece of text is; its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Error,
    Warning,
    Hint,
    /// A heading of a table or of help.
    Heading,
    /// A command or option named in help.
    Literal,
    /// Beside the point: dates, sizes, directories of a path.
    Dim,
    CommitId,
    Head,
    Branch,
    RemoteBranch,
    Tag,
    /// In `status`: in the index.
    Staged,
    /// In `status`: in the mirror only.
    Unstaged,
    Untracked,
    Conflict,
    /// In a diff: the lines that name the files.
    DiffHeader,
    DiffHunk,
    Added,
    Removed,
    /// Within an added line, what is new in it.
    AddedWord,
    RemovedWord,
}

impl Role {
    /// The style of the role.
    pub(crate) fn style(self) -> Style {
        let plain = Style::new();
        let color = |color: AnsiColor| color.on_default();
        match self {
            Self::Error | Self::Conflict => color(AnsiColor::Red).bold(),
            Self::Warning => color(AnsiColor::Yellow).bold(),
            Self::Hint => color(AnsiColor::Cyan),
            Self::Heading | Self::DiffHeader => plain.bold(),
            Self::Literal => color(AnsiColor::Green),
            Self::Dim => plain.dimmed(),
            Self::CommitId => color(AnsiColor::Yellow),
            Self::Tag => color(AnsiColor::Yellow).bold(),
            Self::Head => color(AnsiColor::Cyan).bold(),
            Self::Branch => color(AnsiColor::Green).bold(),
            Self::RemoteBranch => color(AnsiColor::Red).bold(),
            Self::Staged | Self::Added => color(AnsiColor::Green),
            Self::Unstaged | Self::Untracked | Self::Removed => color(AnsiColor::Red),
            Self::DiffHunk => color(AnsiColor::Cyan),
            Self::AddedWord => color(AnsiColor::Green).invert(),
            Self::RemovedWord => color(AnsiColor::Red).invert(),
        }
    }
}

/// Text that prints itself in a role's colours, or plainly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Painted<T> {
    pub(crate) text: T,
    /// None: plainly.
    pub(crate) style: Option<Style>,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            // The width in a format applies to the text, not to the codes around it.
            Some(style) => {
                write!(f, "{}", style.render())?;
                self.text.fmt(f)?;
                write!(f, "{}", style.render_reset())
            }
            None => self.text.fmt(f),
        }
    }
}
