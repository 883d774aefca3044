//! The options of `diff`, `show` and `log` that say what of changes is shown, and how.

use pond_history::diff::{DiffRequest, KindFilter};
use pond_objects::rename::RenameOptions;

use crate::error::{CommandError, usage};
use crate::ui::Ui;
use crate::ui::diff::{DiffAlgorithm, DiffOptions, Forms, Whitespace, WordDiff};
use crate::ui::paint::Paint;

/// Options about changes; the same in every command that shows some.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for changes")]
pub(crate) struct DiffArgs {
    /// Show patches
    #[arg(short, short_alias = 'u', long)]
    patch: bool,

    /// Show no changes at all
    #[arg(short = 's', long, overrides_with = "patch")]
    no_patch: bool,

    /// Show how many lines changed in each file, with a bar
    #[arg(long)]
    stat: bool,

    /// Show the last line of --stat only
    #[arg(long)]
    shortstat: bool,

    /// Show added and deleted lines of each file as numbers, for scripts
    #[arg(long)]
    numstat: bool,

    /// Show the paths only
    #[arg(long)]
    name_only: bool,

    /// Show the paths with a letter each: A added, M modified, D deleted, R renamed, T another type, U in
    /// conflict
    #[arg(long)]
    name_status: bool,

    /// Show modes, ids and paths, for scripts
    #[arg(long)]
    raw: bool,

    /// Show creations, deletions, renames and changes of mode
    #[arg(long)]
    summary: bool,

    /// Show N lines around each change
    #[arg(short = 'U', long, value_name = "N", default_value = "3", hide_default_value = true)]
    unified: usize,

    /// Take lines that differ in white space only for equal
    #[arg(short = 'w', long)]
    ignore_all_space: bool,

    /// Take lines that differ in the amount of white space only for equal
    #[arg(short = 'b', long)]
    ignore_space_change: bool,

    /// Take lines that differ in white space at their ends only for equal
    #[arg(long)]
    ignore_space_at_eol: bool,

    /// Mark changed words instead of lines: plain (default), color, porcelain, none
    #[arg(long, value_name = "MODE", num_args = 0..=1, require_equals = true, default_missing_value = "plain")]
    word_diff: Option<String>,

    /// How lines are matched: myers (default), minimal, patience, histogram
    #[arg(long, value_name = "NAME")]
    diff_algorithm: Option<String>,

    /// Compare binary files line by line too
    #[arg(short = 'a', long)]
    text: bool,

    /// Show ids in full
    #[arg(long)]
    full_index: bool,

    /// Find renames of at least N equal content: 80% or .8, and as in git 8 is 80% too (default 50%); they are found
    /// unless --no-renames is given
    #[arg(
        short = 'M',
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "50"
    )]
    find_renames: Option<String>,

    /// Show renames as a deletion and an addition
    #[arg(long, overrides_with = "find_renames")]
    no_renames: bool,

    /// Show changes of these kinds only (letters as in --name-status); small letters leave a kind out
    #[arg(long, value_name = "LETTERS")]
    diff_filter: Option<String>,

    /// Show the changes from new to old
    #[arg(short = 'R')]
    reverse_sides: bool,

    /// End lists of paths with NUL instead of a line end, and quote nothing
    #[arg(short = 'z')]
    nul: bool,

    /// Write no a/ and b/ in front of paths
    #[arg(long)]
    no_prefix: bool,
}

/// Percent from a number as git reads it: with `%`, or as the digits behind a decimal point, which may be left out.
fn similarity(text: &str) -> Option<u8> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let (mut value, mut scale, mut in_fraction) = (0_u64, 1_u64, false);
    for byte in number.bytes() {
        match byte {
            b'.' if !in_fraction => (scale, in_fraction) = (1, true),
            // Further digits make no difference of a percent.
            b'0'..=b'9' if scale >= 100_000 => {}
            b'0'..=b'9' => (value, scale) = (value * 10 + u64::from(byte - b'0'), scale * 10),
            _ => return None,
        }
    }
    let scale = match (text.ends_with('%'), in_fraction) {
        (true, true) => scale * 100,
        (true, false) => 100,
        (false, _) => scale,
    };
    let is_number = number.bytes().any(|byte| byte.is_ascii_digit());
    is_number.then_some((value * 100 / scale).min(100) as u8)
}

impl DiffArgs {
    /// The forms asked for; `default` where none is.
    pub(crate) fn forms(&self, default: Forms) -> Forms {
        let asked = Forms {
            raw: self.raw,
            name_only: self.name_only,
            name_status: self.name_status,
            numstat: self.numstat,
            stat: self.stat,
            shortstat: self.shortstat,
            summary: self.summary,
            patch: self.patch || self.word_diff.is_some(),
        };
        match (self.no_patch, asked.any()) {
            (true, _) => Forms { patch: false, ..asked },
            (false, true) => asked,
            (false, false) => default,
        }
    }

    /// How changes are written.
    pub(crate) fn options(&self, ui: &Ui, default: Forms) -> Result<DiffOptions, CommandError> {
        let word_diff = match &self.word_diff {
            Some(word) => WordDiff::from_word(word).ok_or_else(|| {
                usage(format_args!("unknown mode '{word}' of --word-diff"))
                    .hint("plain, color, porcelain and none are known")
            })?,
            None => WordDiff::None,
        };
        let algorithm = match &self.diff_algorithm {
            Some(word) => DiffAlgorithm::from_word(word).ok_or_else(|| {
                usage(format_args!("unknown diff algorithm '{word}'"))
                    .hint("myers, minimal, patience and histogram are known")
            })?,
            None => DiffAlgorithm::default(),
        };
        let whitespace = match (self.ignore_all_space, self.ignore_space_change, self.ignore_space_at_eol) {
            (true, _, _) => Whitespace::IgnoreAll,
            (_, true, _) => Whitespace::IgnoreAmount,
            (_, _, true) => Whitespace::IgnoreAtEnd,
            _ => Whitespace::Exact,
        };
        let prefix = |letter: &str| if self.no_prefix { String::new() } else { format!("{letter}/") };
        Ok(DiffOptions {
            forms: self.forms(default),
            context: self.unified,
            algorithm,
            whitespace,
            word_diff,
            text: self.text,
            reverse: self.reverse_sides,
            old_prefix: prefix("a"),
            new_prefix: prefix("b"),
            full_index: self.full_index,
            nul: self.nul,
            width: ui.width(),
            paint: paint(ui),
            ..DiffOptions::default()
        })
    }

    /// Whether any form, `-w` or the like asks what of the content differs, not only whether.
    pub(crate) fn ignores_whitespace(&self) -> bool {
        self.ignore_all_space || self.ignore_space_change || self.ignore_space_at_eol
    }

    /// Whether ids of files that only the mirror has are shown.
    pub(super) fn forms_need_ids(&self) -> bool {
        let forms = self.forms(Forms::PATCH);
        forms.patch || forms.raw
    }

    /// Whether no form asks for contents.
    pub(super) fn shows_names_only(&self) -> bool {
        let Forms { name_only, name_status, .. } = self.forms(Forms::PATCH);
        let names = Forms { name_only, name_status, ..Forms::default() };
        names.any() && self.forms(Forms::PATCH) == names
    }

    /// How renames are looked for; `None` for not at all.
    fn renames(&self) -> Result<Option<RenameOptions>, CommandError> {
        if self.no_renames {
            return Ok(None);
        }
        let Some(text) = &self.find_renames else { return Ok(Some(RenameOptions::default())) };
        match similarity(text) {
            // Nothing at all need not be equal: git takes that for its default, too.
            Some(0) => Ok(Some(RenameOptions::default())),
            Some(min_similarity) => Ok(Some(RenameOptions { min_similarity, ..RenameOptions::default() })),
            None => Err(usage(format_args!("'{text}' is no percentage"))
                .hint("-M80% and --find-renames=80% want 80 percent equal content")),
        }
    }

    /// Whether `--diff-filter` was given.
    pub(crate) fn is_filtered(&self) -> bool {
        self.diff_filter.is_some()
    }

    /// What is asked of a comparison.
    pub(crate) fn request(&self) -> Result<DiffRequest, CommandError> {
        let kinds = self.diff_filter.as_deref().map(KindFilter::new).transpose()?.unwrap_or_default();
        Ok(DiffRequest { renames: self.renames()?, kinds })
    }
}

/// How results are dressed: control characters are made visible where a person reads.
pub(crate) fn paint(ui: &Ui) -> Paint {
    Paint { color: ui.has_color(), escape: ui.is_terminal() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarities_are_read_as_git_reads_them() {
        for (text, percent) in [
            ("90%", 90),
            ("100%", 100),
            ("5", 50),
            ("05", 5),
            ("29", 29),
            ("200", 20),
            (".75", 75),
            ("0.9", 90),
            ("1.0", 100),
            ("33.4%", 33),
            ("250%", 100),
            ("0", 0),
        ] {
            assert_eq!(similarity(text), Some(percent), "{text}");
        }
        for text in ["", "%", ".", "x", "90x", "9%%", "-5", "1.2.3"] {
            assert_eq!(similarity(text), None, "{text}");
        }
    }
}
