//! Amounts as people write them: memory (`8GB`, `512 MiB`) and time (`90s`, `2h`, `1-12:00:00`).

/// The most that is an amount: beyond that nothing adds up, and it is a slip of the pen. 1,024 TiB, ten years, and how
/// many there can be of what is counted.
pub(crate) const MOST_MEMORY: u64 = 1 << 50;
pub(crate) const MOST_TIME: u64 = 3_650 * DAY;
pub(crate) const MOST_COUNT: u32 = 100_000;

/// Units of memory: those with an `i` are powers of 1,024, the others powers of 1,000.
const BYTES: [(&str, u64); 13] = [
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("tib", 1 << 40),
];
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const SECONDS: [(&str, u64); 18] = [
    ("s", 1),
    ("sec", 1),
    ("secs", 1),
    ("second", 1),
    ("seconds", 1),
    ("m", MINUTE),
    ("min", MINUTE),
    ("mins", MINUTE),
    ("minute", MINUTE),
    ("minutes", MINUTE),
    ("h", HOUR),
    ("hr", HOUR),
    ("hour", HOUR),
    ("hours", HOUR),
    ("d", DAY),
    ("day", DAY),
    ("days", DAY),
    ("w", 7 * DAY),
];

/// Why a text is not an amount; completes the sentence "`TEXT` …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountError {
    /// It cannot be read.
    Unreadable,
    /// A number without a unit.
    NoUnit,
    /// It does not fit into 64 bits.
    TooLarge,
}

/// The bytes that `text` means: `8GB`, `512 MiB`, `1.5g`. A bare number has no meaning, except `0`.
pub(crate) fn bytes(text: &str) -> Result<u64, AmountError> {
    let (number, unit) = split(text.trim());
    counted(number, unit, &BYTES)
}

/// The seconds that `text` means: `90s`, `2h`, `1h30m`, `1:30:00`, `1-12:00:00`; a fraction of a second counts as one.
/// A bare number has no meaning, except `0`.
pub(crate) fn seconds(text: &str) -> Result<u64, AmountError> {
    let text = text.trim();
    if text.contains(':') {
        return clock(text);
    }
    let (mut sum, mut rest) = (0_u64, text);
    loop {
        let (number, unit) = split(rest);
        let end = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let part = counted(number, unit[..end].trim(), &SECONDS)?;
        sum = sum.checked_add(part).ok_or(AmountError::TooLarge)?;
        rest = &unit[end..];
        if rest.is_empty() {
            return Ok(sum);
        }
    }
}

/// `DAYS-HOURS:MINUTES:SECONDS`, `HOURS:MINUTES:SECONDS`, or `DAYS-HOURS:MINUTES`. `1:30` could be hours or minutes and
/// is refused.
fn clock(text: &str) -> Result<u64, AmountError> {
    let (days, time) = text.split_once('-').map_or((None, text), |(days, time)| (Some(days), time));
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().map_err(|_| AmountError::TooLarge))
    };
    let parts: Option<Vec<_>> = days.into_iter().chain(time.split(':')).map(number).collect();
    let parts: Vec<u64> = parts.ok_or(AmountError::Unreadable)?.into_iter().collect::<Result<_, _>>()?;
    let units: &[u64] = match (days.is_some(), parts.len()) {
        (true, 4) => &[DAY, HOUR, MINUTE, 1],
        (true, 3) => &[DAY, HOUR, MINUTE],
        (false, 3) => &[HOUR, MINUTE, 1],
        _ => return Err(AmountError::Unreadable),
    };
    let below_60 = usize::from(days.is_some()) + 1;
    if parts[below_60..].iter().any(|part| *part > 59) {
        return Err(AmountError::Unreadable);
    }
    let product = |(part, unit): (&u64, &u64)| part.checked_mul(*unit);
    let sum = parts.iter().zip(units).map(product).try_fold(0_u64, |sum, part| sum.checked_add(part?));
    sum.ok_or(AmountError::TooLarge)
}

/// The amount of memory that `number`, without a unit, most likely means: megabytes, or bytes if those would be terabytes.
pub(crate) fn likely_bytes(number: &str) -> String {
    let megabytes = || format!("{number}MB");
    let Some(bytes) = number.parse::<u64>().ok().filter(|number| *number >= 1_000_000) else {
        return megabytes();
    };
    let units = [("TiB", 1 << 40), ("TB", 1_000_000_000_000), ("GiB", 1 << 30), ("GB", 1_000_000_000)];
    let smaller = [("MiB", 1 << 20), ("MB", 1_000_000), ("B", 1)];
    let mut fitting = units.into_iter().chain(smaller).filter(|(_, factor)| bytes % factor == 0);
    fitting.next().map_or_else(megabytes, |(unit, factor)| format!("{}{unit}", bytes / factor))
}

/// The digits at the start of `text`, and what follows them.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// `number` times `unit`, rounded up.
fn counted(number: &str, unit: &str, units: &[(&str, u64)]) -> Result<u64, AmountError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
        return Err(AmountError::Unreadable);
    }
    let is_zero = number.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let factor = match units.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name)) {
        Some((_, factor)) => *factor,
        None if !unit.is_empty() => return Err(AmountError::Unreadable),
        None if is_zero => 1,
        None => return Err(AmountError::NoUnit),
    };
    let whole: u64 = whole.parse().map_err(|_| AmountError::TooLarge)?;
    let scaled = whole.checked_mul(factor).ok_or(AmountError::TooLarge)?;
    scaled.checked_add(part(fraction, factor)).ok_or(AmountError::TooLarge)
}

/// The decimal digits `fraction` of `factor`, rounded up; digits from the nineteenth on are ignored as too small.
fn part(fraction: &str, factor: u64) -> u64 {
    let digits: String = fraction.chars().take(18).collect();
    let scale = 10_u128.pow(u32::try_from(digits.len()).unwrap_or(0));
    let value: u128 = digits.parse().unwrap_or(0);
    u64::try_from((value * u128::from(factor)).div_ceil(scale)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory() {
        let cases = [("8GB", 8_000_000_000), ("512 MiB", 512 << 20), ("1.5g", 1_500_000_000), ("0", 0)];
        for (text, expected) in cases {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["lots", "", "GB", "-1GB", "8 apples", "1..5GB", "8GBs", ".5GB", "1.GB", "1e3MB", "8 G B"]
        {
            assert_eq!(bytes(text), Err(AmountError::Unreadable), "{text}");
        }
        assert_eq!(bytes("4096"), Err(AmountError::NoUnit));
        assert_eq!(bytes("99999999999999999999"), Err(AmountError::NoUnit));
        assert_eq!(bytes("99999999TB"), Err(AmountError::TooLarge));
    }

    #[test]
    fn a_large_number_of_memory_is_one_of_bytes() {
        let cases = [
            ("8", "8MB"),
            ("64000", "64000MB"),
            ("1.5", "1.5MB"),
            ("8000000000", "8GB"),
            ("8589934592", "8GiB"),
            ("1500000000", "1500MB"),
            ("8000000001", "8000000001B"),
        ];
        for (number, likely) in cases {
            assert_eq!(likely_bytes(number), likely);
        }
    }

    #[test]
    fn time() {
        let cases = [
            ("90s", 90),
            ("2h", 7_200),
            ("1h30m", 5_400),
            ("1 day 2 hours", 93_600),
            ("1.5h", 5_400),
            ("0.1s", 1),
            ("1:30:00", 5_400),
            ("1-12:00:00", 129_600),
            ("2-12:30", 217_800),
            ("0", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in
            ["whenever", "", "1:30", "1:60:00", "1:2:3:4", "2h3", "-2h", "1-2", "a-1:00:00", "2 h x", "1::2"]
        {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(seconds("90"), Err(AmountError::NoUnit));
        assert_eq!(seconds("99999999999999999999h"), Err(AmountError::TooLarge));
    }
}
