//! `expops status`.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use clap::Args;
use serde_json::json;

use super::ended::Ended;
use super::location::Location;
use super::look::enter;
use super::{failed, look, say, told};
use crate::diagnostic::Diagnostics;
use crate::dry_run::{Counts, Finding, State, Survey};
use crate::exec::worker;
use crate::plan::Action;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops status                what the next build would do, process by process
                               (what is lost is seen; `expops run` makes it again)
  expops status --exit-code    exit with 1 if a build would do something
  expops status --failed       what failed last time, with the reason and the log of each
  expops status --json         the same for scripts, with each instance that is not up to date")]
pub(super) struct Flags {
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
    /// Exit with 1 unless everything is up to date
    #[arg(long)]
    exit_code: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Tell also of each instance where it last ran, how long, and what it used; and what the warm workers keep
    #[arg(short, long, conflicts_with = "json")]
    verbose: bool,
    /// Only list what failed last time; with --exit-code, exit with 1 if something did
    #[arg(long, conflicts_with_all = ["json", "verbose"])]
    failed: bool,
}

/// A row of the table: the state of one process.
#[derive(Default)]
struct Row {
    counts: Counts,
    /// Whether its environment would be made first.
    environment: bool,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let place = Location::find(&flags.project, flags.build_dir.as_deref());
    if flags.failed {
        return list_failed(&place, flags.exit_code);
    }
    let mut sink = Diagnostics::new();
    let mut survey =
        match enter(&place.project).and_then(|project| Survey::of(&project, &place.build, &mut sink)) {
            Ok(survey) => survey,
            Err(failure) => return Ended::because(&failure, &sink, flags.json),
        };
    survey.look_at_all();
    say::remarks(&survey.remarks());
    let mut processes: Vec<(&str, Row)> = Vec::new();
    for (index, looked) in survey.all.iter().enumerate() {
        if processes.last().is_none_or(|(name, _)| *name != looked.process) {
            processes.push((&looked.process, Row::default()));
        }
        if let Some((_, row)) = processes.last_mut() {
            row.counts.add(looked);
            row.environment |= survey.stale_environment(index).is_some();
        }
    }
    if flags.json {
        println!(
            "{:#}",
            json!(processes.iter().map(|(name, row)| row.json(name, &survey)).collect::<Vec<_>>())
        );
    } else {
        let width = processes.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        processes.iter().for_each(|(name, row)| println!("{name:width$}  {}", row.text()));
        for (name, why) in survey.stale_environments() {
            let because = why.damage.as_ref().map(|damage| format!(": {damage}")).unwrap_or_default();
            println!("environment {name} would be made{because}");
        }
        if flags.verbose {
            runs(&survey);
            worker::describe(&survey.layout).iter().for_each(|line| println!("{line}"));
        }
    }
    let is_fresh = survey.all.iter().all(|looked| looked.state == State::Fresh);
    if flags.exit_code && !is_fresh { Ended::Failed } else { Ended::Well }
}

/// Prints the list that a build ends with.
fn list_failed(place: &Location, with_status: bool) -> Ended {
    let (plan, layout) = match look::plan(place, false) {
        Ok(planned) => planned,
        Err(ended) => return ended,
    };
    let of = |action: Action| {
        let ended = failed::of(&layout.folder(&action.instance))?;
        Some((action.instance, (action.label, ended)))
    };
    let all: BTreeMap<_, _> = plan.actions().filter_map(of).collect();
    let failed = all.iter().map(|(instance, (label, ended))| (label.as_str(), instance.as_str(), ended));
    let text = failed::list(failed, usize::MAX, &layout);
    println!("{}", text.as_deref().unwrap_or("nothing failed"));
    if with_status && text.is_some() { Ended::Failed } else { Ended::Well }
}

/// Prints where each instance last ran, and how long that took.
fn runs(survey: &Survey) {
    let all = survey.all.iter().filter_map(|looked| Some((looked.action.label.as_str(), looked.why()?.run?)));
    let all: Vec<_> = all.collect();
    let width = all.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    all.iter().for_each(|(label, run)| println!("{label:width$}  {}", told::sentence(run)));
}

impl Row {
    fn text(&self) -> String {
        let counts = self.counts;
        let all = [
            (counts.up_to_date, "up to date"),
            (counts.would_run, "would run"),
            (counts.from_cache, "would come from the cache"),
            (counts.may_run, "may run"),
            (counts.unknown, "cannot be told"),
            (counts.failed_last_time, "failed last time"),
            (counts.dropped, "left out"),
        ];
        let some = all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        some.collect::<Vec<_>>().join(", ")
    }

    fn json(&self, name: &str, survey: &Survey) -> serde_json::Value {
        let mine = survey.all.iter().filter(|looked| looked.process == name && looked.state != State::Fresh);
        let instance = |looked: &Finding| json!({"path": looked.action.path, "target": looked.action.target, "state": looked.state.word()});
        let run = |looked: &Finding| Some(json!({"target": looked.action.target, "run": looked.why()?.run?}));
        let counts = self.counts;
        json!({
            "process": name,
            "up_to_date": counts.up_to_date,
            "would_run": counts.would_run,
            "from_cache": counts.from_cache,
            "may_run": counts.may_run,
            "unknown": counts.unknown,
            "failed_last_time": counts.failed_last_time,
            "dropped": counts.dropped,
            "environment_would_be_made": self.environment,
            "instances": mine.map(instance).collect::<Vec<_>>(),
            "runs": survey.all.iter().filter(|looked| looked.process == name).filter_map(run).collect::<Vec<_>>(),
        })
    }
}
