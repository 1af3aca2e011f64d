//! What a value is on the disk: cut without Python, looked at once, equal to what was returned, and true elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::SystemTime;

use crate::space::{Space, TOOLS, Tool, has_python};

/// Makes `python` in the project: Python, which notes for which instance it ran.
fn counted_python(space: &Space) {
    space.write(
        "python",
        "#!/bin/sh\nfor word; do case $word in */request.json) echo \"$word\" >> \"$COUNTED\" ;; esac; done\nexec python3 \"$@\"\n",
    );
    fs::set_permissions(space.path("python"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Builds with that Python, and says how often it ran for an instance of `process`.
fn runs_of(space: &Space, process: &str) -> usize {
    let log = space.path("counted");
    let mut ninja = space.command("ninja");
    // A worker would start it once for all of them.
    let ran = ninja.env("COUNTED", &log).env("EXPOPS_WORKERS", "0").output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{text}");
    let lines = fs::read_to_string(log).unwrap_or_default();
    lines.lines().filter(|line| line.contains(&format!("/build/{process}/"))).count()
}

const KINDS: &str = r#"
import datetime, decimal

def whole():
    import numpy as np, pandas as pd
    rows = 11
    frame = pd.DataFrame({
        "i": np.arange(rows), "f": np.linspace(0, 1, rows), "t": ["x", None, ""] * 3 + ["y", "z"],
        "c": pd.Categorical(["b", "a", None] * 3 + ["b"] * 2, ["b", "a", "unused"], ordered=True),
        "n": pd.array([1, None] * 5 + [3], "Int64"), "p": pd.period_range("2020", periods=rows, freq="M"),
        "v": pd.interval_range(0, rows), "z": pd.date_range("2020", periods=rows, tz="Europe/Berlin"),
        "o": [decimal.Decimal("1.10")] * rows, "l": [[1], [], None] * 3 + [[2, 3]] * 2,
        "cut": pd.cut(np.arange(rows), 3),
    })
    days = frame.set_index(pd.date_range("2021-03-01", periods=rows, freq="2h"))
    days.attrs = {"unit": "m"}
    return {
        "range": frame, "stepped": frame.set_index(pd.RangeIndex(5, 5 + 3 * rows, 3, name="k")), "days": days,
        "levels": frame.set_index([pd.Index(list("aabbccddeef"), name="x"), np.arange(rows)]),
        "series": frame["c"], "columns": frame[["i", "f"]].set_axis([1, "1"], axis=1),
        "array": np.arange(rows * 6.0).reshape(rows, 2, 3), "fortran": np.asfortranarray(np.arange(rows * 2).reshape(rows, 2)),
        "records": np.array([(i, str(i)) for i in range(rows)], [("a", "i4"), ("s", "U3")]),
        "list": [[i, str(i), None, 0.5] for i in range(rows)],
        "dicts": [{"a": i} for i in range(rows)],
    }

def part(value, rows):
    import pandas as pd
    return value.iloc[rows] if isinstance(value, (pd.DataFrame, pd.Series)) else value[rows]

def check(name, parts, stride):
    import numpy as np, pandas as pd
    value = whole()[name]
    size, at = len(parts), 0
    for number, one in enumerate(parts.values()):
        length = len(value) // size + (number < len(value) % size)
        rows = slice(number, None, size) if stride else slice(at, at + length)
        at += length
        right = part(value, rows)
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(one, right, check_freq=not stride)
            assert one.attrs == right.attrs
        elif isinstance(value, pd.Series):
            pd.testing.assert_series_equal(one, right)
        elif isinstance(value, np.ndarray):
            assert type(one) is np.ndarray and one.dtype == right.dtype and one.tolist() == right.tolist()
        else:
            assert repr(one) == repr(right), (one, right)
"#;

const NAMES: [&str; 11] = [
    "range", "stepped", "days", "levels", "series", "columns", "array", "fortran", "records", "list", "dicts",
];

#[test]
fn a_split_without_code_starts_no_python_and_cuts_as_python_does() {
    if !has_python(&["pandas", "pyarrow"]) {
        return;
    }
    for (size, by) in [(3, "rows"), (13, "rows"), (3, "round_robin")] {
        let space = Space::new();
        counted_python(&space);
        let (mut edges, mut processes, mut code) = (String::new(), String::new(), KINDS.to_owned());
        for name in NAMES {
            edges += &format!("      load cut_{name}\n      cut_{name} check_{name}\n");
            processes += &format!(
                "    - {{name: cut_{name}, data_parallelism: {{size: {size}, by: {by}, data_name: {name}}}}}\n    \
                 - {{name: check_{name}, data_aggregation: true}}\n"
            );
            let stride = if by == "rows" { "False" } else { "True" };
            code += &format!(
                "\ndef check_{name}({name}):\n    check('{name}', {name}, {stride})\n    return {{}}\n"
            );
        }
        code += "\ndef load():\n    return whole()\n";
        space.write(
            "expops.yaml",
            format!(
                "scripts: {{main: src/main.py}}\npipeline:\n  process_adjlist: |\n{edges}  processes:\n    - name: load\n{processes}"
            ),
        );
        space.write("src/main.py", code);
        space.expops(&["compile", "--python", "./python"]).success();
        assert_eq!(runs_of(&space, "load"), 1);
        for name in NAMES {
            assert_eq!(runs_of(&space, &format!("check_{name}")), 1, "{name}");
            assert_eq!(runs_of(&space, &format!("cut_{name}")), 0, "{name}");
        }
    }
}

#[test]
fn one_changed_row_of_a_frame_wakes_one_partition() {
    if !has_python(&["pandas", "pyarrow"]) {
        return;
    }
    for tool in TOOLS {
        let space = Space::new();
        space.write(
            "expops.yaml",
            "scripts: {main: src/main.py}\ndata: {path: data/t.csv}\npipeline:\n  process_adjlist: |\n    load cut\n    cut use\n  \
             processes:\n    - name: load\n    - {name: cut, data_parallelism: {size: 4, data_name: df}}\n    - name: use\n",
        );
        space.write(
            "src/main.py",
            "import pandas\nfrom counted import ran\n\ndef load():\n    ran('load')\n    return {'df': pandas.read_csv('data/t.csv')}\n\n\
             def use(df):\n    ran('use %s' % df.x.iloc[0])\n    return {}\n",
        );
        let rows = |changed: &str| format!("x,t\n0,a\n1,b\n2,{changed}\n3,d\n");
        space.write("data/t.csv", rows("c"));
        space.compile(tool).success();
        assert_eq!(space.ran(tool).len(), 5);
        space.write("data/t.csv", rows("changed"));
        assert_eq!(space.ran(tool), ["load", "use 2"]);
        space.nothing_to_do(tool);
    }
}

/// A project whose `make` returns what `expression` says of the path of its input.
fn naming(expression: &str) -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: src/main.py}\npipeline:\n  process_adjlist: |\n    load make\n    make use\n  processes:\n    \
         - name: load\n    - name: make\n    - name: use\n",
    );
    space.write(
        "src/main.py",
        format!(
            "import os, pathlib\n\nclass Holder:\n    def __init__(self, path):\n        self.path = path\n\n\
             def load():\n    pathlib.Path('rows.csv').write_text('x\\n1\\n')\n    return {{'rows': pathlib.Path('rows.csv')}}\n\n\
             def make(rows):\n    return {{'fine': 1, 'held': {expression}}}\n\ndef use(held):\n    return {{}}\n"
        ),
    );
    space.compile(Tool::Ninja).success();
    space
}

#[test]
fn a_value_that_names_its_checkout_is_refused_in_every_form() {
    let mut expressions = vec![
        "str(rows)",
        "[str(rows)]",
        "{'a': {str(rows): 1}}",
        "(str(rows), 1)",
        "[rows]",
        "{'path': rows}",
        "Holder(rows)",
        "Holder(str(rows))",
        "{rows}",
        "os.fsencode(rows)",
        "rows.as_uri()",
        "os.getcwd()",
        "os.path.relpath('t.csv', os.environ['EXPOPS_PROJECT_ROOT'])",
        "[os.environ['EXPOPS_PROJECT_ROOT']]",
        "'x' * 2_000_000 + str(rows)",
    ];
    if has_python(&["numpy"]) {
        expressions.push("__import__('numpy').array([str(rows)])");
    }
    if has_python(&["pandas", "pyarrow"]) {
        expressions.push("__import__('pandas').DataFrame({'path': [str(rows)]})");
    }
    if has_python(&["polars"]) {
        expressions.push("__import__('polars').scan_csv(rows)");
        expressions.push("[__import__('polars').scan_csv(rows).with_columns(y=1)]");
    }
    for expression in expressions {
        let space = naming(expression);
        let ran = space.build(Tool::Ninja, &[]).failure();
        assert!(
            ran.says("`held` holds the path `") && ran.says("rows.csv")
                || ran.says("`held` holds the path `")
        );
        assert!(!ran.says("Traceback") && !space.exists("build/make/stamp"), "{expression}");
    }
    for expression in
        ["'rows.csv'", "rows.name", "rows", "rows.read_text()", "[pathlib.Path('rows.csv')]", "'/tmp/other'"]
    {
        naming(expression).build(Tool::Ninja, &[]).success();
    }
}

#[test]
fn published_values_are_read_only_and_can_be_replaced_and_removed() {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: src/main.py}\npipeline:\n  process_adjlist: |\n    load cut\n    cut use\n  processes:\n    \
         - name: load\n    - {name: cut, data_parallelism: {size: 2, data_name: a}}\n    - name: use\n",
    );
    space.write(
        "src/main.py",
        "def load():\n    return {'a': [1, 2], 'b': (1,)}\n\ndef use(a, b):\n    return {'c': a}\n",
    );
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    for file in ["load/out/a.json", "load/out/b.pickle", "cut/p1/a.json", "use/p2/out/c.json"] {
        let mode = fs::metadata(space.path(&format!("build/{file}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o222, 0, "{file} {mode:o}");
    }
    space.edit("src/main.py", "[1, 2]", "[3, 4]");
    space.build(Tool::Ninja, &[]).success();
    assert_eq!(space.read("build/use/p1/out/c.json"), "[3]");
    space.edit("src/main.py", "[3, 4]", "[1, 2]");
    space.build(Tool::Ninja, &[]).success();
    assert_eq!(space.read("build/use/p1/out/c.json"), "[1]");
    space.expops(&["clean"]).success();
    assert!(!space.exists("build/load"));
}

/// A project with a value of 4 MB that is read by a process, and by another once that is asked for.
fn large() -> Space {
    let space = Space::new();
    space.write(
        "expops.yaml",
        "scripts: {main: src/main.py}\npipeline:\n  process_adjlist: |\n    load use\n  processes:\n    - name: load\n    - name: use\n      \
         parameters: {number: 1}\n",
    );
    space.write(
        "src/main.py",
        "def load():\n    return {'a': bytes(4_000_000)}\n\ndef use(a, number):\n    return {'sum': sum(a[:9]) + number}\n",
    );
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    space
}

/// Runs `use` again.
fn use_again(space: &Space) -> crate::space::Ran {
    space.edit("expops.yaml", "number: ", "number: 1");
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[])
}

#[test]
fn a_large_value_that_was_written_to_is_noticed_whatever_its_time_and_length_say() {
    let space = large();
    let path = space.path("build/load/out/a.pickle");
    use_again(&space).success();
    assert!(fs::read_dir(space.path("build/.expops/trust")).unwrap().count() >= 1, "it is known by its stat");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let writable = || fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    writable();
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    assert!(use_again(&space).failure().says("was changed since it was made"));
    use_again(&space).success();
    let damage: [&dyn Fn(); 2] =
        [&|| fs::File::options().write(true).open(&path).unwrap().set_len(100).unwrap(), &|| {
            fs::write(&path, b"").unwrap()
        }];
    for damage in damage {
        writable();
        damage();
        use_again(&space).failure();
        use_again(&space).success();
    }
    // Another time says that it has to be hashed, and nothing else.
    fs::File::options().read(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    use_again(&space).success();
}

const NUMBERS: &str = "
import pathlib, struct
from expops.core import log_metric
from expops.reporting import chart

def bits(value):
    return struct.pack('>d', value).hex() if type(value) is float else str(value)

def load(numbers, looks):
    assert looks == {'$float': 'nan'} and type(looks) is dict, looks
    for at, number in enumerate(numbers):
        log_metric('n%04d' % at, number)
    log_metric('all', numbers)
    log_metric('looks', looks)
    return {'seen': [bits(number) for number in numbers], 'numbers': numbers}

def pass_on(numbers):
    return {'again': [bits(number) for number in numbers]}

@chart()
def plot(metrics, ctx):
    one = metrics['load']
    assert one['looks'] == {'$float': 'nan'}, one['looks']
    series = [list(one['n%04d' % at].values())[0] for at in range(len(one['all']))]
    for name, numbers in (('series', series), ('snapshot', one['all'])):
        pathlib.Path(ctx.output_dir, name).write_text('\\n'.join(bits(number) for number in numbers))
";

/// Doubles of every kind, and whole numbers of every length: as YAML has them, and as `bits` above shows them.
fn numbers() -> Vec<(String, String)> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let unit = |bits: u64| (bits >> 11) as f64 / (1u64 << 53) as f64;
    let mut doubles: Vec<f64> =
        (0..300).map(|_| f64::from_bits(next())).filter(|value| value.is_finite()).collect();
    doubles.extend((0..300).map(|_| unit(next())));
    doubles.extend([
        0.0,
        -0.0,
        5e-324,
        f64::MAX,
        f64::MIN_POSITIVE,
        0.1 + 0.2,
        1e22,
        1e23,
        9007199254740993.0,
    ]);
    let shown = |value: f64| (format!("{value:?}"), format!("{:016x}", value.to_bits()));
    let mut all: Vec<_> = doubles.into_iter().map(shown).collect();
    all.extend(
        [(".inf", f64::INFINITY), ("-.inf", f64::NEG_INFINITY)]
            .map(|(text, value)| (text.to_owned(), shown(value).1)),
    );
    all.push((".nan".to_owned(), "7ff8000000000000".to_owned()));
    let digits = "123456789012345678901234567890".repeat(3);
    for whole in [
        "0",
        "-1",
        "9223372036854775807",
        "18446744073709551616",
        "-170141183460469231731687303715884105729",
        &digits,
    ] {
        all.push((whole.to_owned(), whole.to_owned()));
    }
    all
}

#[test]
fn every_number_comes_out_as_it_went_in() {
    let space = Space::new();
    let numbers = numbers();
    let yaml: Vec<_> = numbers.iter().map(|(yaml, _)| yaml.as_str()).collect();
    space.write(
        "expops.yaml",
        format!(
            "scripts: {{main: src/main.py}}\npipeline:\n  process_adjlist: |\n    load pass_on\n    load plot\n    load shell\n  processes:\n    \
             - name: load\n      parameters: {{looks: {{$float: nan}}, numbers: [{}]}}\n    - name: pass_on\n    \
             - {{name: plot, code: main.plot, probe_paths: {{load: load}}}}\n    - name: shell\n      parameters: {{big: {}, none: .nan}}\n      \
             command: 'echo {{{{ parameters.big }}}} {{{{ parameters.none }}}} > {{{{ outputs.text }}}}'\n      outputs: {{text: text.txt}}\n",
            yaml.join(", "),
            "9".repeat(50),
        ),
    );
    space.write("src/main.py", NUMBERS);
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    let right: Vec<&str> = numbers.iter().map(|(_, right)| right.as_str()).collect();
    let list = |path: &str| -> Vec<String> { serde_json::from_str(&space.read(path)).unwrap() };
    assert_eq!(list("build/load/out/seen.json"), right, "parameters");
    assert_eq!(list("build/pass_on/out/again.json"), right, "values");
    for name in ["series", "snapshot"] {
        let text = space.read(&format!("build/plot/files/{name}"));
        assert_eq!(text.lines().collect::<Vec<_>>(), right, "{name}");
    }
    assert_eq!(space.read("build/shell/out/text.txt"), format!("{} nan\n", "9".repeat(50)));

    // Python reads plain JSON and CSV; what JSON has no number for is text.
    let script = "
import csv, json, struct, sys
def bits(value):
    value = float(value) if value in ('NaN', 'Infinity', '-Infinity') else value
    return struct.pack('>d', value).hex() if type(value) is float else str(value)
def refuse(name):
    raise SystemExit(name)
(all,) = json.load(open('m.json'), parse_constant=refuse).values()
print(json.dumps([bits(one) for one in all['all']]))
print(json.dumps([bits(list(all['n%04d' % at].values())[0]) for at in range(len(all['all']))]))
row = {row['metric']: row['value'] for row in csv.DictReader(open('m.csv')) if row['metric'] != 'all'}
number = lambda text: int(text) if text.lstrip('-').isdigit() else float(text)
print(json.dumps([bits(number(row['n%04d' % at])) for at in range(len(all['all']))]))
";
    for (flag, file) in [("--json", "m.json"), ("--csv", "m.csv")] {
        let ran = space.expops(&["metrics", "load", flag]).success();
        space.write(file, &ran.out);
    }
    let ran = space.run("python3", &["-c", script]).success();
    for line in ran.out.lines() {
        assert_eq!(serde_json::from_str::<Vec<String>>(line).unwrap(), right);
    }
    assert_eq!(ran.out.lines().count(), 3);
}
