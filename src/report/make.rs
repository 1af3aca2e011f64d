//! Assembles the document, and keeps it small.

use std::collections::{BTreeMap, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value as Json};

use super::document::{Detail, Document, Instance, Project, VERSION};
use super::history::{self, History};
use super::look::Look;
use super::{charts, detail, pipeline};
use crate::file;
use crate::journal::Journal;
use crate::layout::{Folder, Layout};
use crate::numbers::Plain;
use crate::picture::Direction;
use crate::settings::FailureKind;

/// How many bytes the details of instances may take, without images.
const DETAILS: usize = 1_500_000;
/// How many bytes the metrics may take.
const METRICS: usize = 1_700_000;
/// How many failed instances of a process get details.
const FAILED: usize = 20;
/// How many of its slowest and how many of its first instances do.
const SOME: usize = 3;
/// How many more do, if there is room: those that the last build ran, then others.
const MORE: usize = 40;

/// The journal of a build folder.
pub(crate) fn journal(build: &Utf8Path) -> Utf8PathBuf {
    Layout::new(build).journal()
}

/// The document about a project.
pub(crate) fn document(look: &Look<'_>) -> Document {
    let survey = look.survey;
    let numbers: HashMap<&str, usize> =
        survey.all.iter().enumerate().map(|(i, looked)| (looked.action.instance.as_str(), i)).collect();
    let find = |instance: &str| numbers.get(instance).copied();
    let journal = Journal::new(survey.layout.journal());
    let mut history = history::read(journal.entries(), find, &|index| survey.all[index].upstreams.clone());
    if !look.has_values {
        let failures = history.timeline.iter_mut().flat_map(|timeline| &mut timeline.failures);
        failures.for_each(|failure| failure.message = None);
    }
    let mut left_out = Vec::new();
    let instances = instances(look, &history, &mut left_out);
    let details = details(look, &history, &mut left_out);
    Document {
        version: VERSION,
        made_by: concat!("expops ", env!("CARGO_PKG_VERSION")).to_owned(),
        made_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64),
        project: Project {
            name: look.graph.pipeline.name.clone(),
            file: look.graph.pipeline.source.name().to_owned(),
        },
        has_values: look.has_values,
        left_out,
        layers: pipeline::layers(look),
        processes: pipeline::processes(look, &|index| history.running.contains(&index)),
        picture: pipeline::picture(look, Direction::Right),
        tall_picture: pipeline::picture(look, Direction::Down),
        instances,
        details,
        charts: charts::all(look, &find),
        builds: history.builds,
        timeline: history.timeline,
    }
}

fn instances(look: &Look<'_>, history: &History, left_out: &mut Vec<String>) -> Vec<Instance> {
    let mut instances = Vec::with_capacity(look.survey.all.len());
    let mut metrics = Vec::with_capacity(look.survey.all.len());
    for (id, _) in look.graph.pipeline.iter() {
        for index in look.instances(id) {
            let looked = &look.survey.all[index];
            let arms = looked.action.instance.split_once('/').map_or("", |(_, arms)| arms);
            instances.push(Instance {
                process: id.0,
                arms: arms.to_owned(),
                state: looked.state.word(),
                running: history.running.contains(&index),
                failed: looked.failed_last_time,
                dropped: looked.dropped.map(FailureKind::name),
                last: history.last.get(&index).cloned(),
                metrics: None,
                steps: None,
            });
            metrics.push(logged(&looked.folder));
        }
    }
    if let Some(points) = thin(&mut metrics) {
        left_out.push(match points {
            0 => "the metrics: they are too large for one page; `expops metrics` has them".to_owned(),
            points => {
                format!("of longer series of metrics, all but {points} values; `expops metrics` has them")
            }
        });
    }
    for (instance, (metrics, steps)) in instances.iter_mut().zip(metrics) {
        (instance.metrics, instance.steps) = (raw(metrics), raw(steps));
    }
    instances
}

/// The metrics of a process and those of its steps, as they were logged.
fn logged(folder: &Folder) -> (Json, Json) {
    let text = file::read_regular_text(folder.metrics()).unwrap_or_default();
    let mut all: Json = serde_json::from_str(&text).unwrap_or_default();
    let mut take = |key: &str| all.get_mut(key).map(Json::take).unwrap_or_default();
    (take("metrics"), take("steps"))
}

fn raw(metrics: Json) -> Option<Box<RawValue>> {
    let is_empty = metrics.as_object().is_none_or(Map::is_empty);
    if is_empty { None } else { to_raw_value(&Plain(&metrics)).ok() }
}

/// Thins out long series until the whole is small enough; returns the length to which they were cut, if they were.
fn thin(metrics: &mut [(Json, Json)]) -> Option<usize> {
    let size = |metrics: &[(Json, Json)]| {
        metrics.iter().map(|(process, steps)| bytes(process) + bytes(steps)).sum::<usize>()
    };
    let mut points =
        metrics.iter().map(|(process, steps)| longest(process).max(longest(steps))).max().unwrap_or_default();
    let mut left = None;
    loop {
        let size = size(metrics);
        if size <= METRICS {
            break;
        }
        points = points * METRICS / size;
        points = if points < 2 { 0 } else { points };
        left = Some(points);
        for (process, steps) in metrics.iter_mut() {
            if points == 0 {
                (*process, *steps) = Default::default();
            } else {
                thin_all(process, points);
                steps
                    .as_object_mut()
                    .into_iter()
                    .flat_map(Map::values_mut)
                    .for_each(|step| thin_all(step, points));
            }
        }
    }
    left
}

/// The number of entries in the largest mapping inside a value.
fn longest(value: &Json) -> usize {
    let all = value.as_object().into_iter().flat_map(Map::values);
    all.map(longest).max().unwrap_or_default().max(value.as_object().map_or(0, Map::len))
}

fn thin_all(metrics: &mut Json, points: usize) {
    for series in metrics.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let Some(series) = series.as_object_mut().filter(|series| series.len() > points) else { continue };
        let (mut at, last, each) = (0, series.len() - 1, series.len().div_ceil(points));
        series.retain(|_, _| {
            at += 1;
            (at - 1) % each == 0 || at - 1 == last
        });
    }
}

/// The length of a value as JSON.
fn bytes(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

/// Details of each process's failed, slowest and first instances.
fn details(look: &Look<'_>, history: &History, left_out: &mut Vec<String>) -> BTreeMap<usize, Detail> {
    let mut details = BTreeMap::new();
    let mut room = DETAILS;
    let all: Vec<Vec<usize>> = look.graph.pipeline.iter().map(|(id, _)| told(look, history, id)).collect();
    let most = all.iter().map(Vec::len).max().unwrap_or_default();
    // The processes take turns, so that none uses up the room of the others.
    for turn in 0..most {
        for index in all.iter().filter_map(|list| list.get(turn)) {
            let detail = detail::of(look, *index, detail::TAIL);
            let Some(rest) = room.checked_sub(detail.bytes()) else {
                left_out.push("details of some instances; `expops view` has them".to_owned());
                return details;
            };
            room = rest;
            details.insert(*index, detail);
        }
    }
    details
}

/// The instances of a process that get details, most important first.
fn told(look: &Look<'_>, history: &History, process: crate::pipeline::ProcessId) -> Vec<usize> {
    let all = look.instances(process);
    let failed = all.clone().filter(|index| look.survey.all[*index].failed_last_time).take(FAILED);
    let took = |index: &usize| history.last.get(index).map_or(0.0, |last| last.ran);
    let mut slowest: Vec<usize> = all.clone().filter(|index| took(index) > 0.0).collect();
    slowest.sort_by(|a, b| took(b).total_cmp(&took(a)));
    let mut told: Vec<usize> = Vec::new();
    let spans = history.timeline.iter().flat_map(|timeline| &timeline.spans).map(|span| span.instance);
    let ran = spans.filter(|index| all.contains(index)).take(MORE);
    let important = all.clone().take(SOME).chain(failed).chain(slowest.into_iter().take(SOME));
    for index in important.chain(ran).chain(all.clone().take(MORE)) {
        if !told.contains(&index) {
            told.push(index);
        }
    }
    told
}

impl Detail {
    /// Its length as JSON, without images.
    fn bytes(&self) -> usize {
        let heads = self.outputs.iter().chain(&self.files).filter_map(|output| output.head.as_ref());
        let images = heads.map(|head| match head {
            super::document::Head::Image { url } => url.len(),
            _ => 0,
        });
        bytes(self) - images.sum::<usize>()
    }
}
