//! What a user does with a pond: a module a deed. None prints, asks or ends the program; the caller words what comes of it.

pub(crate) mod add;
pub(crate) mod branch;
pub(crate) mod clean;
pub(crate) mod commit;
pub(crate) mod init;
pub(crate) mod merge;
pub(crate) mod mv;
pub(crate) mod reset;
pub(crate) mod restore;
pub(crate) mod rm;
pub(crate) mod sequence;
pub(crate) mod stash;
pub(crate) mod status;
pub(crate) mod switch;
pub(crate) mod tag;
pub(crate) mod undo;
pub(crate) mod update_ref;
