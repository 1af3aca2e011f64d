//! Nested layers, aggregation, joins.

use serde_json::{Value as Json, json};

use super::{built, configured, project, value};

#[test]
fn two_data_layers_and_seeds_lose_no_row() {
    let space = built(project(
        "
load outer
outer seeds
seeds inner
inner fit
load fit
fit by_inner
by_inner by_outer
by_outer by_seed
",
        "
- {name: load}
- {name: outer, data_parallelism: {size: 3, data_name: df}}
- {name: seeds, seed_parallelism: {seeds: [41, 42]}}
- {name: inner, data_parallelism: {size: [\"50%\", rest], data_name: df}}
- {name: fit, inputs: {whole: load.df}}
- {name: by_inner, data_aggregation: true}
- {name: by_outer, data_aggregation: true}
- {name: by_seed, seed_aggregation: true}
",
        "
import pandas as pd

def load():
    return {'df': pd.DataFrame({'x': range(17)}), 'weight': 10}

def fit(df, weight, random_seed):
    assert weight == 10
    return {'part': [int(x) for x in df.x], 'seed': random_seed}

def by_inner(part, seed):
    return {'part': part['data1'] + part['data2'], 'labels': list(part), 'seed': seed['data1']}

def by_outer(part, labels, seed):
    return {'all': sum(part.values(), []), 'labels': [list(part), labels['data3']], 'seed': seed['data2']}

def by_seed(all, labels, seed):
    return {'all': all, 'labels': labels, 'seed': seed}
",
    ));
    assert_eq!(value(&space, "by_seed", "all"), json!({"seed41": rows(17), "seed42": rows(17)}));
    let labels = json!([["data1", "data2", "data3"], ["data1", "data2"]]);
    assert_eq!(value(&space, "by_seed", "labels"), json!({"seed41": labels, "seed42": labels}));
    assert_eq!(value(&space, "by_seed", "seed"), json!({"seed41": 41, "seed42": 42}));
    assert_eq!(value(&space, "fit/p2/p1/s41", "part"), json!([6, 7, 8]));
    assert!(
        space
            .read("build.ninja")
            .contains("//*[@partition='p2']/*[@partition='p1']/*[@seed='41']/process[@name='fit']")
    );
}

fn rows(count: u64) -> Json {
    (0..count).collect()
}

#[test]
fn both_at_once_gives_data_outside_and_seed_inside() {
    let space = built(configured(
        "reproducibility: {random_seed: 5}",
        "
rows seeds
seeds fit
fit both
rows data_only
fit half
half whole
config both
",
        "
- {name: rows, data_parallelism: {size: 3}}
- {name: seeds, seed_parallelism: {seeds: [41, 42]}}
- {name: fit}
- {name: both, data_aggregation: true, seed_aggregation: true}
- {name: data_only, data_aggregation: true}
- {name: half, seed_aggregation: true}
- {name: whole, data_aggregation: true}
- {name: config}
",
        "
@process()
def rows(random_seed):
    assert random_seed == 5
    return [1, 2, 3]

@process()
def seeds(seeds, data):
    return {'data': data, 'all_seeds': seeds}

def config():
    return {'settings': {'k': 1}}

def fit(data, random_seed, all_seeds):
    extra = {'late': data[0]} if data[0] > 1 else {}
    return {'fitted': data[0] * 100 + random_seed, 'n': all_seeds, **extra}

def both(fitted, late, settings):
    return {'seen': [fitted, late, settings, list(fitted), list(fitted['data1'])]}

def data_only(data):
    return {'seen': data}

def half(fitted, random_seed):
    return {'sum': fitted, 'seed': random_seed}

def whole(sum, seed):
    return {'seen': sum, 'seed': seed}
",
    ));
    let arms = |first: u64| json!({"seed41": first + 41, "seed42": first + 42});
    let fitted = json!({"data1": arms(100), "data2": arms(200), "data3": arms(300)});
    let late = |n: u64| json!({"seed41": n, "seed42": n});
    let expected = json!([
        fitted, {"data2": late(2), "data3": late(3)}, {"k": 1}, ["data1", "data2", "data3"], ["seed41", "seed42"]
    ]);
    assert_eq!(value(&space, "both", "seen"), expected);
    assert_eq!(value(&space, "data_only", "seen"), json!({"data1": [1], "data2": [2], "data3": [3]}));
    assert_eq!(value(&space, "whole", "seen"), fitted);
    assert_eq!(value(&space, "whole", "seed"), json!({"data1": 5, "data2": 5, "data3": 5}));
    assert_eq!(value(&space, "fit/p1/s41", "n"), json!([41, 42]));
}

#[test]
fn one_partition_is_still_a_dict_and_a_shallower_upstream_reaches_every_instance() {
    let space = built(project(
        "rows fit\nconfig fit\nfit together\nseeds seeded\nseeded gathered\nfit seeded",
        "
- {name: rows, data_parallelism: {size: 1}}
- {name: config}
- {name: fit}
- {name: together, data_aggregation: true}
- {name: seeds, seed_parallelism: {seeds: [9]}}
- {name: seeded}
- {name: gathered, seed_aggregation: true, data_aggregation: true}
",
        "
@process()
def rows():
    return [1, 2]

@process()
def seeds():
    return {'s': 1}

def config():
    return {'factor': 3}

def fit(data, factor):
    return {'product': [x * factor for x in data]}

def together(product):
    return {'seen': product}

def seeded(s, product, random_seed):
    return {'t': [s, product, random_seed]}

def gathered(t):
    return {'seen': t}
",
    ));
    assert_eq!(value(&space, "together", "seen"), json!({"data1": [3, 6]}));
    assert_eq!(value(&space, "gathered", "seen"), json!({"data1": {"seed9": [1, [3, 6], 9]}}));
}

#[test]
fn files_are_cut_inside_seeds_and_an_aggregation_may_split_by_the_other_kind() {
    let space = built(project(
        "
seeds outer
load outer
outer inner
inner fit
fit joined
joined again
again fit_again
fit_again last
",
        "
- {name: load}
- {name: seeds, seed_parallelism: {seeds: [42, 41]}}
- {name: outer, data_parallelism: {size: 2, data_name: file}}
- {name: inner, data_parallelism: {size: 2, data_name: file}}
- {name: fit}
- {name: joined, data_aggregation: true}
- {name: again, seed_aggregation: true, data_parallelism: {size: 2, data_name: rows}, code: main.again}
- {name: fit_again}
- {name: last, data_aggregation: true}
",
        "
def load():
    Path('in.txt').write_text(''.join('%d\\n' % i for i in range(7)))
    return {'file': Path('in.txt')}

def fit(file, random_seed):
    return {'rows': [random_seed + int(line) for line in file.read_text().split()]}

def joined(rows):
    return {'rows': rows['data1'] + rows['data2']}

def again(rows):
    return {'rows': rows['seed42'] + rows['seed41'], 'labels': list(rows)}

def fit_again(rows, labels):
    return {'rows': rows, 'labels': labels}

def last(rows, labels):
    return {'rows': rows['data1'] + rows['data2'], 'labels': labels['data1']}
",
    ));
    assert_eq!(value(&space, "last/p1", "rows"), json!([42, 43, 44, 45, 41, 42, 43, 44]));
    assert_eq!(value(&space, "last/p2", "rows"), json!([46, 47, 48, 45, 46, 47]));
    assert_eq!(value(&space, "last/p1", "labels"), json!(["seed42", "seed41"]));
    space.nothing_to_do(crate::space::Tool::Ninja);
}
