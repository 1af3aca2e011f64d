//! Charts: those drawn by a run, as images, and those that the page draws.

use super::detail;
use super::document::{Chart, ChartScript, Head, Output, Probe};
use super::head;
use super::look::Look;
use super::module;
use crate::exec::Record;
use crate::pipeline::Work;

/// All charts. Images show nothing but metrics, so they are included even without values.
pub(super) fn all(look: &Look<'_>, find: &dyn Fn(&str) -> Option<usize>) -> Vec<Chart> {
    let mut charts = Vec::new();
    for (id, process) in look.graph.pipeline.iter().filter(|(_, process)| process.chart.is_some()) {
        for instance in look.instances(id) {
            let script = match &process.work {
                Work::DynamicChart(path) => Some(script(look, path)),
                _ => None,
            };
            charts.push(Chart {
                instance,
                files: if script.is_some() { Vec::new() } else { files(look, instance) },
                probes: probes(look, instance, find),
                script,
            });
        }
    }
    charts
}

fn files(look: &Look<'_>, instance: usize) -> Vec<Output> {
    let looked = &look.survey.all[instance];
    let Some(record) = Record::read(&looked.folder) else { return Vec::new() };
    let mut files = detail::files(look, &looked.folder, &record);
    for file in files.iter_mut().filter(|file| file.head.is_none()) {
        let image = head::of(&look.survey.layout.build().join(&file.file), "file");
        file.head = image.filter(|head| matches!(head, Head::Image { .. }));
    }
    files
}

fn probes(look: &Look<'_>, instance: usize, find: &dyn Fn(&str) -> Option<usize>) -> Vec<Probe> {
    let probe = |probe: &crate::plan_file::Probe| {
        Some(Probe {
            key: probe.key.clone(),
            instance: find(&probe.instance)?,
            step: probe.step.clone(),
            alias: probe.alias.clone(),
        })
    };
    look.survey.plan(instance).probes.iter().flatten().filter_map(probe).collect()
}

fn script(look: &Look<'_>, path: &camino::Utf8Path) -> ChartScript {
    let file = path.to_string();
    let Some(text) = look.script(path) else {
        let problem = Some(format!("`{path}` cannot be read"));
        return ChartScript { file, module: None, needs_chart_js: false, problem };
    };
    let needs_chart_js = module::uses(&text, "Chart");
    match module::for_frame(&text) {
        Ok(module) => ChartScript { file, module: Some(module), needs_chart_js, problem: None },
        Err(problem) => ChartScript { file, module: None, needs_chart_js, problem: Some(problem) },
    }
}
