//! Chance that is the same again for the same seed.

use std::time::Duration;

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): small, and the same on every machine.
#[derive(Clone)]
pub struct Chance(u64);

impl Chance {
    /// Each part of a run draws by itself, so that the order in which they run changes nothing.
    pub fn new(seed: u64, part: u64) -> Self {
        let mut chance = Self(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ part.wrapping_mul(0xd1b5_4a32_d192_ed03),
        );
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or_default()
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        (self.next() >> 11) as f64 / ((1_u64 << 53) as f64) < probability
    }

    /// A time from the first up to the second.
    pub fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let spread = longest.saturating_sub(shortest).as_millis();
        shortest + Duration::from_millis(self.below(usize::try_from(spread).unwrap_or(1)) as u64)
    }
}
