//! Where on the disk the entries lie: one point for every few kilobytes, and the rest is found by reading on from it.

use std::collections::VecDeque;

/// The entries from `first` on lie at this place, one after the other, up to the next point.
#[derive(Debug, Clone, Copy)]
struct Point {
    first: u64,
    segment: u64,
    offset: u64,
}

/// A run of entries on the disk: reading on from `offset` finds `start..end`, possibly after some entries before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) segment: u64,
    pub(super) offset: u64,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// The points, in order of their entries.
#[derive(Debug, Default)]
pub(super) struct Index {
    points: VecDeque<Point>,
}

impl Index {
    pub(super) fn push(&mut self, first: u64, segment: u64, offset: u64) {
        self.truncate(first);
        self.points.push_back(Point { first, segment, offset });
    }

    /// The entries from this one on are no longer where the points say.
    pub(super) fn truncate(&mut self, from: u64) {
        while self.points.back().is_some_and(|point| point.first >= from) {
            self.points.pop_back();
        }
    }

    /// Forgets points that are only needed for entries before this one.
    pub(super) fn forget_before(&mut self, first: u64) {
        while self.points.get(1).is_some_and(|second| second.first <= first) {
            self.points.pop_front();
        }
    }

    pub(super) fn drop_segment(&mut self, segment: u64) {
        while self.points.front().is_some_and(|point| point.segment <= segment) {
            self.points.pop_front();
        }
    }

    /// The runs in which the entries of `from..to` lie.
    pub(super) fn pieces(&self, from: u64, to: u64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = self.points.partition_point(|point| point.first <= from).saturating_sub(1);
        let mut start = from;
        while let Some(point) = self.points.get(at).filter(|point| start < to && point.first <= start) {
            let end = self.points.get(at + 1).map_or(to, |next| next.first.min(to));
            pieces.push(Piece { segment: point.segment, offset: point.offset, start, end });
            start = end;
            at += 1;
        }
        pieces
    }
}
