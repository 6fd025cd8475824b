//! What somebody may have meant who wrote a name that does not exist.

/// The one of `known` that is nearest to `typed`, if it is near enough to be a slip of the hand: one edit for short names, up to a
/// third of the letters for long ones. An edit is a letter added, dropped, changed, or swapped with its neighbour.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase().replace('-', "_");
    let bound = (typed.chars().count() / 3).max(1);
    let ranked = known.into_iter().map(|name| (edits(&typed, name), name));
    ranked.filter(|(edits, _)| *edits <= bound).min().map(|(_, name)| name)
}

/// The number of edits that make one word of the other (the optimal string alignment distance).
fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let changed = rows[i][j] + usize::from(l != r);
            let mut best = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
#[path = "near_tests.rs"]
mod tests;
