//! Which message ids a client may use (MS-SMB2 3.3.1.1), and how many more it is granted (MS-SMB2 3.3.1.2).

use std::collections::BTreeSet;

/// The command sequence window of one connection.
#[derive(Debug)]
pub struct Window {
    /// The lowest id that was not used yet.
    low: u64,
    /// Behind the highest id that was granted.
    high: u64,
    /// What was used above the lowest that was not.
    used: BTreeSet<u64>,
    /// How far the highest id may be ahead of the lowest.
    max: u64,
}

/// A message id that was not granted, or was used before: the connection is closed (MS-SMB2 3.3.5.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client used a message id that it does not have")]
pub struct OutOfWindow;

impl Window {
    /// A window with the one credit that a connection begins with.
    pub fn new(credits_max: u16) -> Window {
        Window { low: 0, high: 1, used: BTreeSet::new(), max: u64::from(credits_max.max(1)) }
    }

    /// Uses the ids of a request: as many as it is charged, and at least one.
    pub fn take(&mut self, message_id: u64, charge: u16) -> Result<(), OutOfWindow> {
        let end = message_id.checked_add(u64::from(charge.max(1))).ok_or(OutOfWindow)?;
        if message_id < self.low || end > self.high || self.used.range(message_id..end).next().is_some() {
            return Err(OutOfWindow);
        }
        self.used.extend(message_id..end);
        while self.used.remove(&self.low) {
            self.low += 1;
        }
        Ok(())
    }

    /// Grants what is asked for, as far as the window goes. A client without any credit is granted one: else it would be mute.
    pub fn grant(&mut self, asked: u16) -> u16 {
        let open = self.high - self.low;
        let unused = open - self.used.len() as u64;
        let room = self.max.saturating_sub(open);
        let least = u64::from(unused == 0);
        let granted = u64::from(asked.max(1)).min(room).max(least);
        self.high += granted;
        // No more than was asked for, or one.
        u16::try_from(granted).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{OutOfWindow, Window};

    #[test]
    fn an_id_is_used_once_and_only_if_it_was_granted() {
        let mut window = Window::new(8);
        assert_eq!(window.take(1, 1), Err(OutOfWindow), "only id 0 was granted");
        assert_eq!(window.take(0, 1), Ok(()));
        assert_eq!(window.take(0, 1), Err(OutOfWindow));
        assert_eq!(window.grant(4), 4);
        assert_eq!(window.take(3, 1), Ok(()), "in any order");
        assert_eq!(window.take(2, 2), Err(OutOfWindow), "a part of it was used");
        assert_eq!(window.take(1, 2), Ok(()));
        assert_eq!(window.take(4, 2), Err(OutOfWindow), "a part of it was not granted");
        assert_eq!(window.take(4, 0), Ok(()), "dialect 2.0.2 charges nothing and uses one");
        assert_eq!(window.take(u64::MAX, 1), Err(OutOfWindow));
    }

    #[test]
    fn no_client_holds_more_than_the_limit_or_nothing() {
        let mut window = Window::new(8);
        assert_eq!(window.take(0, 1), Ok(()));
        assert_eq!(window.grant(1000), 8);
        assert_eq!(window.grant(1000), 0);
        assert_eq!(window.take(7, 1), Ok(()), "the lowest is held back");
        assert_eq!(window.grant(1), 0);
        for id in [1, 2, 3, 4, 5, 6, 8] {
            assert_eq!(window.take(id, 1), Ok(()));
        }
        assert_eq!(window.grant(0), 1);
    }
}
