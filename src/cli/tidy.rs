//! Metrics as tidy CSV: a row for each value, and columns for where it was logged.

use serde_json::Value as Json;

use crate::arm::Arm;
use crate::numbers::{self, Plain};

/// One metric.
pub(super) struct Metric<'m> {
    /// The process that logged it.
    pub process: &'m str,
    /// The arms of the instance.
    pub arms: &'m [Arm],
    /// The step that logged it, if one did.
    pub step: Option<&'m str>,
    /// Its name.
    pub name: &'m str,
    /// Its value, or its series.
    pub value: &'m Json,
}

/// The columns are `process`, one for each layer (`partition`, `partition_2`, …, `seed`, …: as many as the
/// deepest process has), `step`, `metric`, `index` (the step in a series), and `value`. Cells that do not apply
/// are empty.
pub(super) fn csv(metrics: &[Metric<'_>]) -> String {
    let depth = |is: fn(Arm) -> Option<u64>| {
        metrics
            .iter()
            .map(|metric| metric.arms.iter().filter_map(|arm| is(*arm)).count())
            .max()
            .unwrap_or_default()
    };
    let layers = [("partition", depth(Arm::partition)), ("seed", depth(Arm::seed))];
    let column = |(name, depth): &(&str, usize)| {
        (1..=*depth)
            .map(|level| if level == 1 { (*name).to_owned() } else { format!("{name}_{level}") })
            .collect::<Vec<_>>()
    };
    let mut header = vec!["process".to_owned()];
    header.extend(layers.iter().flat_map(column));
    header.extend(["step", "metric", "index", "value"].map(str::to_owned));
    let mut out = line(&header);
    for metric in metrics {
        let numbers = |is: fn(Arm) -> Option<u64>, depth: usize| {
            let mut cells: Vec<_> =
                metric.arms.iter().filter_map(|arm| is(*arm)).map(|n| n.to_string()).collect();
            cells.resize(depth, String::new());
            cells
        };
        let place = [numbers(Arm::partition, layers[0].1), numbers(Arm::seed, layers[1].1)].concat();
        for (index, value) in points(metric.value) {
            let mut cells = vec![metric.process.to_owned()];
            cells.extend(place.iter().cloned());
            cells.extend([metric.step.unwrap_or_default(), metric.name, index].map(str::to_owned));
            cells.push(shown(value));
            out += &line(&cells);
        }
    }
    out
}

/// The values of a series with the numbers of their steps, or the single value.
fn points(value: &Json) -> Vec<(&str, &Json)> {
    let entries = value.as_object().into_iter().flatten();
    let series: Option<Vec<_>> =
        entries.map(|(step, value)| Some((step.parse::<i128>().ok()?, step.as_str(), value))).collect();
    let Some(mut series) = series.filter(|series| !series.is_empty()) else { return vec![("", value)] };
    series.sort_by_key(|(number, ..)| *number);
    series.into_iter().map(|(_, step, value)| (step, value)).collect()
}

fn shown(value: &Json) -> String {
    match (value, numbers::text(value)) {
        (Json::String(text), _) => text.clone(),
        (_, Some(text)) => text.to_owned(),
        (other, None) => serde_json::to_string(&Plain(other)).unwrap_or_default(),
    }
}

/// A line of CSV (RFC 4180, with the line ends of Unix).
fn line(cells: &[String]) -> String {
    let quoted = |cell: &String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    cells.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_value_has_a_row_and_each_layer_a_column() {
        let arms = ["p2".parse().unwrap(), "p10".parse().unwrap(), "s41".parse().unwrap()];
        let series = json!({"10": 0.25, "9": {"$float": "nan"}});
        let (text, object) = (json!("a,\"b\""), json!({"x": 1}));
        let metric = |arms, step, name, value| Metric { process: "fit", arms, step, name, value };
        let all = [
            metric(&arms[..], Some("epoch"), "loss", &series),
            metric(&arms[..1], None, "kind", &text),
            metric(&[], None, "all", &object),
        ];
        let right = "process,partition,partition_2,seed,step,metric,index,value\n\
                     fit,2,10,41,epoch,loss,9,nan\n\
                     fit,2,10,41,epoch,loss,10,0.25\n\
                     fit,2,,,,kind,,\"a,\"\"b\"\"\"\n\
                     fit,,,,,all,,\"{\"\"x\"\":1}\"\n";
        assert_eq!(csv(&all), right);
        assert_eq!(csv(&[]), "process,step,metric,index,value\n");
    }
}
