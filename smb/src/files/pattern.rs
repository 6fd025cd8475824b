//! Wildcards of QUERY_DIRECTORY.

use super::error::{Error, Result};
use super::name::{NAME_BYTES_MAX, upper};

/// Characters that a pattern has at most. A longer one could match no name that has none of `*` and `<`.
pub const PATTERN_CHARS_MAX: usize = NAME_BYTES_MAX;

/// A pattern for names (MS-FSA 2.1.4.4), compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    upper: Vec<char>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`Error::InvalidName`] if it is empty, longer than [`PATTERN_CHARS_MAX`], or has a separator or a control character
    /// (MS-FSA 2.1.5.6.3).
    pub fn parse(text: &str) -> Result<Pattern> {
        let chars: Vec<char> = text.chars().map(upper).collect();
        let bad = |c: &char| matches!(c, '\\' | '/' | ':' | '|') || *c < ' ';
        if chars.is_empty() || chars.len() > PATTERN_CHARS_MAX || chars.iter().any(bad) {
            return Err(Error::InvalidName);
        }
        Ok(Pattern { text: text.to_owned(), upper: chars })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it could match more than one name.
    pub fn has_wildcards(&self) -> bool {
        self.upper.iter().any(|c| matches!(c, '*' | '?' | '<' | '>' | '"'))
    }

    /// Whether the name fits.
    ///
    /// The positions of the pattern that may be reached are kept as a set while the name is read, so that the work is bounded by
    /// the product of the two lengths whatever a client sends.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().map(upper).collect();
        let last_dot = name.iter().rposition(|c| *c == '.');
        let mut reached = Positions(vec![false; self.upper.len() + 1]);
        let mut after = reached.clone();
        reached.mark(0);
        for (index, c) in name.iter().enumerate() {
            after.0.fill(false);
            for at in 0..self.upper.len() {
                if reached.has(at) {
                    self.step(at, *c, last_dot == Some(index), &mut reached, &mut after);
                }
            }
            std::mem::swap(&mut reached, &mut after);
        }
        // What may stand for nothing at the end of a name is passed over.
        let optional = |c: &char| matches!(c, '*' | '<' | '>' | '"');
        (0..=self.upper.len()).any(|at| reached.has(at) && self.upper.iter().skip(at).all(optional))
    }

    /// Reads `c` at position `at`: marks what is reached without it (in `here`, always further on) and what with it (in `after`).
    fn step(&self, at: usize, c: char, is_last_dot: bool, here: &mut Positions, after: &mut Positions) {
        match self.upper.get(at) {
            Some('*') => {
                here.mark(at + 1);
                after.mark(at);
            }
            // Anything up to and with the last dot of the name, and nothing behind it.
            Some('<') => {
                here.mark(at + 1);
                after.mark(if is_last_dot { at + 1 } else { at });
            }
            // One character, or nothing before a dot.
            Some('>') if c == '.' => here.mark(at + 1),
            Some('?' | '>') => after.mark(at + 1),
            Some('"') if c == '.' => after.mark(at + 1),
            Some(literal) if *literal == c => after.mark(at + 1),
            Some(_) | None => {}
        }
    }
}

/// A set of positions in a pattern.
#[derive(Clone)]
struct Positions(Vec<bool>);

impl Positions {
    fn has(&self, at: usize) -> bool {
        self.0.get(at).copied().unwrap_or_default()
    }

    fn mark(&mut self, at: usize) {
        if let Some(place) = self.0.get_mut(at) {
            *place = true;
        }
    }
}
