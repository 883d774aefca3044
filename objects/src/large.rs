//! Texts of any size: where two of them differ, without reading what they share.
//!
//! A [`Text`] is read piece by piece, and its pieces have ids. Pieces with equal ids stand for equal bytes: [`changes`] pairs them,
//! widens what is left to whole lines and some more, and compares only that. What it finds is always a correct list of
//! changes: applied to the old text it gives the new one. It is the list that a comparison of the whole texts finds where
//!
//! - all that differs stands in one stretch, or the lines between the stretches occur once in each text, and
//! - no stretch exceeds [`Limits::window`] or [`Limits::lines`], and
//! - the comparison itself takes no shortcut because too much differs.
//!
//! Otherwise it may match other ones of several equal lines. In a longer stretch lines are matched within a window that
//! moves along both texts.
//!
//! Memory is bounded: the lists of pieces, two windows with their lines, and [`Limits::changes`] changes.

mod align;
mod buffered;
mod changes;
mod lines;
mod region;
mod spliced;
mod stored;
mod tally;
mod text;

pub use self::buffered::Buffered;
pub use self::changes::{Extent, Limits, LineChange, LineDiff, changes, changes_within};
pub use self::lines::{lines_back, lines_forward};
pub use self::spliced::{Part, Spliced, SplicedText, Splicer, Stream};
pub use self::stored::Stored;
pub use self::tally::{Tally, opens_section, tally};
pub use self::text::{Absent, LargeError, Piece, Text, read};
