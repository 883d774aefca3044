//! `pond man`: manual pages, from the same definitions as the commands.

use std::fs;
use std::path::PathBuf;

use pond_objects::escape;
use serde_json::Map;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::text::size;
use crate::ui::changes_json::insert_path;

/// Write the manual pages of pond and of every command into a directory
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The directory is made if it does not exist; pages of the same names are replaced.

Examples:
  pond man ~/.local/share/man/man1
  man pond-commit

Exit codes: 0; 128 if a page cannot be written.")]
pub(crate) struct ManArgs {
    /// Where to write pond.1, pond-add.1 and the others
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(crate) fn run(ctx: &Context, args: ManArgs) -> Result<Outcome, CommandError> {
    let name = escape::path(&args.directory).into_owned();
    let failed = |error: std::io::Error| {
        fatal(format_args!("cannot write manual pages into '{name}'")).because(&error)
    };
    fs::create_dir_all(&args.directory).map_err(failed)?;
    let mut command = (ctx.parser)().disable_help_subcommand(true);
    command.build();
    let pages = pages(&command);
    clap_mangen::generate_to(command, &args.directory).map_err(failed)?;
    if ctx.ui.is_json() {
        let mut document = Map::new();
        insert_path(&mut document, "directory", args.directory.as_os_str().as_encoded_bytes().into());
        document.insert("pages".into(), pages.into());
        ctx.ui.json(&document)?;
    }
    ctx.ui.status(format_args!("wrote {} into '{name}'", size::counted(pages, "page")));
    Ok(Outcome::Done)
}

/// A page for the command, and for each command below it.
fn pages(command: &clap::Command) -> u64 {
    1 + command.get_subcommands().map(pages).sum::<u64>()
}
