//! One arm of a layer. The only place that reads and writes arms (`p2`, `s41`, `data2`, `seed41`).

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A partition of a data layer, or a seed of a seed layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Arm {
    /// The partition of this number, counted from 1.
    Partition(u64),
    /// The copy for this seed.
    Seed(u64),
}

impl Arm {
    /// Its key when an aggregation gathers it: `data2`, `seed41`.
    pub(crate) fn label(self) -> String {
        match self {
            Self::Partition(number) => format!("data{number}"),
            Self::Seed(seed) => format!("seed{seed}"),
        }
    }

    /// The number, if it is a partition.
    pub(crate) fn partition(self) -> Option<u64> {
        match self {
            Self::Partition(number) => Some(number),
            Self::Seed(_) => None,
        }
    }

    /// The seed, if it is a seed.
    pub(crate) fn seed(self) -> Option<u64> {
        match self {
            Self::Seed(seed) => Some(seed),
            Self::Partition(_) => None,
        }
    }
}

/// `p2`, `s41`.
impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (letter, number) = match self {
            Self::Partition(number) => ('p', number),
            Self::Seed(seed) => ('s', seed),
        };
        f.write_char(letter)?;
        fmt::Display::fmt(number, f)
    }
}

/// Arms as they appear in a path, separated by `between`: `p2.p1`.
pub(crate) fn join(arms: &[Arm], between: &str) -> String {
    let mut text = String::new();
    for (i, arm) in arms.iter().enumerate() {
        text.push_str(if i == 0 { "" } else { between });
        let _ = write!(text, "{arm}");
    }
    text
}

/// Accepts exactly what [`Arm`] prints: `p02` and `p+2` are not arms.
impl FromStr for Arm {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| digits.parse::<u64>().ok();
        let arm = match text.split_at_checked(1) {
            Some(("p", digits)) => number(digits).map(Self::Partition),
            Some(("s", digits)) => number(digits).map(Self::Seed),
            _ => None,
        };
        arm.filter(|arm| arm.to_string() == text).ok_or("an arm is `p` or `s` and a number")
    }
}

impl TryFrom<String> for Arm {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Arm> for String {
    fn from(arm: Arm) -> Self {
        arm.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_arm_comes_back(number in any::<u64>()) {
            for arm in [Arm::Partition(number), Arm::Seed(number)] {
                prop_assert_eq!(arm.to_string().parse(), Ok(arm));
            }
        }

        #[test]
        fn no_other_text_is_an_arm(text in "\\PC?[0-9+ ]{0,3}") {
            if let Ok(arm) = text.parse::<Arm>() {
                prop_assert_eq!(arm.to_string(), text);
            }
        }
    }
}
