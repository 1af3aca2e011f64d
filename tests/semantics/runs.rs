//! How a run goes: its folder, its seeds, its metrics, its files.

use serde_json::json;

use super::{assert_says, built, configured, failed, json, project, value};
use crate::space::{Space, Tool};

#[test]
fn every_instance_has_a_folder_of_its_own() {
    let space = configured(
        "data: {path: data/in.csv}",
        "rows fit",
        "[{name: rows, data_parallelism: {size: 2}}, {name: fit, files: [extra/words.txt]}]",
        "
import helper

@process()
def rows():
    return [1, 2]

def fit(data, context):
    assert open('data/in.csv').read() == 'x\\n'
    assert open('data/other.txt').read() == 'other'
    assert open(context.data_paths['path']).read() == 'x\\n'
    with open('plot.txt', 'w') as file:
        file.write(str(data[0]))
    os.makedirs('deep/er')
    Path('deep/er/x').write_text('x')
    root = os.environ['EXPOPS_PROJECT_ROOT']
    return {'seen': [open('extra/words.txt').read(), os.path.exists(root + '/expops.yaml'), helper.TWO]}
",
    );
    space.write("data/in.csv", "x\n");
    space.write("data/other.txt", "other");
    space.write("extra/words.txt", "words");
    space.write("src/helper.py", "TWO = 2\n");
    let space = built(space);
    for n in [1, 2] {
        assert_eq!(value(&space, &format!("fit/p{n}"), "seen"), json!(["words", true, 2]));
        assert_eq!(space.read(&format!("build/fit/p{n}/files/plot.txt")), n.to_string());
        assert!(space.exists(&format!("build/fit/p{n}/files/deep/er/x")));
        assert!(
            !space.exists(&format!("build/fit/p{n}/files/data"))
                && !space.exists(&format!("build/fit/p{n}/files/extra"))
        );
    }
    let top: Vec<_> = std::fs::read_dir(space.path(".")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!top.iter().any(|name| name == "plot.txt" || name == "deep"), "{top:?}");
    assert!(!space.exists("src/__pycache__"));
}

#[test]
fn results_repeat_bit_for_bit_and_differ_between_instances() {
    let project = || {
        project(
            "rows fit\nfit seeds\nseeds again",
            "
- {name: rows, data_parallelism: {size: 2}}
- {name: fit, resources: {cpus: 3}}
- {name: seeds, seed_parallelism: {seeds: [1, 2]}}
- {name: again}
",
            "
@process()
def rows():
    return [0, 0]

def draw():
    import random
    import numpy as np
    names = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS']
    return {'random': [random.random(), float(np.random.rand())], 'threads': [os.environ[name] for name in names]}

def fit(data):
    return draw()

def again():
    return draw()
",
        )
    };
    let (a, b) = (built(project()), built(project()));
    let names = ["fit/p1", "fit/p2", "again/p1/s1", "again/p1/s2", "again/p2/s1"];
    let drawn = |space: &Space| names.map(|name| value(space, name, "random").to_string());
    assert_eq!(drawn(&a), drawn(&b));
    let mut all = drawn(&a).to_vec();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), names.len());
    assert_eq!(value(&a, "fit/p1", "threads"), json!(["3", "3", "3"]));
    assert_eq!(value(&a, "again/p1/s1", "threads"), json!(["1", "1", "1"]));
}

#[test]
fn metrics_belong_to_the_process_or_to_the_step() {
    let space = built(project(
        "fit\nnothing",
        "[{name: fit}, {name: nothing}]",
        "
@step()
def train():
    for loss in [0.5, 0.4]:
        log_metric('loss', loss)

@step
def evaluate():
    log_metric('accuracy', 0.9, step=10)
    log_metric('accuracy', 0.95, step=20)

def fit():
    log_metric('name', 'first')
    train()
    evaluate()
    log_metric('name', 'last')
    log_metric('count', 1)
    return {}

def nothing():
    return {'x': 1}
",
    ));
    let expected = json!({
        "metrics": {"name": "last", "count": {"1": 1}},
        "steps": {"train": {"loss": {"1": 0.5, "2": 0.4}}, "evaluate": {"accuracy": {"10": 0.9, "20": 0.95}}},
    });
    assert_eq!(json(&space, "build/fit/metrics.json"), expected);
    assert!(!space.exists("build/nothing/metrics.json"));
}

#[test]
fn a_returned_path_is_a_file_and_values_come_back_as_they_were() {
    let space = built(project(
        "make use",
        "[{name: make}, {name: use}]",
        "
def make():
    import numpy as np
    import pandas as pd
    Path('model.bin').write_bytes(b'\\0\\1')
    os.mkdir('tree')
    Path('tree/leaf').write_text('leaf')
    return {
        'model': Path('model.bin'), 'tree': Path('tree'), 'frame': pd.DataFrame({'x': [1, 2]}, index=['a', 'b']),
        'array': np.eye(2, dtype='float32'), 'tuple': (1, {2, 3}), 'none': None, 'big': 10**30, 'text': 'ä\\n',
    }

def use(model, tree, frame, array, tuple, none, big, text):
    import numpy as np
    assert isinstance(model, Path) and model.read_bytes() == b'\\0\\1' and model.name == 'model.bin'
    assert (tree / 'leaf').read_text() == 'leaf'
    assert list(frame.index) == ['a', 'b'] and array.dtype == np.float32
    assert tuple == (1, {2, 3}) and none is None and big == 10**30 and text == 'ä\\n'
    return {'ok': True}
",
    ));
    assert_eq!(value(&space, "use", "ok"), json!(true));
    for file in ["model/model.bin", "tree/tree/leaf", "frame.arrow", "array.npy", "tuple.pickle", "none.json"]
    {
        assert!(space.exists(&format!("build/make/out/{file}")), "{file}");
    }
    let space = project("make", "[{name: make}]", "\ndef make(): return {'x': Path('nowhere')}\n");
    assert_says(&failed(&space), &["make: the output `x` is the path `nowhere`, where there is no file"]);
}

#[test]
fn a_script_that_cannot_be_imported_is_told_by_its_own_frames() {
    let space = project("a", "[{name: a}]", "\ndef a(): return {}\n\nraise RuntimeError('at import')\n");
    let ran = failed(&space);
    assert_says(&ran, &["a: RuntimeError: at import", "src/main.py\", line 8"]);
    space.edit("src/main.py", "raise RuntimeError('at import')", "");
    space.build(Tool::Ninja, &[]).success();
}
