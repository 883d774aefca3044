//! What the commit says that a picked or reverted one becomes.

use bstr::{BString, ByteSlice};
use pond_mirror::index::pending::Sequence;
use pond_mirror::index::pick_options::PickOptions;
use pond_objects::{Commit, ObjectId, trailers};

use crate::error::WorkspaceError;
use crate::session::Signer;

/// The message.
pub(crate) fn of(
    doing: Sequence,
    id: &ObjectId,
    picked: &Commit,
    said: &PickOptions,
    signer: &dyn Signer,
) -> Result<BString, WorkspaceError> {
    let mut message = match doing {
        Sequence::Revert => {
            let subject = picked.subject().to_str_lossy().into_owned();
            let again = subject.strip_prefix("Revert \"").and_then(|text| text.strip_suffix('"'));
            let first = match again.filter(|text| !text.starts_with("Revert \"")) {
                Some(text) => format!("Reapply \"{text}\""),
                None => format!("Revert \"{subject}\""),
            };
            let merge = match said.mainline.and_then(|number| picked.parents.get(number - 1)) {
                Some(parent) => format!(", reversing\nchanges made to {parent}"),
                None => String::new(),
            };
            BString::from(format!("{first}\n\nThis reverts commit {id}{merge}.\n"))
        }
        _ => picked.message.clone(),
    };
    if said.mention {
        let has_trailers = !trailers::parse(&message).is_empty();
        let line = format!("{}(cherry picked from commit {id})\n", if has_trailers { "" } else { "\n" });
        if !message.ends_with(b"\n") {
            message.push(b'\n');
        }
        message.extend_from_slice(line.as_bytes());
    }
    if said.signoff {
        let who = signer.committer().map_err(WorkspaceError::Caller)?;
        let value = format!("{} <{}>", who.name, who.email);
        message = trailers::add_trailer(&message, "Signed-off-by", value.as_bytes()).into();
    }
    Ok(message)
}
