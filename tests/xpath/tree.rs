//! Random documents: mixed content of few names, and trees of the shape of a pipeline's.

use expops::xpath::{Builder, Document};

use crate::random::Random;

pub(crate) const NAMES: [&str; 6] = ["a", "b", "c", "d", "div", "process"];
pub(crate) const ATTRIBUTES: [&str; 7] = ["a", "b", "name", "x", "partition", "xml:lang", "xml:id"];
pub(crate) const VALUES: [&str; 24] = [
    "",
    "1",
    "2",
    "3",
    "10",
    "-1",
    "0.5",
    " 7 ",
    "1e3",
    "a",
    "b",
    "train",
    "p1",
    "p2",
    "p10",
    "x y",
    " x  y ",
    "é",
    "日本語",
    "<&>\"'",
    "line\nline\ttab\rend",
    "NaN",
    "i1 i2",
    "-",
];
const LANGUAGES: [&str; 5] = ["en", "en-GB", "EN-us", "de", ""];
pub(crate) const IDS: [&str; 4] = ["i1", "i2", "i3", "é4"];
pub(crate) const TARGETS: [&str; 3] = ["p", "q", "a"];

/// A document of at most a few dozen nodes.
pub(crate) fn document(random: &mut Random) -> Document {
    match random.below(5) {
        0 => pipeline(random),
        _ => mixed(random),
    }
}

fn mixed(random: &mut Random) -> Document {
    let mut builder = Builder::new();
    outside(random, &mut builder);
    let mut left = 1 + random.below(40);
    // No XML document has an ID twice.
    let mut ids = IDS.to_vec();
    element(random, &mut builder, (&mut left, &mut ids), 0);
    outside(random, &mut builder);
    builder.finish()
}

/// Comments and instructions before and after the outermost element.
fn outside(random: &mut Random, builder: &mut Builder) {
    while random.chance(15) {
        aside(random, builder);
    }
}

fn aside(random: &mut Random, builder: &mut Builder) {
    match random.below(2) {
        0 => builder.comment(random.pick(&["", "1", " note ", "a"])),
        _ => builder.processing_instruction(random.pick(&TARGETS), random.pick(&["", "2", "x='1'"])),
    }
}

fn element(
    random: &mut Random,
    builder: &mut Builder,
    (left, ids): (&mut usize, &mut Vec<&str>),
    depth: usize,
) {
    builder.open(random.pick(&NAMES));
    for _ in 0..random.below(4) {
        let name = random.pick(&ATTRIBUTES);
        let value = match name {
            "xml:lang" => random.pick(&LANGUAGES),
            "xml:id" => match ids.pop() {
                Some(id) => id,
                None => continue,
            },
            _ => random.pick(&VALUES),
        };
        builder.attribute(name, value);
    }
    let wanted = random.below(7);
    for _ in 0..wanted {
        if *left == 0 {
            break;
        }
        *left -= 1;
        match random.below(10) {
            0 | 1 => builder.text(random.pick(&VALUES)),
            2 => aside(random, builder),
            _ if depth < 12 => element(random, builder, (left, ids), depth + 1),
            _ => builder.text("deep"),
        }
    }
    builder.close();
}

fn pipeline(random: &mut Random) -> Document {
    let mut builder = Builder::new();
    builder.open("pipeline");
    let partitions = 1 + random.below(11);
    let is_seeded = random.chance(50);
    process(&mut builder, &[("name", "load")]);
    for partition in 1..=partitions {
        let partition = format!("p{partition}");
        open_process(&mut builder, &[("name", "split"), ("partition", &partition)]);
        for seed in if is_seeded { &["41", "42"][..] } else { &[""] } {
            if is_seeded {
                open_process(&mut builder, &[("name", "seeds"), ("seed", seed)]);
            }
            open_process(&mut builder, &[("name", "train")]);
            for step in 0..random.below(3) {
                builder.open("step");
                builder.attribute("name", random.pick(&["fit", "train_nn", "a"]));
                builder.attribute("x", &step.to_string());
                builder.close();
            }
            builder.close();
            process(&mut builder, &[("name", "a")]);
            if is_seeded {
                builder.close();
            }
        }
        builder.close();
    }
    builder.finish()
}

fn process(builder: &mut Builder, attributes: &[(&str, &str)]) {
    open_process(builder, attributes);
    builder.close();
}

fn open_process(builder: &mut Builder, attributes: &[(&str, &str)]) {
    builder.open("process");
    attributes.iter().for_each(|(name, value)| builder.attribute(name, value));
}
