//! What a function is given by name.

use serde_json::json;

use crate::space::Tool;

use super::{assert_says, built, configured, failed, json, project, value};

#[test]
fn keys_and_parameters_by_name() {
    let space = built(configured(
        "reproducibility: {random_seed: 7}\nexperiment: {parameters: {rate: 1, size: 2, unused: 3}}",
        "load use\nload everything\nload asks",
        "
- {name: load}
- {name: use, parameters: {rate: 10}}
- {name: everything, parameters: {rate: 10}}
- {name: asks, parameters: {rate: 20}}
",
        "
@process()
def load():
    return {'a': 1, 'b': [2]}

@process
def use(a, rate, size, missing='default', *, random_seed):
    return {'seen': [a, rate, size, missing, random_seed]}

def everything(b, **kwargs):
    return {'seen': [b, kwargs]}

@process(name='asks', description='with arguments')
def asks(context):
    context.log_metric('m', 1)
    return {'seen': [context.project_id, context.parameters, sorted(context.data_paths)]}
",
    ));
    assert_eq!(value(&space, "use", "seen"), json!([1, 10, 2, "default", 7]));
    let everything = value(&space, "everything", "seen");
    assert_eq!(everything, json!([[2], {"a": 1, "rate": 10, "size": 2, "unused": 3}]));
    assert_eq!(value(&space, "asks", "seen"), json!(["test", {"rate": 20, "size": 2, "unused": 3}, []]));
    assert_eq!(json(&space, "build/asks/metrics.json")["metrics"], json!({"m": {"1": 1}}));
}

#[test]
fn a_list_of_inputs_is_all_that_kwargs_gets() {
    let space = built(project(
        "load some\nload rest",
        "
- {name: load}
- {name: some, inputs: [a], parameters: {rate: 1}}
- {name: rest, inputs: {z: a}}
",
        "
def load():
    return {'a': 1, 'b': 2, 'c': 3}

def some(c, **rest):
    log_metric('runs', 1)
    return {'seen': [c, rest]}

def rest(**rest):
    return {'seen': rest}
",
    ));
    assert_eq!(value(&space, "some", "seen"), json!([3, {"a": 1, "rate": 1}]));
    assert_eq!(value(&space, "rest", "seen"), json!({"b": 2, "c": 3, "z": 1}));
    let record = space.read("build/some/record.json");
    space.edit("src/main.py", "'b': 2", "'b': 5");
    space.build(Tool::Ninja, &[]).success();
    assert_eq!(space.read("build/some/record.json"), record, "what is not listed does not count");
    assert_eq!(value(&space, "rest", "seen")["b"], json!(5));
}

#[test]
fn a_parameter_that_the_code_names_is_not_misspelt() {
    let space = project(
        "fit",
        "[{name: fit, parameters: {rates: [1], dept: 2, sizes: 3, unlike: 4}}]",
        "
import helper

def fit(context, rate=0, depth=0, sizes=0, size=0):
    return {'seen': [context.parameters['rates'], helper.depth(context)]}
",
    );
    space.write("src/helper.py", "def depth(context):\n    return context.parameters.get('dept')\n");
    let ran = space.compile(Tool::Ninja).success();
    assert!(!ran.says("warning"), "{}", ran.err);
    space.write("src/helper.py", "def depth(context):\n    return context.parameters.get('depth')\n");
    let ran = space.compile(Tool::Ninja).success();
    assert_says(&ran, &["W006", "`fit` does not take the parameter `dept`", "did you mean `depth`?"]);
}

#[test]
fn a_missing_argument_lists_what_there_is() {
    let space = configured(
        "experiment: {parameters: {learning_rate: 1}}",
        "load use",
        "[{name: load}, {name: use, parameters: {depth: 2}}]",
        "
def load():
    return {'frame': 1} | {'labels': 2}

def use(frame, learning_rte, depth):
    return {}
",
    );
    let ran = failed(&space);
    assert_says(
        &ran,
        &[
            "use: `use` asks for `learning_rte`, which nothing provides",
            "`frame`",
            "`labels`",
            "`depth`",
            "`learning_rate`",
            "did you mean `learning_rate`?",
        ],
    );
}

#[test]
fn two_sources_of_one_name_are_an_error_that_names_both() {
    let script = "
def one():
    return {'df': 1}

def two():
    return {'df': 2}

def use(df):
    return {}

def other(df):
    return {}
";
    let space = project(
        "one use\ntwo use\ntwo other",
        "[{name: one}, {name: two}, {name: use}, {name: other, parameters: {df: 3}}]",
        script,
    );
    let ran = space.compile(Tool::Ninja).failure();
    assert_says(
        &ran,
        &[
            "`use` gets",
            "`df`",
            "`one`",
            "`two`",
            "inputs: {df: one.df",
            "`df` from `two`",
            "a parameter `df`",
        ],
    );
}

#[test]
fn inputs_can_be_renamed() {
    let space = built(project(
        "one use\ntwo use\none other",
        "
- {name: one}
- {name: two}
- {name: use, inputs: {first: one.df, second: two.df}}
- {name: other, inputs: {x: df}}
",
        "
def one():
    return {'df': 1}

def two():
    return {'df': 2}

def use(first, second):
    return {'seen': [first, second]}

def other(x):
    return {'seen': x}
",
    ));
    assert_eq!(value(&space, "use", "seen"), json!([1, 2]));
    assert_eq!(value(&space, "other", "seen"), json!(1));
    space.edit("expops.yaml", "{x: df}", "{x: fd}");
    let ran = space.compile(Tool::Ninja).failure();
    assert_says(&ran, &["E111", "`other` asks for `fd`, which nothing provides", "did you mean `df`?"]);
}

#[test]
fn what_is_not_a_dict_is_named() {
    let space = project(
        "one\ntwo\nthree",
        "[{name: one}, {name: two}, {name: three}]",
        "
def one():
    return [1, 2]

def two():
    pass

def three():
    return {1: 2}
",
    );
    assert_says(
        &failed(&space),
        &["`one` returned a list", "`two` returned None", "`three` returned a dict with the key 1"],
    );
}

#[test]
fn every_place_of_the_pipeline_and_both_layouts() {
    let pipeline = |by: usize| {
        let lines = "process_adjlist: |\n  load use\nprocesses:\n  - name: load\n  - {name: use, code_function: main.uses}\n";
        lines.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect::<String>()
    };
    let places = [
        format!("experiment:\n  pipeline:\n{}", pipeline(4)),
        format!("experiment:\n  parameters:\n    n: 1\n    pipeline:\n{}", pipeline(6)),
        format!("pipeline:\n{}", pipeline(2)),
        pipeline(0),
    ];
    for (i, place) in places.iter().enumerate() {
        let space = project(
            "load",
            "[{name: load}]",
            "\ndef load(): return {'x': 1}\ndef uses(x): return {'y': x}\n",
        );
        let text = format!("scripts: {{main: src/main.py}}\n{place}");
        if i % 2 == 0 {
            space.write("expops.yaml", text);
        } else {
            std::fs::remove_file(space.path("expops.yaml")).unwrap();
            space.write("configs/project_config.yaml", text);
        }
        let space = built(space);
        assert_eq!(value(&space, "use", "y"), json!(1), "{place}");
    }
}
