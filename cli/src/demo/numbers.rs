//! Numbers that look random and are the same every time.

/// A sequence of numbers (SplitMix64; Steele, Lea and Flood, 2014).
pub(super) struct Numbers(u64);

impl Numbers {
    /// The sequence that `seed` begins.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, below `bound`.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        match (mixed ^ (mixed >> 31)).checked_rem(bound) {
            Some(number) => number,
            None => 0,
        }
    }

    /// One of `choices`.
    pub(super) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_within_bounds() {
        let mut first = Numbers::new(7);
        let mut second = Numbers::new(7);
        for bound in 1..1000 {
            let number = first.below(bound);
            assert!(number < bound);
            assert_eq!(number, second.below(bound));
        }
        assert_eq!(first.below(0), 0);
    }
}
