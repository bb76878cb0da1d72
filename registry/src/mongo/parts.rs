//! Work on many records, in as few transactions as can be: all together first, and in ever smaller parts
//! where one of the records keeps the others waiting.

use std::{collections::VecDeque, ops::Range};

/// The parts that are left to do.
pub(super) struct Parts(VecDeque<Range<usize>>);

impl Parts {
    /// The parts of so many records, each of at most so many.
    pub(super) fn of(records: usize, most: usize) -> Self {
        let most = most.max(1);
        let parts = (0..records).step_by(most);
        Self(parts.map(|from| from..records.min(from + most)).collect())
    }

    /// The next part.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        self.0.pop_front()
    }

    /// Puts a part back that is to be done in smaller ones. Returns whether there are smaller ones.
    pub(super) fn split(&mut self, part: &Range<usize>) -> bool {
        if part.len() < 2 {
            return false;
        }
        let size = part.len().isqrt();
        for from in part.clone().step_by(size).rev() {
            self.0.push_front(from..part.end.min(from + size));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_waits_is_done_in_smaller_ones_before_the_next() {
        let mut parts = Parts::of(12, 10);
        let part = parts.next().unwrap();
        assert_eq!(part, 0..10);
        assert!(parts.split(&part));
        let order: Vec<_> = std::iter::from_fn(|| parts.next()).collect();
        assert_eq!(order, [0..3, 3..6, 6..9, 9..10, 10..12]);
    }

    #[test]
    fn a_single_record_has_no_parts() {
        let mut parts = Parts::of(3, 2);
        assert_eq!(parts.next(), Some(0..2));
        assert!(parts.split(&(0..2)));
        assert_eq!(parts.next(), Some(0..1));
        assert!(!parts.split(&(0..1)));
        assert!(Parts::of(0, 5).next().is_none());
    }
}
