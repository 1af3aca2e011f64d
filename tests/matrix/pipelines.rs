//! What is built.

use crate::space::Space;

/// An edit: a text of a file, and what it becomes.
pub type Edit = (&'static str, &'static str, &'static str);

/// A project, and what happens to it.
pub struct Pipeline {
    pub name: &'static str,
    pub make: fn() -> Space,
    /// Another value in one row.
    pub row: Edit,
    /// One that makes an instance of one partition fail.
    pub broken: Edit,
    /// One partition more.
    pub more: Edit,
    /// A stamp that somebody deletes.
    pub stamp: &'static str,
}

/// A small one with everything that is usual.
pub fn penguins() -> Pipeline {
    const DATA: &str = "data/penguins.csv";
    const ROW: &str = "Chinstrap,Dream,46.5,17.9,192,3500";
    Pipeline {
        name: "penguins",
        make: || Space::copy_of("examples/penguins"),
        row: (DATA, ROW, "Chinstrap,Dream,46.5,17.9,192,3600"),
        broken: (DATA, ROW, "Chinstrap,Dream,46.5,17.9,wide,3500"),
        more: ("expops.yaml", "size: 4", "size: 5"),
        stamp: "build/fit/p2/stamp",
    }
}

const LAYERS: &str = "
metadata: {name: layers}
scripts: {main: src/model.py, page: src/page.js}
data: {path: rows.csv}
process_adjlist: |
  load outer
  outer inner
  inner seeds
  seeds fit
  fit over_seeds
  over_seeds over_inner
  over_inner total
processes:
  - {name: load, command: 'cat rows.csv > {{ outputs.rows }}', outputs: {rows: rows.csv}, files: [rows.csv]}
  - {name: outer, data_parallelism: {size: 2, data_name: rows}}
  - {name: inner, data_parallelism: {size: ['50%', rest], data_name: rows}}
  - {name: seeds, seed_parallelism: {seeds: [41, 42]}}
  - {name: fit}
  - {name: over_seeds, seed_aggregation: true}
  - {name: over_inner, data_aggregation: true}
  - {name: total, data_aggregation: true}
  - {name: drawn, type: chart, code: main.drawn, probe_paths: {fit: fit}}
  - {name: page, chart_type: dynamic, code: page.draw, probe_paths: {all: fit}}
";

const MODEL: &str = "
from expops.core import log_metric, process
from expops.reporting import chart

@process()
def fit(rows, random_seed):
    total = sum(int(line) for line in rows.read_text().split()[1:])
    log_metric('total', total + random_seed)
    return {'model': total}

@process()
def over_seeds(model):
    return {'model': model}

@process()
def over_inner(model):
    return {'model': model}

@process()
def total(model):
    return {'model': model}

@chart()
def drawn(metrics, ctx):
    (ctx.output_dir / 'drawn.txt').write_text(repr(metrics))
";

/// Data layers in data layers, seeds, and charts of both kinds.
pub fn layers() -> Pipeline {
    Pipeline {
        name: "nested layers with seeds and charts",
        make: || {
            let space = Space::new();
            space.write("expops.yaml", LAYERS);
            space.write("src/model.py", MODEL);
            space.write("src/page.js", "export function draw() {}\n");
            space.write("rows.csv", "x\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n");
            space
        },
        row: ("rows.csv", "\n9\n", "\n90\n"),
        broken: ("rows.csv", "\n12\n", "\ntwelve\n"),
        more: ("expops.yaml", "size: 2", "size: 3"),
        stamp: "build/fit/p2/p1/s42/stamp",
    }
}

const AWKWARD: &str = r#"
metadata: {name: "it's `awkward`; $(touch pwned)"}
data: {path: 'it''s $HOME #1.csv'}
process_adjlist:
  "load it": ["cut: $"]
  "cut: $": ["it's", "a+b", "50%", "größe 数", "$(touch pwned)", "x=y;|&", "-rf"]
  "it's": ["end: $"]
  "a+b": ["end: $"]
  "50%": ["end: $"]
  "größe 数": ["end: $"]
  "$(touch pwned)": ["end: $"]
  "x=y;|&": ["end: $"]
  "-rf": ["end: $"]
processes:
  - {name: load it, command: 'cp it* {{ outputs.rows }}', outputs: {rows: rows.csv}, files: ['it''s $HOME #1.csv']}
  - {name: "cut: $", data_parallelism: {size: 2, data_name: rows}}
  - {name: "it's", command: 'if grep -q boom {{ inputs.rows }}; then exit 3; fi; cat < {{ inputs.rows }} > {{ outputs.a }}', outputs: {a: o.txt}}
  - {name: "a+b", command: 'cat < {{ inputs.rows }} > {{ outputs.b }}', outputs: {b: a+b@1.txt}}
  - {name: "50%", command: 'cat < {{ inputs.rows }} > {{ outputs.c }}', outputs: {c: 'two words.txt'}}
  - {name: "größe 数", command: 'cat < {{ inputs.rows }} > {{ outputs.d }}', outputs: {d: größe.txt}}
  - {name: "$(touch pwned)", command: 'cat < {{ inputs.rows }} > {{ outputs.e }}', outputs: {e: e.txt}}
  - {name: "x=y;|&", command: 'cat < {{ inputs.rows }} > {{ outputs.f }}', outputs: {f: f.txt}}
  - {name: "-rf", command: 'cat < {{ inputs.rows }} > {{ outputs.g }}', outputs: {g: g.txt}}
  - {name: "end: $", data_aggregation: true, command: 'cat {{ inputs.a }} {{ inputs.c }} > {{ outputs.all }}', outputs: {all: all.txt}}
"#;

/// Names that shells, Ninja and Make would read as something else.
pub fn awkward() -> Pipeline {
    const DATA: &str = "it's $HOME #1.csv";
    Pipeline {
        name: "awkward names",
        make: || {
            let space = Space::new();
            space.write("expops.yaml", AWKWARD);
            space.write(DATA, "id,value\n1,a\n2,b\n3,c\n4,d\n5,e\n6,f\n");
            space
        },
        row: (DATA, "5,e", "5,E"),
        broken: (DATA, "6,f", "6,boom"),
        more: ("expops.yaml", "size: 2", "size: 3"),
        stamp: "build/it,27s/p2/stamp",
    }
}
