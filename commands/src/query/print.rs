//! Answers as tables on stdout.

use std::io::Write as _;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};

use super::{Failure, Rows, cells};
use crate::ui::Ui;
use crate::ui::color::Role;
use crate::ui::grid::Grid;

/// Prints rows as a table that fits the terminal, all of it in a pipe, and gives their number. A plan is printed line by line.
pub(crate) fn print_table(ui: &Ui, mut rows: Rows<'_>, says_how_many: bool) -> Result<u64, Failure> {
    let terminal = ui.is_terminal().then(|| ui.width());
    let is_plan = is_plan(rows.schema());
    let mut grid = Grid::new(cells::columns(rows.schema()), terminal, ui.has_color());
    let mut count = 0;
    while let Some(batch) = rows.next()? {
        count += batch.num_rows() as u64;
        if terminal.is_none() || is_plan {
            rows.begin_printing();
        }
        match is_plan {
            true => print_plan(ui, &batch)?,
            false => {
                let mut out = ui.out();
                cells::each_row(&batch, |cells| grid.row(&mut out, cells).map_err(Failure::from))?;
            }
        }
    }
    rows.begin_printing();
    if !is_plan {
        grid.finish(&mut ui.out(), says_how_many && !ui.is_quiet())?;
    }
    Ok(count)
}

/// Whether the rows are the plans that EXPLAIN gives.
fn is_plan(schema: &Schema) -> bool {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    names == ["plan_type", "plan"]
}

fn print_plan(ui: &Ui, batch: &RecordBatch) -> Result<(), Failure> {
    let texts = |at: usize| cast(batch.column(at), &DataType::Utf8);
    let (kinds, plans) = (texts(0)?, texts(1)?);
    let (kinds, plans) = (kinds.as_string::<i32>(), plans.as_string::<i32>());
    let mut out = ui.out();
    for row in 0..batch.num_rows() {
        let kind = kinds.value(row).replace('_', " ");
        writeln!(out, "{}", ui.paint(Role::Heading, kind.to_lowercase()))?;
        let lines = if plans.is_valid(row) { plans.value(row) } else { "" };
        for line in lines.trim_end().lines() {
            writeln!(out, "  {}", pond_objects::escape::prose(line.as_bytes()))?;
        }
    }
    Ok(())
}
