//! `pond branch` without a name.

use std::io::Write as _;

use pond_history::refs::Listed;
use pond_history::short_id;
use pond_objects::escape;
use pond_refs::Namespace;
use pond_workspace::{Purpose, Workspace, open};
use unicode_width::UnicodeWidthStr as _;

use super::BranchArgs;
use super::texts;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::ref_list::{self, Facts, Patterns};
use crate::ui::color::Role;

pub(super) fn run(ctx: &Context, args: &BranchArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let template = args.form.template(&workspace)?;
    let facts = ref_list::facts(&workspace)?;
    let patterns = Patterns::short(&texts(&args.names)?, args.form.ignores_case())?;
    let refs = args.form.choose(&facts, all(&workspace, args)?, &patterns)?;
    ctx.ui.page();
    match template {
        _ if ctx.ui.is_json() => ref_list::print_json(&ctx.ui, &facts, &refs)?,
        Some(template) => ref_list::print(&ctx.ui, &facts, &refs, &template)?,
        None => print(ctx, &facts, &refs, args)?,
    }
    Ok(Outcome::Done)
}

/// HEAD, where it is on no branch, and the branches that the options ask for.
fn all(workspace: &Workspace<'_>, args: &BranchArgs) -> Result<Vec<Listed>, CommandError> {
    let here = args.all || !args.remotes;
    let mut all = Vec::new();
    let head = workspace.head();
    if let (true, None, Some(id)) = (here, &head.branch, head.commit) {
        all.push(Listed { name: None, id });
    }
    for (namespace, wanted) in [(Namespace::Branch, here), (Namespace::Remote, args.all || args.remotes)] {
        if wanted {
            let refs = workspace.snapshot().view().refs_of(namespace)?.into_iter();
            all.extend(refs.map(|(name, id)| Listed { name: Some(name), id }));
        }
    }
    Ok(all)
}

fn print(ctx: &Context, facts: &Facts<'_>, refs: &[Listed], args: &BranchArgs) -> Result<(), CommandError> {
    let workspace = facts.workspace();
    let ui = &ctx.ui;
    let names: Vec<String> = refs.iter().map(|one| shown(workspace, one, args)).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or_default();
    for (one, name) in refs.iter().zip(&names) {
        let is_head = facts.is_head(one);
        let role = match one.name.as_ref().map(|name| name.namespace()) {
            _ if is_head => Some(Role::Added),
            Some(Namespace::Remote) => Some(Role::Removed),
            _ => None,
        };
        let mut line = if is_head { "* ".to_owned() } else { "  ".to_owned() };
        match role {
            Some(role) => line.push_str(&ui.paint(role, name).to_string()),
            None => line.push_str(name),
        }
        if ui.verbosity() > 0 {
            let padding = width - name.width();
            let id = short_id(workspace.store(), &one.id);
            let subject = facts.subject(one)?;
            line.push_str(&format!("{:padding$} {id} {}", "", escape::plain(&subject)));
        }
        writeln!(ui.out(), "{line}")?;
    }
    Ok(())
}

fn shown(workspace: &Workspace<'_>, one: &Listed, args: &BranchArgs) -> String {
    let name = match &one.name {
        None => format!("(HEAD detached at {})", short_id(workspace.store(), &one.id)),
        Some(name) if args.all && name.namespace() == Namespace::Remote => name.to_string(),
        Some(name) => name.short().to_owned(),
    };
    escape::plain(name.as_bytes()).into_owned()
}
