//! Keeps versions of a directory without the program `pond`: a branch, a merge with a conflict, and what takes it back.

use std::fs;

use pond_objects::merge::MergeOptions;
use pond_objects::{Signature, Timestamp};
use pond_refs::RefName;
use pond_workspace::add::{AddRequest, add};
use pond_workspace::collected::Collected;
use pond_workspace::commit::{CommitRequest, Draft, commit};
use pond_workspace::init::{InitRequest, Made, init};
use pond_workspace::merge::{Merge, MergeRequest, merge};
use pond_workspace::switch::{SwitchRequest, To, switch};
use pond_workspace::undo::{ToDo, undo};
use pond_workspace::{Actor, Caller, CallerError, Purpose, Session, open};

type Done = Result<(), CallerError>;

fn ada() -> Signature {
    let when = Timestamp { seconds: 1_780_000_000, offset_minutes: 0 };
    Signature { name: "Ada".into(), email: "ada@example.org".into(), when }
}

/// Writes the file, and commits the directory as it is then.
fn record(session: &Session, content: &str) -> Done {
    session.begin_command("record");
    fs::write(session.cwd.join("level.csv"), content)?;
    let mut workspace = open(session, Purpose::Change)?;
    add(&mut workspace, &AddRequest::everything())?;
    let draft = Draft { message: content.into(), author: ada(), committer: ada() };
    commit(&mut workspace, &CommitRequest::staged(), draft)?;
    Ok(())
}

/// Goes to a branch. One that is not there is made.
fn go(session: &Session, branch: &str) -> Done {
    let mut workspace = open(session, Purpose::Change)?;
    let name = RefName::branch(branch)?;
    let to = match workspace.snapshot().view().target(&name)? {
        Some(at) => To::Branch(name, at),
        None => To::new_branch(&workspace, name, None, false)?,
    };
    switch(&mut workspace, SwitchRequest::to(&to))?;
    Ok(())
}

/// Does all of it in an empty directory.
pub(crate) fn main() -> Done {
    let directory = tempfile::tempdir()?;
    let observer = Collected::default();
    let actor = Actor { user: "ada".into(), host: "station".into(), command: "embed".into() };
    let caller = Caller::unconfigured(actor, Box::new(observer.clone()));
    let main = RefName::branch("main")?;
    let request = InitRequest { directory: directory.path().to_owned(), branch: main, for_user: None };
    let Made::New(session) = init(request, caller)? else { return Err("there is a pond".into()) };
    record(&session, "level\n1\n")?;
    for (branch, content) in [("dry", "level\n0\n"), ("main", "level\n2\n")] {
        go(&session, branch)?;
        record(&session, content)?;
    }
    session.begin_command("merge");
    let mut workspace = open(&session, Purpose::Change)?;
    let ours = workspace.head().commit;
    let theirs = workspace.snapshot().view().target(&RefName::branch("dry")?)?.ok_or("no branch")?;
    let (request, options) = (MergeRequest::of(theirs, "dry"), MergeOptions::default());
    let came = merge(&mut workspace, &request, &options, "Merge dry\n".into(), &ada())?;
    assert!(matches!(came, Merge::Joined(joined) if !joined.merged.is_clean));
    drop(workspace);
    record(&session, "level\n1.5\n")?;
    session.begin_command("undo");
    let mut workspace = open(&session, Purpose::TakeBack)?;
    let ToDo::All(last) = undo(&workspace, None, false)? else { return Err("nothing to undo".into()) };
    last.take_back(&mut workspace, 0, &[])?;
    assert_eq!(workspace.head().commit, ours);
    assert!(observer.told().iter().any(|event| event.contains("level.csv")));
    Ok(())
}
