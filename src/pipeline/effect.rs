//! Warns about settings that have no effect where they stand.

use super::model::{Pipeline, Process, Work};
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::settings::OnFailure;
use crate::source::Span;
use crate::syntax::{Config, ProcessConfig};

pub(super) fn check(pipeline: &Pipeline, config: &Config, sink: &mut Diagnostics) {
    for (process, written) in pipeline.processes.iter().zip(&config.processes) {
        let one = One { pipeline, process, written, config };
        let found = [one.reuse(), one.at_least(), one.probe_paths()];
        found.into_iter().flatten().chain(one.of_chart()).for_each(|warning| sink.push(warning));
    }
    environments(pipeline, config, sink);
}

/// A process as it is, and as it is written.
struct One<'a> {
    pipeline: &'a Pipeline,
    process: &'a Process,
    written: &'a ProcessConfig,
    config: &'a Config,
}

impl One<'_> {
    fn useless(&self, place: Span, message: String, help: &str) -> Diagnostic {
        useless(self.config, place, message).help(help)
    }

    /// Only the interpreter of a function can be used again.
    fn reuse(&self) -> Option<Diagnostic> {
        if !self.process.settings.reuse || matches!(self.process.work, Work::Python(_)) {
            return None;
        }
        let message = format!("`{}` runs no function, so there is nothing to reuse", self.process.name);
        Some(self.useless(self.written.place("reuse"), message, "remove it"))
    }

    /// Without instances that may be dropped, an aggregation has all of them or does not run.
    fn at_least(&self) -> Option<Diagnostic> {
        self.process.settings.at_least?;
        let closes = [self.process.closes.data, self.process.closes.seed];
        // An aggregation without a layer has been reported already.
        if closes == [None, None] {
            return None;
        }
        let gathers = |process: &Process| {
            let stacks = process.place.data.iter().chain(&process.place.seed);
            stacks.into_iter().any(|layer| closes.contains(&Some(*layer)))
        };
        let may_drop =
            |process: &Process| gathers(process) && process.settings.on_failure == Some(OnFailure::Drop);
        if self.pipeline.processes.iter().any(may_drop) {
            return None;
        }
        let message = format!("nothing that `{}` gathers can be dropped", self.process.name);
        let help = "write `on_failure: drop` at the split or at the processes below it that may fail";
        Some(self.useless(self.written.place("at_least"), message, help))
    }

    fn probe_paths(&self) -> Option<Diagnostic> {
        let place = self.written.place("probe_paths");
        let is_empty =
            self.written.probe_paths.is_empty() && self.config.source.slice(place).starts_with('{');
        if !is_empty {
            return None;
        }
        let message = format!("`probe_paths` of `{}` is empty", self.process.name);
        Some(self.useless(place, message, "name what it plots: `probe_paths: {KEY: \"//*[@name='train']\"}`"))
    }

    /// A chart plots metrics: it takes no values, and hands none on.
    fn of_chart(&self) -> impl Iterator<Item = Diagnostic> {
        const FIELDS: [&str; 3] = ["inputs", "data_parallelism", "seed_parallelism"];
        let is_chart = self.process.chart.is_some();
        self.written.places.iter().filter(move |place| is_chart && FIELDS.contains(&place.value)).map(
            |place| {
                let message =
                    format!("`{}` is a chart, so `{}` has no effect", self.process.name, place.value);
                self.useless(place.span, message, "remove it, or write it at a process that the chart plots")
            },
        )
    }
}

/// Environments that no process runs in.
fn environments(pipeline: &Pipeline, config: &Config, sink: &mut Diagnostics) {
    for written in &config.environments {
        let name = &written.name;
        let is_used = pipeline.environments.iter().any(|used| used.name == name.value);
        if !is_used {
            let message = format!("no process runs in the environment `{}`", name.value);
            let help = format!("write `environment: {}` at those that should, or remove it", name.value);
            sink.push(useless(config, name.span, message).help(help));
        }
    }
}

fn useless(config: &Config, place: Span, message: String) -> Diagnostic {
    Diagnostic::new(&codes::NO_EFFECT, message).at(&config.source, place, "has no effect")
}
