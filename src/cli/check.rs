//! `expops check`.

use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::json;

use super::ended::Ended;
use super::{complete, labels, location, look};
use crate::exec::{Failure, Instance};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops check --repeat train@p2     run the instance twice, and name the keys that differ
  expops check --repeat train        the same for all instances of a process

What is built stays as it is. The status is 1 if something differs.")]
pub(super) struct Flags {
    /// Run these processes or instances twice, out of sight, and compare what they make
    #[arg(long, value_name = "LABEL", num_args = 1.., add = ArgValueCompleter::new(complete::targets), required = true)]
    repeat: Vec<String>,
    #[command(flatten)]
    place: location::Folders,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let (plan, layout) = match look::plan(&flags.place.place(), flags.json) {
        Ok(planned) => planned,
        Err(ended) => return ended,
    };
    let all = match labels::all(&plan, &flags.repeat) {
        Ok(all) => all,
        Err(ended) => return ended,
    };
    let mut is_same = true;
    let mut told = Vec::new();
    for action in all {
        match Instance::open(&action.instance, &layout).and_then(|instance| instance.repeat()) {
            Ok(differing) => {
                is_same &= differing.is_empty();
                if flags.json {
                    told.push(json!({"path": action.path, "target": action.target, "differs": differing}));
                } else {
                    println!("{}: {}", action.label, verdict(&differing));
                }
            }
            Err(failure) => return Ended::failed(&named(&action.label, &failure)),
        }
    }
    if flags.json {
        println!("{:#}", json!(told));
    }
    if is_same { Ended::Well } else { Ended::Failed }
}

fn verdict(differing: &[String]) -> String {
    if differing.is_empty() {
        return "the same twice".to_owned();
    }
    format!("differs in {}", differing.join(", "))
}

fn named(label: &str, failure: &Failure) -> String {
    let text = failure.to_string();
    if text.starts_with(label) { text } else { format!("{label}: {text}") }
}
