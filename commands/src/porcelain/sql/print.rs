//! Answers on stdout.

use crate::context::Context;
use crate::error::CommandError;
use crate::query::{Asker, cells};
use crate::ui::grid::Grid;

/// Asks a query and prints its answer as a table.
pub(super) fn answer(ctx: &Context, asker: &Asker, text: &str) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    let mut rows = asker.ask(ctx, text).map_err(|failure| failure.told(text))?;
    let terminal = ui.is_terminal().then(|| ui.width());
    let mut grid = Grid::new(cells::columns(rows.schema()), terminal, ui.has_color());
    while let Some(batch) = rows.next().map_err(|failure| failure.told(text))? {
        if terminal.is_none() {
            rows.begin_printing();
        }
        let mut out = ui.out();
        cells::each_row(&batch, |cells| grid.row(&mut out, cells).map_err(CommandError::from))?;
    }
    rows.begin_printing();
    grid.finish(&mut ui.out(), !ui.is_quiet())?;
    Ok(())
}
