//! `pond init`: make a pond.

use std::path::{Path, PathBuf};

use pond_objects::escape;
use pond_refs::RefName;
use pond_workspace::WorkspaceError;
use pond_workspace::init::{InitError, InitRequest, Made, init, is_tracked_by};
use serde_json::Map;

use crate::config::sources;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::ui::changes_json::insert_path;

/// Make a pond in a directory
///
/// Makes '.pond' in DIR (default: the current directory), which is created if it is missing. The files in DIR are left
/// alone; 'pond add' stages them. A directory that has a pond already is left as it is. What a pond further up tracks in
/// DIR stays tracked there too. Behind sudo, a pond in a directory of the user who called it belongs to that user.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond init
  pond init -b trunk /srv/station-7

Exit codes: 0, also where there was a pond already; 128; 129.")]
pub(crate) struct InitArgs {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,

    /// The name of the first branch; default: init.defaultBranch, or 'main'
    #[arg(short = 'b', long, value_name = "BRANCH")]
    initial_branch: Option<String>,
}

pub(crate) fn run(ctx: &Context, args: InitArgs) -> Result<Outcome, CommandError> {
    let given = args.directory.as_deref().or(ctx.explicit_pond());
    let directory = given.map_or_else(|| ctx.cwd.clone(), |path| ctx.cwd.join(path));
    let configured = ctx.config()?.string("init.defaultBranch")?;
    let name = args.initial_branch.or(configured).unwrap_or_else(|| "main".to_owned());
    let branch = RefName::branch(&name).map_err(|error| {
        fatal(format_args!("'{}' cannot be a branch", escape::plain(name.as_bytes()))).because(&error)
    })?;
    let request = InitRequest { directory, branch, for_user: sources::behind_sudo() };
    match init(request, ctx.caller())? {
        Made::New(session) => {
            warn_of_outer(ctx, session.pond.mirror_root());
            print(ctx, session.pond.pond_dir(), true)
        }
        Made::There(path) => {
            ctx.ui.status(format_args!(
                "there is a pond already in '{}'; nothing was changed",
                escape::path(&path)
            ));
            print(ctx, &path, false)
        }
    }
}

impl From<InitError> for CommandError {
    fn from(error: InitError) -> Self {
        match error {
            InitError::NotADirectory(_) => {
                fatal(&error).hint("DIR, --pond and POND name a directory, which is made if it is missing")
            }
            InitError::NoPond { directory, source } => Self::from(source).context(format_args!(
                "there is something called .pond in '{}' that is no pond of this version",
                escape::path(&directory)
            )),
            InitError::Prepare(error) => error.into(),
            InitError::First(error) => error.into(),
            InitError::HeadFile(error) => error.into(),
            InitError::Caller(error) => WorkspaceError::Caller(error).into(),
        }
    }
}

/// Warns where a pond further up tracks files in here: they are files of both now.
fn warn_of_outer(ctx: &Context, root: &Path) {
    let Some(outer) = root.parent().and_then(Context::place_above) else { return };
    if is_tracked_by(&outer.root, root) == Some(true) {
        ctx.ui.warn(format_args!(
            "the pond in '{}' tracks files in here, and goes on to: they are in both ponds",
            escape::path(&outer.root)
        ));
        ctx.ui.hint("'pond rm -r --cached' with this directory's path, there, leaves them to the new pond");
    }
}

/// Says which pond there is now, and whether this command made it.
fn print(ctx: &Context, pond: &Path, created: bool) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        let mut document = Map::new();
        insert_path(&mut document, "pond", pond.as_os_str().as_encoded_bytes().into());
        document.insert("created".into(), created.into());
        ctx.ui.json(&document)?;
    } else if created && !ctx.ui.is_quiet() {
        ctx.ui.say(format_args!("initialized an empty pond in '{}'", escape::path(pond)));
    }
    Ok(Outcome::Done)
}
