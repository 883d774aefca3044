//! `pond completions`: a shell's completion script, from the same definitions as the commands.

use clap_complete::Shell;

use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};

/// Print a script that completes pond's commands and options in a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond completions bash > ~/.local/share/bash-completion/completions/pond
  pond completions zsh > ~/.zfunc/_pond
  pond completions fish > ~/.config/fish/completions/pond.fish

Exit codes: 0; 129 for an unknown shell.")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(ctx: &Context, args: CompletionsArgs) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        return Err(usage("a shell's script is no JSON").hint("leave --json out"));
    }
    // The generator writes to memory: it panics when a write fails, and a pipe may close.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut (ctx.parser)(), "pond", &mut script);
    std::io::Write::write_all(&mut ctx.ui.out(), &script)?;
    Ok(Outcome::Done)
}
