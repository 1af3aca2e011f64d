use super::*;

fn size(text: &str) -> Size {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> SizeError {
    text.parse::<Size>().expect_err(text)
}

#[test]
fn the_three_forms_are_read_and_printed() {
    assert_eq!(size("3"), Size::Equal(3));
    assert_eq!(size("50, 20 ,20"), Size::Counts(vec![50, 20, 20]));
    assert_eq!(size("[50,20]"), Size::Counts(vec![50, 20]));
    assert_eq!(size("7,"), Size::Counts(vec![7]));
    assert_eq!(size("[7]"), Size::Counts(vec![7]));
    let shares = vec![Share::Percent(60_000), Share::Percent(12_500), Share::Rest];
    assert_eq!(size(" 60%, 12.5 %,Rest"), Size::Shares(shares));
    for text in ["3", "50,20,20", "7,", "60%,12.5%,rest", "rest", "100%", "33.333%,rest"] {
        assert_eq!(size(text).to_string(), text);
    }
}

#[test]
fn what_cannot_be_read_is_pointed_at() {
    for (text, range) in [("", 0..0), ("three", 0..5), ("3.5", 0..3), ("50;20", 0..5), ("60%, rst,", 5..8)] {
        let error = refused(text);
        assert!(error.is_unreadable, "{text}: {error}");
        assert_eq!(error.range, Some(range), "{text}");
    }
    assert!(refused("10.1234%,rest").message.contains("three decimals"));
    assert!(refused(&"1,".repeat(100_000)).is_unreadable);
}

#[test]
fn what_makes_no_sense_is_told_from_what_cannot_be_read() {
    let cases = [
        ("0", None, "a size of `0` leaves no partition"),
        ("-3", None, "a size of `-3` is negative"),
        ("99999999999999999999999999999999999999999999", None, "absurdly large"),
        ("50,0,20", Some(3..4), "a row count of `0` makes an empty partition"),
        ("50,-1", Some(3..5), "a row count of `-1` is negative"),
        ("50,20%", Some(3..6), "row counts and shares are mixed"),
        ("60%,50%", None, "sum to 110%"),
        ("60%,30%", None, "sum to 90%"),
        ("60%,rest,rest", Some(9..13), "`rest` stands twice"),
        ("0%,rest", Some(0..2), "a share of `0%`"),
    ];
    for (text, range, message) in cases {
        let error = refused(text);
        assert!(!error.is_unreadable && error.message.contains(message), "{text}: {error}");
        assert_eq!(error.range, range, "{text}");
    }
}

#[test]
fn all_bad_entries_of_a_list_are_told() {
    let errors = Size::from_entries(&[Entry::Count(0), Entry::Count(5), Entry::Count(-1)]).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.entry).collect::<Vec<_>>(), [Some(0), Some(2)]);
    assert_eq!("60%".parse(), Ok(Entry::Percent(60_000)));
    assert!("60% x".parse::<Entry>().is_err());
}

#[test]
fn strategies_are_read_and_printed() {
    let hash = |columns: &[&str]| By::Hash(columns.iter().map(|&column| column.to_owned()).collect());
    for (text, by) in [
        ("rows", By::Rows),
        ("round_robin", By::RoundRobin),
        ("hash", By::HashRow),
        ("hash:id", hash(&["id"])),
        ("hash:id,\"last, first\",\"a\"\"b\"", hash(&["id", "last, first", "a\"b"])),
    ] {
        assert_eq!(text.parse(), Ok(by.clone()), "{text}");
        assert_eq!(by.to_string(), text);
    }
    for text in ["", "hash:", "random", "hash:a,", "rows "] {
        assert!(text.parse::<By>().is_err(), "{text}");
    }
}

#[test]
fn values_survive_json() {
    for size in [size("3"), size("50,20"), size("60%,rest")] {
        let text = serde_json::to_string(&size).unwrap();
        assert_eq!(serde_json::from_str::<Size>(&text).unwrap(), size);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_size_or_an_error(text in ".{0,40}") {
        if let Ok(size) = text.parse::<Size>() {
            proptest::prop_assert_eq!(size.to_string().parse::<Size>(), Ok(size));
        }
        if let Ok(by) = text.parse::<By>() {
            proptest::prop_assert_eq!(by.to_string().parse::<By>(), Ok(by));
        }
    }

    #[test]
    fn lists_of_numbers_and_signs_never_panic(text in "[-0-9.%, rest\\[\\]]{0,30}") {
        if let Ok(size) = text.parse::<Size>() {
            proptest::prop_assert_eq!(size.to_string().parse::<Size>(), Ok(size));
        }
    }
}
