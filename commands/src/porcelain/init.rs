//! `pond init`: make a pond.

use std::path::{Path, PathBuf};

use pond_oplog::init::{self, FirstOperation};
use pond_oplog::pond::{InitError, Trust};
use pond_refs::Head;
use pond_refs::RefName;
use serde_json::Map;

use crate::config::sources;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::session;
use crate::time;
use crate::ui::changes_json::insert_path;
use pond_mirror::index::Index;
use pond_mirror::index::head_file::{self, HeadFile};
use pond_objects::escape;

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
    if directory.metadata().is_ok_and(|found| !found.is_dir()) {
        return Err(fatal(format_args!(
            "'{}' is a file: a pond is made in a directory",
            escape::path(&directory)
        ))
        .hint("DIR, --pond and POND name a directory, which is made if it is missing"));
    }
    let configured = ctx.config()?.string("init.defaultBranch")?;
    let name = args.initial_branch.or(configured).unwrap_or_else(|| "main".to_owned());
    let branch = RefName::branch(&name).map_err(|error| {
        fatal(format_args!("'{}' cannot be a branch", escape::plain(name.as_bytes()))).because(&error)
    })?;
    let head = Head { branch: Some(branch), commit: None };
    let now = time::moment()?.as_microsecond();
    let doing = session::doing(&ctx.actor(), now, "INIT", &[("branch", name)]);
    let first = FirstOperation { doing, head: head.clone() };
    let unborn = match pond_oplog::Pond::prepare(&directory, sources::behind_sudo()) {
        Err(InitError::Exists(path)) => {
            // What is there must be a pond that works, or this would send people in a circle.
            pond_oplog::Pond::open(&directory, &Trust::Anybody).map_err(|error| {
                CommandError::from(error).context(format_args!(
                    "there is something called .pond in '{}' that is no pond of this version",
                    escape::path(&directory)
                ))
            })?;
            ctx.ui.status(format_args!(
                "there is a pond already in '{}'; nothing was changed",
                escape::path(&path)
            ));
            return print(ctx, &path, false);
        }
        other => other?,
    };
    head_file::write(&unborn.mirror_dir().join("HEAD"), &HeadFile { head, seq: 0 })?;
    let pond = init::publish(unborn, &first)?;
    warn_of_outer(ctx, pond.mirror_root());
    print(ctx, pond.pond_dir(), true)
}

/// Warns where a pond further up tracks files in here: they are files of both now.
fn warn_of_outer(ctx: &Context, root: &Path) {
    let Some(outer) = root.parent().and_then(Context::place_above) else { return };
    let tracks = || -> Option<bool> {
        let pond = pond_oplog::Pond::open_to_read(&outer.root, &Trust::Ours).ok()?;
        let index = Index::open(&pond.mirror_dir(pond.mirror_id()).join("index")).ok()??;
        let below = root.strip_prefix(pond.mirror_root()).ok()?;
        Some(index.any_live(index.range_of_dir(below.as_os_str().as_encoded_bytes())))
    };
    if tracks() == Some(true) {
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
