//! The names of an instance: its label for people and its canonical path, the same everywhere (graph, generated files,
//! logs, reports, charts).

use std::fmt::Write as _;

use crate::arm::{self, Arm};

/// The short label of a process under `arms` (`p2`, `p1`, `s41`; partitions first): `fit p2.p1 s41`.
pub(crate) fn label(process: &str, arms: &[Arm]) -> String {
    let partitions = arms.iter().take_while(|arm| arm.partition().is_some()).count();
    let (data, seed) = arms.split_at(partitions);
    let mut label = process.replace(char::is_control, " ");
    for part in [data, seed].into_iter().filter(|part| !part.is_empty()) {
        label.push(' ');
        label.push_str(&arm::join(part, "."));
    }
    label
}

/// The canonical path of a process under `arms`:
/// `//*[@partition='p2']/*[@seed='41']/process[@name='fit']`.
pub(crate) fn canonical(process: &str, arms: &[Arm]) -> String {
    let mut path = String::from("//");
    for arm in arms {
        let (attribute, value) = attribute(*arm);
        let _ = write!(path, "*[@{attribute}='{value}']/");
    }
    let _ = write!(path, "process[@name={}]", literal(process));
    path
}

/// An arm as an attribute in the tree that paths select from: `partition="p2"`, `seed="41"`.
pub(crate) fn attribute(arm: Arm) -> (&'static str, String) {
    match arm {
        Arm::Partition(_) => ("partition", arm.to_string()),
        Arm::Seed(seed) => ("seed", seed.to_string()),
    }
}

/// The canonical path of a step of a process.
pub(crate) fn canonical_step(process: &str, arms: &[Arm], step: &str) -> String {
    format!("{}/step[@name={}]", canonical(process, arms), literal(step))
}

/// `name` as an XPath literal. XPath 1.0 has no escapes: a name with both kinds of quotes needs `concat`.
fn literal(name: &str) -> String {
    if !name.contains('\'') {
        format!("'{name}'")
    } else if !name.contains('"') {
        format!("\"{name}\"")
    } else {
        let parts: Vec<String> = name.split('\'').map(|part| format!("'{part}'")).collect();
        format!("concat({})", parts.join(", \"'\", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_specification() {
        let arms = |list: &[&str]| list.iter().map(|arm| arm.parse().unwrap()).collect::<Vec<Arm>>();
        assert_eq!(canonical("load", &[]), "//process[@name='load']");
        assert_eq!(canonical("train", &arms(&["p2"])), "//*[@partition='p2']/process[@name='train']");
        let deep = arms(&["p2", "p1", "s41"]);
        let path = "//*[@partition='p2']/*[@partition='p1']/*[@seed='41']/process[@name='fit']";
        assert_eq!(canonical("fit", &deep), path);
        assert_eq!(canonical_step("fit", &deep, "train_nn"), format!("{path}/step[@name='train_nn']"));
        assert_eq!(label("fit", &deep), "fit p2.p1 s41");
        assert_eq!(canonical("it's \"x\"", &[]), r#"//process[@name=concat('it', "'", 's "x"')]"#);
    }
}
