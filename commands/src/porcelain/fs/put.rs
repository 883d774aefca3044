//! `pond fs put`: standard input becomes a file.

use std::ffi::OsString;
use std::io::{self, Read, Seek as _};

use pond_objects::escape;
use pond_workspace::{Purpose, open};

use super::change::{CommitArgs, commit};
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::fs_place::FsPlace;

/// So many bytes are kept in memory; more are set down first.
const IN_MEMORY: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct PutArgs {
    #[command(flatten)]
    commit: CommitArgs,

    /// Add to the end of the file
    #[arg(short, long)]
    append: bool,

    /// Make the directories above, as far as they are missing
    #[arg(short, long)]
    parents: bool,

    /// The file may be executed by its owner
    #[arg(short = 'x', long)]
    executable: bool,

    /// The file; one that is there gets a new version
    #[arg(value_name = "PATH")]
    path: OsString,
}

pub(super) fn run(ctx: &Context, args: &PutArgs) -> Result<Outcome, CommandError> {
    let session = ctx.session()?;
    if io::IsTerminal::is_terminal(&io::stdin()) && !ctx.ui.is_quiet() {
        ctx.ui.status("reading from the terminal; Ctrl-D ends it");
    }
    let workspace = open(session, Purpose::LookAtTable)?;
    let path = FsPlace::to_change(&workspace, &args.path)?;
    if path.is_empty() || path.ends_with(b"/") {
        return Err(usage(format_args!("'{}' names no file", escape::plain(args.path.as_encoded_bytes()))));
    }
    drop(workspace);
    // What comes from a pipe is read before the lock is taken: a program may write to it for hours.
    let mut input = read_all()?;
    let mut workspace = open(session, Purpose::Change)?;
    let done = if args.append { "Append to" } else { "Put" };
    let message = format!("{done} {}", escape::plain(&path));
    commit(ctx, &mut workspace, &args.commit, message, |_, _, fs| {
        let root = fs.root();
        if args.parents {
            root.make_directories(pond_objects::path::parent(&path))?;
        }
        let (size, content) = input.parts();
        match args.append {
            true => root.append(&path, size, content)?,
            false => root.write(&path, size, content)?,
        }
        if args.executable {
            root.set_executable(&path, true)?;
        }
        Ok(())
    })
}

/// All of standard input.
enum Input {
    Memory(io::Cursor<Vec<u8>>),
    File(std::fs::File, u64),
}

impl Input {
    fn parts(&mut self) -> (u64, &mut dyn Read) {
        match self {
            Self::Memory(bytes) => (bytes.get_ref().len() as u64, bytes),
            Self::File(file, size) => (*size, file),
        }
    }
}

fn read_all() -> Result<Input, CommandError> {
    let mut stdin = io::stdin().lock();
    let mut bytes = Vec::new();
    stdin.by_ref().take(IN_MEMORY + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= IN_MEMORY {
        return Ok(Input::Memory(io::Cursor::new(bytes)));
    }
    let mut file = tempfile::tempfile()?;
    io::Write::write_all(&mut file, &bytes)?;
    let rest = io::copy(&mut stdin, &mut file)?;
    file.rewind()?;
    Ok(Input::File(file, bytes.len() as u64 + rest))
}
