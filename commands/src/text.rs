//! Texts that know nothing of a terminal: numbers with their nouns, lists below a message, what was meant by a mistyped word.

pub(crate) mod list;
pub(crate) mod size;
pub(crate) mod suggest;
pub(crate) mod template;
