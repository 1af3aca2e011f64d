//! `expops metrics`: what was logged, as a table.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use clap::Args;
use serde_json::{Map, Value as Json};

use super::ended::Ended;
use super::location::Location;
use super::logged::logged;
use super::look::look;
use super::refuse::refuse;
use super::tidy::{self, Metric};
use crate::arm::Arm;
use crate::driver::Checked;
use crate::graph::Graph;
use crate::layout::Layout;
use crate::numbers::{self, Plain};
use crate::probe::{self, Selected, Tree};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops metrics
  expops metrics \"//*[@name='train']\" --csv")]
pub(super) struct Flags {
    /// Which processes or steps: an XPath 1.0 expression, or the plain name of a process
    #[arg(default_value = "//process | //step")]
    expression: String,
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// Print JSON: path to metric to value; what JSON has no number for is "NaN", "Infinity", "-Infinity"
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV: a row for each value, a column for each layer
    #[arg(long)]
    csv: bool,
    /// The build folder [default: `build`, or what EXPOPS_BUILD_DIR says, or the one around the working folder]
    #[arg(long, value_name = "DIR")]
    build_dir: Option<Utf8PathBuf>,
}

pub(super) fn run(flags: &Flags) -> Ended {
    let place = Location::find(&flags.project, flags.build_dir.as_deref());
    let layout = Layout::new(place.build);
    look(&place.project, |checked, graph, _| show(flags, &layout, checked, graph))
}

fn show(flags: &Flags, layout: &Layout, checked: &Checked, graph: Graph<'_>) -> Ended {
    let tree = Tree::new(graph, &checked.steps);
    let selected = match probe::select(&flags.expression, graph, &tree) {
        Ok(selected) => selected,
        Err(unusable) => return refuse(&flags.expression, &unusable),
    };
    let rows: Vec<_> = selected.iter().filter_map(|one| row(one, graph, layout)).collect();
    if flags.json {
        let all: Map<_, _> =
            rows.iter().map(|row| (row.path.clone(), Json::Object(row.metrics.clone()))).collect();
        println!("{}", serde_json::to_string_pretty(&Plain(&Json::Object(all))).unwrap_or_default());
    } else if flags.csv {
        print!("{}", tidy::csv(&rows.iter().flat_map(Row::each).collect::<Vec<_>>()));
    } else if rows.is_empty() {
        println!("no metrics: nothing that was built has logged any");
    } else {
        print_table(&rows);
    }
    Ended::Well
}

struct Row {
    label: String,
    path: String,
    process: String,
    arms: Vec<Arm>,
    step: Option<String>,
    metrics: Map<String, Json>,
}

impl Row {
    fn each(&self) -> impl Iterator<Item = Metric<'_>> {
        self.metrics.iter().map(|(name, value)| Metric {
            process: &self.process,
            arms: &self.arms,
            step: self.step.as_deref(),
            name,
            value,
        })
    }
}

fn row(one: &Selected, graph: Graph<'_>, layout: &Layout) -> Option<Row> {
    let process = &graph.pipeline.process(one.instance.process).name;
    let folder = layout.folder(&Layout::instance(process, &graph.arms(&one.instance)));
    let Json::Object(metrics) = logged(&folder, one.step.as_deref()) else { return None };
    let label = match &one.step {
        Some(step) => format!("{} / {step}", graph.label(&one.instance)),
        None => graph.label(&one.instance),
    };
    let (process, arms, path) = (process.clone(), graph.arms(&one.instance), probe::canonical(graph, one));
    let step = one.step.clone();
    (!metrics.is_empty()).then(|| Row { label, path, process, arms, step, metrics })
}

/// The last value of a series, or the snapshot itself.
fn last(value: &Json) -> &Json {
    let series =
        value.as_object().and_then(|series| series.iter().max_by_key(|(step, _)| step.parse::<i128>().ok()));
    series.filter(|(step, _)| step.parse::<i128>().is_ok()).map_or(value, |(_, value)| value)
}

fn shown(value: &Json) -> String {
    match last(value) {
        Json::Number(number) if number.is_f64() => format!("{:.6}", number.as_f64().unwrap_or_default()),
        Json::String(text) => text.clone(),
        Json::Object(_) => numbers::text(last(value)).unwrap_or("{…}").to_owned(),
        other => other.to_string(),
    }
}

/// A table for each process: a row for each instance, with the mean and the standard deviation (of the
/// population) below.
fn print_table(rows: &[Row]) {
    let mut groups: Vec<(&str, Vec<&Row>)> = Vec::new();
    for row in rows {
        let name = row.path.rsplit("/process[").next().unwrap_or_default();
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, list)) => list.push(row),
            None => groups.push((name, vec![row])),
        }
    }
    for (i, (_, group)) in groups.iter().enumerate() {
        if i > 0 {
            println!();
        }
        print_group(group);
    }
}

fn print_group(rows: &[&Row]) {
    let mut names: Vec<&str> = Vec::new();
    rows.iter().flat_map(|row| row.metrics.keys()).for_each(|name| {
        if !names.contains(&name.as_str()) {
            names.push(name)
        }
    });
    let mut lines =
        vec![[vec![String::new()], names.iter().map(|name| (*name).to_owned()).collect()].concat()];
    for row in rows {
        let values = names.iter().map(|name| row.metrics.get(*name).map(shown).unwrap_or_default());
        lines.push([row.label.clone()].into_iter().chain(values).collect());
    }
    if rows.len() > 1 {
        let numbers: BTreeMap<&str, Vec<f64>> =
            names.iter().map(|name| (*name, numbers(rows, name))).collect();
        let summary = |title: &str, of: fn(&[f64]) -> f64| {
            let value = |name: &&str| match numbers[*name].as_slice() {
                [] => String::new(),
                list => format!("{:.6}", of(list)),
            };
            [title.to_owned()].into_iter().chain(names.iter().map(value)).collect::<Vec<_>>()
        };
        lines.push(summary("mean", mean));
        lines.push(summary("spread", spread));
    }
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..=names.len()).map(width).collect();
    for line in &lines {
        let cells =
            line.iter().zip(&widths).skip(1).map(|(cell, width)| format!("{cell:>width$}", width = *width));
        println!("{:<first$}  {}", line[0], cells.collect::<Vec<_>>().join("  "), first = widths[0]);
    }
}

fn numbers(rows: &[&Row], name: &str) -> Vec<f64> {
    rows.iter().filter_map(|row| last(row.metrics.get(name)?).as_f64()).collect()
}

fn mean(list: &[f64]) -> f64 {
    list.iter().sum::<f64>() / list.len() as f64
}

fn spread(list: &[f64]) -> f64 {
    let mean = mean(list);
    (list.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / list.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_series_shows_its_last_value_by_number_and_not_by_text() {
        let series = json!({"9": 1.0, "10": 2.0});
        assert_eq!(shown(&series), "2.000000");
        assert_eq!(shown(&json!("text")), "text");
        assert_eq!(shown(&json!({"a": 1})), "{…}");
        assert!((spread(&[1.0, 3.0]) - 1.0).abs() < 1e-12);
    }
}
