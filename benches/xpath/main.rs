//! A tree of a million instances asked by us and by lxml: `cargo bench --bench xpath`.
//!
//! `EXPOPS_TEST_PYTHON` names a Python that has lxml. Building the tree, writing it as XML and
//! parsing it are timed apart from the questions. Of each question the first answer and the best of
//! five are shown: we build an index only when a document is asked again.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use expops::xpath::{Builder, Document, Value, evaluate, parse};

const PARTITIONS: usize = 1_000;
const SEEDS: usize = 200;
const PROCESSES: [&str; 5] = ["prepare", "train", "predict", "score", "report"];
const ROUNDS: usize = 5;
const QUESTIONS: [&str; 8] = [
    "//*[@name='train']",
    "count(//*[@name='train'])",
    "//*[@partition='p500']//*[@name='train']",
    "//*[@partition='p500']/*[@seed='7']/process[@name='train']/step[@name='fit']",
    "count(//process[.//step])",
    "count(//process[position() < 3])",
    "count(//*[@name='score'][preceding-sibling::*[@name='train']])",
    "count(//step/ancestor::*[@partition])",
];

fn main() -> std::io::Result<()> {
    let started = Instant::now();
    let document = tree();
    let nodes = document.len();
    let megabytes = document.memory() / 1_000_000;
    println!("{nodes} nodes in {:.0?}, {megabytes} MB", started.elapsed());
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tree.xml");
    let started = Instant::now();
    let mut file = BufWriter::new(File::create(&path)?);
    file.write_all(document.to_xml().as_bytes())?;
    file.flush()?;
    println!("written as XML in {:.0?}", started.elapsed());
    let ours: Vec<(Duration, Duration, usize)> = QUESTIONS.iter().map(|text| ask(&document, text)).collect();
    println!("{} questions answered {ROUNDS} times in {:.0?}", QUESTIONS.len(), started.elapsed());
    let python = std::env::var("EXPOPS_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/xpath/ask_lxml.py");
    let output =
        Command::new(python).arg(script).arg(&path).arg(ROUNDS.to_string()).args(QUESTIONS).output()?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = answers.lines();
    println!("lxml: {}\n", lines.next().unwrap_or("no answer"));
    println!(
        "{:>10} {:>10} {:>10} {:>10} {:>7} {:>7}  question",
        "first", "best", "lxml first", "lxml best", "first×", "best×"
    );
    for ((text, (first, best, count)), line) in QUESTIONS.iter().zip(ours).zip(lines) {
        let (first, best) = (first.as_secs_f64(), best.as_secs_f64());
        let theirs: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [their_first, their_best, their_count] = theirs[..] else {
            println!("{:>7.2} ms {:>7.2} ms {line:>37}  {text}", first * 1e3, best * 1e3);
            continue;
        };
        assert_eq!(count as f64, their_count, "{text}");
        let row = [first, best, their_first, their_best].map(|seconds| format!("{:>7.2} ms", seconds * 1e3));
        let ratios = format!("{:>7.1} {:>7.1}", their_first / first, their_best / best);
        println!("{} {ratios}  {text}", row.join(" "));
    }
    Ok(())
}

/// The time of the first answer, of the best, and its number or count of nodes.
fn ask(document: &Document, text: &str) -> (Duration, Duration, usize) {
    let mut times = Vec::new();
    let mut count = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let expr = parse(text).expect("the questions are right");
        let value = evaluate(&expr, document, document.root()).expect("the questions are right");
        times.push(started.elapsed());
        count = match value {
            Value::NodeSet(nodes) => nodes.len(),
            Value::Number(number) => number as usize,
            _ => 0,
        };
    }
    (times[0], times.iter().min().copied().unwrap_or_default(), count)
}

fn tree() -> Document {
    let mut builder = Builder::new();
    builder.open("pipeline");
    for partition in 1..=PARTITIONS {
        builder.open("process");
        builder.attribute("name", "split");
        builder.attribute("partition", &format!("p{partition}"));
        for seed in 1..=SEEDS {
            builder.open("process");
            builder.attribute("name", "seeds");
            builder.attribute("seed", &seed.to_string());
            for name in PROCESSES {
                builder.open("process");
                builder.attribute("name", name);
                if name == "train" {
                    builder.open("step");
                    builder.attribute("name", "fit");
                    builder.close();
                }
                builder.close();
            }
            builder.close();
        }
        builder.close();
    }
    builder.finish()
}
