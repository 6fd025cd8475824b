//! A sorted list that is nearly always of one.

/// A list that keeps a single item in place: a million files have one open and one lease each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum List<T> {
    #[default]
    Empty,
    One(T),
    Many(Vec<T>),
}

impl<T> List<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            List::Empty => &[],
            List::One(item) => std::slice::from_ref(item),
            List::Many(items) => items,
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            List::Empty => &mut [],
            List::One(item) => std::slice::from_mut(item),
            List::Many(items) => items,
        }
    }

    /// Puts one more in.
    pub(crate) fn insert(&mut self, at: usize, item: T) {
        *self = match std::mem::take(self) {
            List::Empty => List::One(item),
            List::One(other) if at == 0 => List::Many(vec![item, other]),
            List::One(other) => List::Many(vec![other, item]),
            List::Many(mut items) => {
                items.insert(at, item);
                List::Many(items)
            }
        };
    }

    /// Takes one out that is there.
    pub(crate) fn remove(&mut self, at: usize) -> T {
        match std::mem::take(self) {
            List::Empty => unreachable!("there is nothing to take out"),
            List::One(item) => item,
            List::Many(mut items) => {
                let item = items.remove(at);
                *self = if items.len() == 1 { items.pop().map_or(List::Empty, List::One) } else { List::Many(items) };
                item
            }
        }
    }
}
