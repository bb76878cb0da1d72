//! Numbers by chance that a seed gives again.

/// A generator (xorshift, Marsaglia 2003).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator with the seed of the variable `SEED`, or one of its own, which is printed.
    #[must_use]
    pub fn from_environment() -> Self {
        let given = std::env::var("SEED").ok().and_then(|it| it.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
        println!("SEED={seed}");
        Self::new(seed)
    }

    /// A generator with that seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        // Small seeds differ in few bits; the state must not be zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Another generator that goes on independently.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self::new(self.next())
    }

    /// A number below `bound`, which must not be zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.position(choices.len())]
    }

    /// Puts things into an order by chance (Fisher-Yates).
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let chosen = self.position(last + 1);
            things.swap(last, chosen);
        }
    }

    /// A position in something of that length, which must not be empty.
    fn position(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).expect("a length");
        usize::try_from(self.below(bound)).expect("below a length")
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
