//! Instances that are left out of layers in layers, of partitions and of seeds.

use serde_json::json;

use super::dropped::{ran, value};
use super::{outcomes, project};
use crate::space::{Space, TOOLS, Tool};

const ADJACENCY: &str = "load outer\nouter inner\ninner fit\nfit some\nsome whole";

/// `fit` fails for the numbers in the file `bad`; `LAYER` and `CLOSES` are of the inner layer, `SOME` settings of the
/// aggregation that closes it.
const PROCESSES: &str = "    - {name: load, command: 'seq 6 > {{ outputs.data }}', outputs: {data: rows.txt}}
    - {name: outer, data_parallelism: {size: 3}, on_failure: drop}
    - {name: inner, LAYER}
    - {name: fit}
    - {name: some, CLOSES: trueSOME}
    - {name: whole, data_aggregation: true, on_failure: fail}
";

const SCRIPT: &str = "
def number(data):
    return int(data.read_text().split()[0])

def bad():
    with open(ROOT + '/bad') as file:
        return file.read().split()

def some(y, failed):
    ran('some')
    return {'some': y, 'lacking': failed}

def whole(some, lacking, failed):
    ran('whole')
    return {'all': some, 'lacking': lacking, 'failed': failed}
";

const FIT: &str = "
def fit(data):
    ran(f'fit {number(data)}')
    if str(number(data)) in bad():
        raise ValueError('bad')
    return {'y': number(data)}
";

const FIT_WITH_SEED: &str = "
def fit(data, random_seed):
    ran(f'fit {number(data)} {random_seed}')
    if f'{number(data)}.{random_seed}' in bad():
        raise ValueError('bad')
    return {'y': random_seed}
";

fn of_partitions(tool: Tool, some: &str, bad: &str) -> Space {
    let processes =
        PROCESSES.replace("LAYER", "data_parallelism: {size: 2}").replace("CLOSES", "data_aggregation");
    started(tool, &processes.replace("SOME", some), FIT, bad)
}

fn of_seeds(tool: Tool, some: &str, bad: &str) -> Space {
    let processes =
        PROCESSES.replace("LAYER", "seed_parallelism: {seeds: [7, 8]}").replace("CLOSES", "seed_aggregation");
    started(tool, &processes.replace("SOME", some), FIT_WITH_SEED, bad)
}

fn started(tool: Tool, processes: &str, fit: &str, bad: &str) -> Space {
    let space = project(tool, ADJACENCY, processes, &format!("{SCRIPT}{fit}"));
    space.write("bad", bad);
    space
}

#[test]
fn an_inner_layer_that_lost_all_is_left_out_of_the_outer_one() {
    for tool in TOOLS {
        // Of the first partition a half fails, of the second one all.
        let space = of_partitions(tool, "", "2 3 4");
        let first = space.build(tool, &[]).failure();
        assert!(
            first.says("3 instances failed and were left out; 1 more took something of them"),
            "{}",
            first.out
        );
        assert!(first.says("fit p1.p2: ValueError: bad (raised)"), "{}", first.out);
        assert_eq!(value(&space, "all"), json!({"data1": {"data1": 1}, "data3": {"data1": 5, "data2": 6}}));
        assert_eq!(value(&space, "lacking"), json!({"data1": {"data2": "raised"}, "data3": {}}));
        assert_eq!(value(&space, "failed"), json!({"data2": "raised"}));
        assert_eq!(space.read("build/some/p2/stamp"), "failed\n");
        assert_eq!(outcomes(&space, "some/p2"), ["skipped"]);
        ran(&space);
        space.build(tool, &[]).failure();
        assert_eq!(ran(&space), ["fit 2", "fit 3", "fit 4"], "{tool:?}");
        // Some of what was lost comes back: only what gathers it runs again.
        space.write("bad", "2 3");
        space.build(tool, &[]).failure();
        let seen = ran(&space);
        assert!(seen.iter().filter(|line| *line == "some").count() == 1, "{tool:?}: {seen:?}");
        assert_eq!(value(&space, "all")["data2"], json!({"data2": 4}));
        assert_eq!(value(&space, "failed"), json!({}));
        space.write("bad", "");
        space.build(tool, &[]).success();
        assert_eq!(value(&space, "lacking"), json!({"data1": {}, "data2": {}, "data3": {}}));
        space.nothing_to_do(tool);
    }
}

#[test]
fn seeds_are_left_out_as_partitions_are() {
    for tool in TOOLS {
        let space = of_seeds(tool, "", "1.8 3.7 3.8");
        let first = space.build(tool, &[]).failure();
        assert!(first.says("fit p1 s8: ValueError: bad (raised)"), "{}", first.out);
        assert_eq!(
            value(&space, "all"),
            json!({"data1": {"seed7": 7}, "data3": {"seed7": 7, "seed8": 8}}),
            "{tool:?}"
        );
        assert_eq!(value(&space, "lacking"), json!({"data1": {"seed8": "raised"}, "data3": {}}));
        assert_eq!(value(&space, "failed"), json!({"data2": "raised"}));
        ran(&space);
        space.build(tool, &[]).failure();
        assert_eq!(ran(&space), ["fit 1 8", "fit 3 7", "fit 3 8"], "{tool:?}");
    }
}

#[test]
fn an_inner_aggregation_may_ask_for_enough() {
    for tool in TOOLS {
        for (space, bad) in
            [(of_partitions(tool, ", at_least: 2", "2"), ""), (of_seeds(tool, ", at_least: 75%", "1.8"), "")]
        {
            let failed = space.build(tool, &[]).failure();
            assert!(
                failed.says("some p1: 1 of 2 that it gathers succeeded, and it asks for"),
                "{}",
                failed.out
            );
            assert!(!ran(&space).contains(&"whole".to_owned()), "{tool:?}");
            space.write("bad", bad);
            space.build(tool, &[]).success();
            assert_eq!(value(&space, "failed"), json!({}));
        }
    }
}
