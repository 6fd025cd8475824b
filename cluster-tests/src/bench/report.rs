//! The figures as a table for people and as JSON for scripts.

use std::fmt;

use comfy_table::{Cell, Color, Table, presets};
use serde::Serialize;

use super::machine::Machine;

/// Everything that one run of the bench found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What it ran on.
    pub machine: Machine,
    /// What was compared with, if anything.
    pub etcd: Option<String>,
    /// The figures in the order of measuring.
    pub figures: Vec<Figure>,
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// Tenure's value.
    pub tenure: f64,
    /// The same of etcd, if it has the like and was run.
    pub etcd: Option<f64>,
    /// What both are counted in.
    pub unit: &'static str,
    /// What is asked of it. None for a figure that only explains another.
    pub bar: Option<Bar>,
    /// More about it: quantiles, rounds, attachments.
    pub detail: String,
}

/// What is asked of a figure.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// At least this value.
    AtLeast(f64),
    /// At most this value.
    AtMost(f64),
    /// At least this many times etcd's value of the same run.
    AtLeastTimesEtcd(f64),
    /// At most this many times etcd's value of the same run.
    AtMostTimesEtcd(f64),
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bar::AtLeast(value) => write!(f, "≥ {}", number(*value)),
            Bar::AtMost(value) => write!(f, "≤ {}", number(*value)),
            Bar::AtLeastTimesEtcd(times) => write!(f, "≥ {times} × etcd"),
            Bar::AtMostTimesEtcd(times) => write!(f, "≤ {times} × etcd"),
        }
    }
}

impl Figure {
    /// Whether its bar is reached. None without a bar, or without the etcd figure that the bar refers to.
    pub fn passed(&self) -> Option<bool> {
        match self.bar? {
            Bar::AtLeast(value) => Some(self.tenure >= value),
            Bar::AtMost(value) => Some(self.tenure <= value),
            Bar::AtLeastTimesEtcd(times) => Some(self.tenure >= times * self.etcd?),
            Bar::AtMostTimesEtcd(times) => Some(self.tenure <= times * self.etcd?),
        }
    }

    /// How many times etcd's value it is.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.tenure / self.etcd?)
    }
}

impl Report {
    /// The names of the figures that miss their bars.
    pub fn missed(&self) -> Vec<&str> {
        self.figures.iter().filter(|figure| figure.passed() == Some(false)).map(|figure| figure.name.as_str()).collect()
    }

    /// The same as a table in Markdown.
    pub fn markdown(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN).set_header(["figure", "Tenure", "etcd", "ratio", "bar", ""]);
        for figure in &self.figures {
            let verdict = figure.passed().map(|passed| if passed { "reached" } else { "missed" });
            table.add_row([
                figure.name.clone(),
                format!("{} {}", number(figure.tenure), figure.unit),
                figure.etcd.map(|value| format!("{} {}", number(value), figure.unit)).unwrap_or_default(),
                figure.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
                figure.bar.map(|bar| bar.to_string()).unwrap_or_default(),
                verdict.unwrap_or_default().to_owned(),
            ]);
        }
        table.to_string()
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["figure", "Tenure", "etcd", "ratio", "bar", "", "detail"]);
        for figure in &self.figures {
            let verdict = match figure.passed() {
                Some(true) => Cell::new("reached").fg(Color::Green),
                Some(false) => Cell::new("missed").fg(Color::Red),
                None => Cell::new(""),
            };
            table.add_row([
                Cell::new(&figure.name),
                Cell::new(format!("{} {}", number(figure.tenure), figure.unit)),
                Cell::new(figure.etcd.map(|value| format!("{} {}", number(value), figure.unit)).unwrap_or_default()),
                Cell::new(figure.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default()),
                Cell::new(figure.bar.map(|bar| bar.to_string()).unwrap_or_default()),
                verdict,
                Cell::new(&figure.detail),
            ]);
        }
        let machine = &self.machine;
        format!(
            "{table}\n{} processors ({}), load average {:.1} before and {:.1} after; 4 KiB write and fdatasync {:.3} ms, loopback round trip {:.3} ms; etcd {}",
            machine.processors,
            machine.model,
            machine.load_before,
            machine.load_after,
            machine.sync_ms,
            machine.round_trip_ms,
            self.etcd.as_deref().unwrap_or("not run"),
        )
    }
}

/// A value with the digits that mean something.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => {
            // Thousands apart, so that a person sees the size at once.
            let digits = format!("{value:.0}");
            let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
            groups.join(" ")
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(tenure: f64, etcd: Option<f64>, bar: Option<Bar>) -> Figure {
        Figure { name: "x".to_owned(), tenure, etcd, unit: "ms", bar, detail: String::new() }
    }

    #[test]
    fn a_bar_against_etcd_is_undecided_without_etcd() {
        assert_eq!(figure(1.0, None, Some(Bar::AtMostTimesEtcd(0.9))).passed(), None);
        assert_eq!(figure(1.0, Some(1.2), Some(Bar::AtMostTimesEtcd(0.9))).passed(), Some(true));
        assert_eq!(figure(1.0, Some(1.0), Some(Bar::AtMostTimesEtcd(0.9))).passed(), Some(false));
        assert_eq!(figure(4.0, Some(1.0), Some(Bar::AtLeastTimesEtcd(4.0))).passed(), Some(true));
        assert_eq!(figure(3.9, Some(1.0), Some(Bar::AtLeastTimesEtcd(4.0))).passed(), Some(false));
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(1_234_567.4), "1 234 567");
        assert_eq!(number(999.5), "1000");
        assert_eq!(number(0.123_45), "0.123");
    }
}
