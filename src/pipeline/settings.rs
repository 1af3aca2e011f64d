//! How the instances of a process are run, checked against the rest of the pipeline.

use camino::Utf8Path;

use super::declared;
use super::model::{Closes, Layer, Pipeline, ProcessId};
use crate::diagnostic::{Diagnostic, Diagnostics, codes, plural};
use crate::settings::{AtLeast, Settings};
use crate::syntax::{Config, ProcessConfig};

/// The settings of one process, as far as they depend on that process alone.
pub(super) fn own(
    written: &ProcessConfig,
    config: &Config,
    root: &Utf8Path,
    sink: &mut Diagnostics,
) -> Settings {
    let settings =
        Settings { files: declared::files(written, config, root, sink), ..written.settings.clone() };
    more_amounts_than_attempts(&settings, written, config, sink);
    settings
}

/// Warns of amounts for attempts that will never be made.
fn more_amounts_than_attempts(
    settings: &Settings,
    written: &ProcessConfig,
    config: &Config,
    sink: &mut Diagnostics,
) {
    let resources = &settings.resources;
    let lengths =
        [resources.cpus.0.len(), resources.memory.0.len(), resources.time.0.len(), resources.gpus.0.len()];
    let most = lengths.into_iter().max().unwrap_or(0);
    let attempts = settings.attempts();
    if most <= usize::try_from(attempts).unwrap_or(usize::MAX) {
        return;
    }
    let message = format!(
        "`{}` has amounts for {}, and is tried only {}",
        written.name.value,
        plural(most, "attempt"),
        if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") }
    );
    let warning = Diagnostic::new(&codes::UNUSED_AMOUNT, message)
        .at(&config.source, written.place("resources"), "the last ones are never used")
        .help(format!("add `retries: {}`, or leave the last ones out", most - 1));
    sink.push(warning);
}

/// Checks `at_least` of a process that closes the layers in `closes`.
pub(super) fn at_least(
    written: &ProcessConfig,
    closes: &Closes,
    layers: &[Layer],
    config: &Config,
    sink: &mut Diagnostics,
) {
    let Some(at_least) = written.settings.at_least else { return };
    let place = written.place("at_least");
    let closed: Vec<_> = [closes.data, closes.seed].into_iter().flatten().collect();
    // An aggregation without a layer has been reported already.
    if closed.is_empty() && !written.closes() {
        let message = format!("`{}` gathers nothing, so `at_least` means nothing", written.name.value);
        let error =
            Diagnostic::new(&codes::AT_LEAST, message).at(&config.source, place, "not an aggregation");
        sink.error(error.help("remove it, or write it at the aggregation that gathers the instances"));
    }
    let arms = closed.iter().map(|id| layers[id.0].len()).fold(1, usize::saturating_mul);
    if let AtLeast::Count(count) = at_least
        && !closed.is_empty()
        && count > arms as u64
    {
        let message =
            format!("`{}` gathers {} and wants {count}", written.name.value, plural(arms, "instance"));
        let error =
            Diagnostic::new(&codes::AT_LEAST, message).at(&config.source, place, "more than there are");
        sink.error(error.help(format!("write at most {arms}, or a share such as `90%`")));
    }
}

/// The `on_failure` of a split applies to everything in its layer that has none of its own.
pub(super) fn inherit_on_failure(pipeline: &mut Pipeline) {
    for i in 0..pipeline.processes.len() {
        let process = pipeline.process(ProcessId(i));
        let layers = process.place.data.iter().rev().chain(process.place.seed.iter().rev());
        let said = |split: ProcessId| pipeline.process(split).settings.on_failure;
        let inherited = layers.map(|id| pipeline.layer(*id).split).find_map(said);
        let settings = &mut pipeline.processes[i].settings;
        settings.on_failure = settings.on_failure.or(inherited);
    }
}
