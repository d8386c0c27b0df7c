//! A seeded mix of faults.

use serde::{Deserialize, Serialize};

use super::Fault;

/// Probabilities of faults, each from 0 to 1, together at most 1; the rest is honest.
///
/// What a request meets depends on the seed, on what it asks and on how often that was asked, not
/// on the order in which requests of different messages come in: a run with several senders at once
/// meets the same faults again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storm {
    /// Another seed, another storm.
    pub seed: u64,
    /// [`Fault::Throttle`].
    pub throttle: f64,
    /// [`Fault::ErrorBefore`].
    pub error_before: f64,
    /// [`Fault::ErrorAfter`].
    pub error_after: f64,
    /// [`Fault::CutBefore`].
    pub cut_before: f64,
    /// [`Fault::CutAfter`].
    pub cut_after: f64,
    /// [`Fault::CutAnswer`].
    pub cut_answer: f64,
    /// [`Fault::StallThenDrop`].
    pub stall_then_drop: f64,
    /// [`Fault::StallThenAccept`].
    pub stall_then_accept: f64,
    /// [`Fault::AcceptThenStall`].
    pub accept_then_stall: f64,
    /// [`Fault::Malformed`].
    pub malformed: f64,
    /// [`Fault::Outage`].
    pub outage: f64,
    /// How long a stall lasts.
    pub stall_milliseconds: u64,
    /// How long an outage lasts.
    pub outage_milliseconds: u64,
    /// Seconds in `Retry-After`.
    pub retry_after: Option<u64>,
}

impl Default for Storm {
    fn default() -> Self {
        Self {
            seed: 0,
            throttle: 0.0,
            error_before: 0.0,
            error_after: 0.0,
            cut_before: 0.0,
            cut_after: 0.0,
            cut_answer: 0.0,
            stall_then_drop: 0.0,
            stall_then_accept: 0.0,
            accept_then_stall: 0.0,
            malformed: 0.0,
            outage: 0.0,
            stall_milliseconds: 60_000,
            outage_milliseconds: 500,
            retry_after: Some(1),
        }
    }
}

impl Storm {
    /// The fault of the `nth` request that asks `what`.
    #[must_use]
    pub fn draw(&self, what: u64, nth: u64) -> Fault {
        let milliseconds = Some(self.stall_milliseconds);
        let mix = [
            (self.throttle, Fault::Throttle { retry_after: self.retry_after }),
            (self.error_before, Fault::ErrorBefore { status: 500 }),
            (self.error_after, Fault::ErrorAfter { status: 500 }),
            (self.cut_before, Fault::CutBefore),
            (self.cut_after, Fault::CutAfter),
            (self.cut_answer, Fault::CutAnswer),
            (self.stall_then_drop, Fault::StallThenDrop { milliseconds }),
            (self.stall_then_accept, Fault::StallThenAccept { milliseconds }),
            (self.accept_then_stall, Fault::AcceptThenStall { milliseconds }),
            (self.malformed, Fault::Malformed),
            (self.outage, Fault::Outage { milliseconds: self.outage_milliseconds }),
        ];
        let mut left = unit(hash(self.seed, &[&what.to_le_bytes(), &nth.to_le_bytes()]));
        for (probability, fault) in mix {
            if left < probability {
                return fault;
            }
            left -= probability;
        }
        Fault::None
    }
}

/// FNV-1a over the parts and their lengths, then the finalizer of SplitMix64: the same in every
/// version and on every machine.
pub(crate) fn hash(seed: u64, parts: &[&[u8]]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    eat(&seed.to_le_bytes());
    for part in parts {
        eat(part);
        eat(&(part.len() as u64).to_le_bytes());
    }
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number from 0 to 1, without 1.
pub(crate) fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_the_same_again_and_keeps_its_proportions() {
        let storm = Storm { seed: 7, throttle: 0.2, cut_after: 0.1, ..Storm::default() };
        let draw =
            |storm: &Storm| -> Vec<Fault> { (0..2000).map(|what| storm.draw(what, 1)).collect() };
        let faults = draw(&storm);
        assert_eq!(faults, draw(&storm));
        assert_ne!(faults, draw(&Storm { seed: 8, ..storm.clone() }));
        let share = |name: &str| faults.iter().filter(|fault| fault.name() == name).count();
        assert!((340..460).contains(&share("throttle")), "{}", share("throttle"));
        assert!((150..250).contains(&share("cut_after")), "{}", share("cut_after"));
        assert!((1300..1500).contains(&share("none")), "{}", share("none"));
        let again: Vec<Fault> = (0..2000).map(|what| storm.draw(what, 2)).collect();
        assert_ne!(faults, again);
    }

    #[test]
    fn certainty_is_certain() {
        let always = Storm { cut_before: 1.0, ..Storm::default() };
        assert!((0..500).all(|what| always.draw(what, 0) == Fault::CutBefore));
        assert!((0..500).all(|what| Storm::default().draw(what, 0) == Fault::None));
    }
}
