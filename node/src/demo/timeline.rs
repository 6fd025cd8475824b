//! What the person who watches reads: one line for each thing that happens, and something that moves while nothing does.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Prints the story as it happens. On a terminal it has colours, and shows what is waited for; elsewhere it is plain lines.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    began: Instant,
    colours: bool,
    waiting: ProgressBar,
}

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// The story goes on.
    Plain,
    /// Something that was hoped for.
    Good,
    /// Something that hurts.
    Bad,
}

/// Columns that the name of whoever acts has.
const ACTOR_WIDTH: usize = 9;

impl Timeline {
    /// The story begins now.
    pub(super) fn begin() -> Timeline {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Timeline { began: Instant::now(), colours, waiting: ProgressBar::hidden() }
    }

    /// A line without a time: a heading, an explanation.
    pub(super) fn tell(&self, text: impl Display) {
        self.print(&text.to_string());
    }

    /// The heading of an act.
    pub(super) fn act(&self, title: &str) {
        self.print(&format!("\n{}", self.coloured("1", title)));
    }

    /// Somebody does something.
    pub(super) fn say(&self, mood: Mood, actor: impl Display, text: impl Display) {
        let time = format!("{:>7.3}s", self.began.elapsed().as_secs_f64());
        let actor = format!("{:<ACTOR_WIDTH$}", actor.to_string());
        let text = text.to_string();
        let text = match mood {
            Mood::Plain => text,
            Mood::Good => self.coloured("32", &text),
            Mood::Bad => self.coloured("31", &text),
        };
        self.print(&format!("{}  {} {text}", self.coloured("2", &time), self.coloured("36", &actor)));
    }

    /// A check at the end, and whether it held.
    pub(super) fn check(&self, held: bool, text: impl Display) {
        let mark = if held { self.coloured("32", "ok    ") } else { self.coloured("31;1", "FAILED") };
        self.print(&format!("  {mark}  {text}"));
    }

    /// Waits for something and shows that it does; with the time that it is expected to take, how far that is.
    pub(super) async fn wait<T>(&self, what: &str, expected: Option<Duration>, until: impl Future<Output = T>) -> T {
        if !std::io::stderr().is_terminal() {
            return until.await;
        }
        let bar = match expected {
            Some(time) => ProgressBar::new(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
                .with_style(ProgressStyle::with_template("           {bar:30} {msg}").expect("the template is right")),
            None => ProgressBar::new_spinner()
                .with_style(ProgressStyle::with_template("           {spinner} {msg}").expect("the template is right")),
        };
        let shown = Timeline { waiting: bar.with_message(what.to_owned()), ..self.clone() };
        let began = Instant::now();
        let mut until = std::pin::pin!(until);
        let mut every = tokio::time::interval(Duration::from_millis(50));
        loop {
            tokio::select! {
                value = &mut until => {
                    shown.waiting.finish_and_clear();
                    return value;
                }
                _ = every.tick() => {
                    match expected {
                        Some(_) => shown.waiting.set_position(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)),
                        None => shown.waiting.tick(),
                    }
                }
            }
        }
    }

    fn print(&self, line: &str) {
        self.waiting.suspend(|| {
            // Whoever reads may have gone, like `head`; the story is played to its end all the same, so that nothing is left behind.
            let _gone = writeln!(std::io::stdout().lock(), "{line}");
        });
    }

    fn coloured(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A length of time as a person says it.
pub(super) fn spoken(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{} ms", time.as_millis()) } else { format!("{:.2} s", time.as_secs_f64()) }
}
