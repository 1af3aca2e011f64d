//! Numbers for tests that do the same in each run.

/// A generator of random numbers that repeats itself (splitmix64).
pub struct Random(pub u64);

/// The number that a variable of the environment says.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

impl Random {
    /// With the seed that `EXPOPS_TEST_SEED` says, or 1; it is shown where the test fails.
    pub fn seeded() -> Self {
        let seed = number("EXPOPS_TEST_SEED").unwrap_or(1);
        println!("EXPOPS_TEST_SEED={seed}");
        Self(seed)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
