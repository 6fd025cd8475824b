//! Tables for people, JSON for scripts.

use std::io::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

use crate::cli::Format;
use crate::exit::Failure;

/// What a command found out: JSON as it is, and a text for people.
pub(crate) trait Report: Serialize {
    /// The text, without a line end at its end.
    fn for_people(&self) -> String;
}

/// Prints a report on standard output. A reader that has gone away, like `head`, is no failure.
pub(crate) fn print(report: &impl Report, format: Format) -> Result<(), Failure> {
    let text = match format {
        Format::Table => report.for_people(),
        Format::Json => serde_json::to_string_pretty(report).expect("a report can be written as JSON"),
    };
    line(&text)
}

/// Prints a line on standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Refused(format!("cannot print: {error}"))),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A table with these columns; a column whose title ends in `#` holds numbers and is aligned to the right.
pub(crate) fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().map(|title| Cell::new(title.trim_end_matches('#'))));
    for row in rows {
        table.add_row(row);
    }
    for (place, title) in columns.iter().enumerate() {
        if let Some(column) = table.column_mut(place) {
            column.set_padding((u16::from(place != 0), 1));
            if title.ends_with('#') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A number and its noun: `1 lease`, `2 leases`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
