//! Half-precision numbers.

/// The number of fewest digits that reads back as the half of these bits: 0.1, where the half is 0.0999755859375. A
/// whole one is what it is.
pub(super) fn shortest(bits: u16) -> f64 {
    let exact = exact(bits);
    if exact.fract() == 0.0 || !exact.is_finite() {
        return exact;
    }
    let read = |number: f64, digits| {
        let text: String = format!("{number:.digits$e}");
        text.parse().ok().filter(|found| reads_as(*found, bits))
    };
    // Where two are as near (0.015625), only the one farther from 0 may read back.
    let above = exact * (1.0 + f64::EPSILON);
    let found = (0..5).find_map(|digits: usize| read(exact, digits).or_else(|| read(above, digits)));
    found.unwrap_or(exact)
}

/// The number itself.
fn exact(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction / 1024.0) * 2f64.powi(i32::from(exponent) - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// Whether a half that has a fraction is the one nearest to `number`; between two, it is the one with even bits.
fn reads_as(number: f64, bits: u16) -> bool {
    let middle = |other: u16| f64::midpoint(exact(bits), exact(other)).abs();
    let (low, high, number) = (middle(bits - 1), middle(bits + 1), number.abs());
    if bits.is_multiple_of(2) { (low..=high).contains(&number) } else { low < number && number < high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_values() {
        for (bits, number) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x7BFF, 65504.0),
            (0x3555, 0.333_251_953_125),
            (0xFC00, f64::NEG_INFINITY),
        ] {
            assert_eq!(exact(bits), number);
        }
        assert!(exact(0x7E00).is_nan());
    }

    /// As NumPy, pandas and every other writer of text has them.
    #[test]
    fn fewest_digits() {
        for (bits, number) in [
            (0x2E66, 0.1),
            (0xAE66, -0.1),
            (0x0001, 6e-8),
            (0x3555, 0.3333),
            (0x63FF, 1023.5),
            (0x0400, 6.104e-5),
            (0x2400, 0.01563),
        ] {
            assert_eq!(shortest(bits), number);
        }
        assert!(shortest(0x7E00).is_nan());
    }

    #[test]
    fn each_half_has_digits_of_its_own() {
        let finite = (0..=u16::MAX).filter(|bits| exact(*bits).is_finite() && exact(*bits) != 0.0);
        let found: std::collections::HashSet<u64> = finite.map(|bits| shortest(bits).to_bits()).collect();
        assert_eq!(found.len(), 2 * (31 * 1024 - 1));
    }
}
