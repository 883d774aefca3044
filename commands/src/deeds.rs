//! What a user does with a pond: a module a deed. None prints, asks or ends the program; the caller words what comes of it.

pub(crate) mod add;
pub(crate) mod clean;
pub(crate) mod commit;
pub(crate) mod init;
