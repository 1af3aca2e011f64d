//! Dates and times as text, from a count of units since 1970. The calendar is the proleptic Gregorian.

/// `2026-11-22`.
pub(super) fn date(days: i64) -> String {
    // Howard Hinnant's "chrono-compatible low-level date algorithms": eras of 400 years from 0000-03-01.
    let shifted = i128::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `13:58:04.5`, from a count of units since midnight, `per_second` of which make a second.
pub(super) fn time(count: i64, per_second: i64) -> String {
    let (seconds, fraction) = (count.div_euclid(per_second), count.rem_euclid(per_second));
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction != 0 {
        let digits = per_second.ilog10() as usize;
        text += format!(".{fraction:0digits$}").trim_end_matches('0');
    }
    text
}

/// `2026-11-22 13:58:04.5`, from a count of such units since 1970.
pub(super) fn timestamp(count: i64, per_second: i64) -> String {
    let day = 86_400 * i128::from(per_second);
    let (days, rest) = (i128::from(count).div_euclid(day), i128::from(count).rem_euclid(day));
    format!("{} {}", date(days as i64), time(rest as i64, per_second))
}

/// The text of NumPy's `datetime64[unit]`: a date for whole days; empty for NaT; `None` for units without a fixed
/// length in days.
pub(super) fn datetime(count: i64, unit: &str) -> Option<String> {
    if count == i64::MIN {
        return Some(String::new());
    }
    Some(match unit {
        "D" => date(count),
        "s" => timestamp(count, 1),
        "ms" => timestamp(count, 1_000),
        "us" => timestamp(count, 1_000_000),
        "ns" => timestamp(count, 1_000_000_000),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (20_779, "2026-11-22"),
            (11_016, "2000-02-29"),
            (-719_528, "0000-01-01"),
        ] {
            assert_eq!(date(days), text);
        }
        assert_eq!(timestamp(-1, 1_000), "1969-12-31 23:59:59.999");
        assert_eq!(timestamp(1_500_000_000_000_000_000, 1_000_000_000), "2017-07-14 02:40:00");
        assert_eq!(time(50_284_500, 1_000), "13:58:04.5");
        assert_eq!(datetime(i64::MIN, "ns").as_deref(), Some(""));
        assert!(date(i64::MAX).ends_with(char::is_numeric));
    }
}
