//! Compares `tests/syntax/*.yaml` with the `.out` next to each: what was read, or what was reported. With
//! `EXPOPS_BLESS=1` the outputs are rewritten.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::config::Parameters;
use super::{Config, ProcessConfig, parse, source_from_bytes};
use crate::diagnostic::{Diagnostics, render};
use crate::settings::Settings;
use crate::source::{Source, Span, Spanned};

#[test]
fn every_golden_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax");
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    inputs.sort();
    assert!(inputs.len() > 20, "only {} inputs", inputs.len());
    let mut wrong = Vec::new();
    for input in inputs {
        let (actual, is_good) = outcome(&input);
        let name = input.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(is_good, !name.starts_with("err_"), "{name}:\n{actual}");
        let output = input.with_extension("out");
        if env::var_os("EXPOPS_BLESS").is_some() {
            fs::write(&output, &actual).unwrap();
        }
        let expected = fs::read_to_string(&output).unwrap_or_default();
        if actual != expected {
            wrong.push(format!("{name}\n--- expected\n{expected}\n--- actual\n{actual}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The outcome of reading `input`, and whether it could be read.
fn outcome(input: &Path) -> (String, bool) {
    let mut sink = Diagnostics::new();
    let name = input.file_name().unwrap().to_string_lossy();
    let source = source_from_bytes(&name, &fs::read(input).unwrap(), &mut sink);
    let config = source.and_then(|source| parse(&source, &mut sink).map_err(|(reported, _)| reported));
    let mut text = String::new();
    for diagnostic in sink.sorted() {
        writeln!(text, "{}\n", render(diagnostic, false)).unwrap();
    }
    if let Ok(config) = &config {
        text.push_str(&Dump(&config.source).config(config));
    }
    (format!("{}\n", text.trim_end()), config.is_ok())
}

/// Prints a [`Config`]: one leaf a line, each with its place as `line:column-column`.
struct Dump<'s>(&'s Source);

impl Dump<'_> {
    fn at(&self, span: Span) -> String {
        let ((line, from), (last, to)) = (self.0.line_column(span.start), self.0.line_column(span.end));
        if line == last { format!("@{line}:{from}-{to}") } else { format!("@{line}:{from}-{last}:{to}") }
    }

    fn leaf<T: std::fmt::Debug>(&self, value: &Spanned<T>) -> String {
        format!("{:?} {}", value.value, self.at(value.span))
    }

    fn config(&self, config: &Config) -> String {
        let mut out = String::new();
        self.option(&mut out, "name", config.name.as_ref());
        self.pairs(&mut out, "script", &config.scripts);
        for environment in &config.environments {
            writeln!(out, "environment {}", self.leaf(&environment.name)).unwrap();
            self.option(&mut out, "  manager", environment.manager.as_ref());
            self.option(&mut out, "  python", environment.python.as_ref());
            environment.files.iter().for_each(|file| self.option(&mut out, "  file", Some(file)));
        }
        self.option(&mut out, "random_seed", config.random_seed.as_ref());
        self.option(&mut out, "data.path", config.data_path.as_ref());
        self.pairs(&mut out, "data.inputs", &config.datasets);
        self.parameters(&mut out, "parameter", &config.parameters);
        writeln!(out, "pipeline {}", self.at(config.pipeline)).unwrap();
        let names: Vec<String> = config.names.iter().map(|name| self.leaf(name)).collect();
        writeln!(out, "names {}", names.join(", ")).unwrap();
        for (source, target) in &config.edges {
            writeln!(out, "edge {} -> {}", source.value, target.value).unwrap();
        }
        config.processes.iter().for_each(|process| self.process(&mut out, process));
        out
    }

    fn process(&self, out: &mut String, process: &ProcessConfig) {
        writeln!(out, "process {} {}", self.leaf(&process.name), self.at(process.span)).unwrap();
        self.option(out, "  description", process.description.as_ref());
        if let Some(code) = &process.code {
            let script = code.value.script.as_ref().map(|script| self.leaf(script)).unwrap_or_default();
            writeln!(out, "  code {script} {}", self.leaf(&code.value.function)).unwrap();
        }
        self.option(out, "  command", process.command.as_ref());
        self.option(out, "  environment", process.environment.as_ref());
        self.parameters(out, "  parameter", &process.parameters);
        self.option(out, "  type", process.kind.as_ref());
        self.option(out, "  chart_type", process.chart_type.as_ref());
        self.pairs(out, "  probe", &process.probe_paths);
        if let Some(split) = &process.data_parallelism {
            writeln!(out, "  data_parallelism {}", self.at(split.span)).unwrap();
            self.option(out, "    size", Some(&split.value.size));
            self.option(out, "    data_name", split.value.data_name.as_ref());
            self.option(out, "    by", split.value.by.as_ref());
        }
        for seed in process.seed_parallelism.iter().flat_map(|seeds| &seeds.value) {
            self.option(out, "  seed", Some(seed));
        }
        self.option(out, "  data_aggregation", process.data_aggregation.as_ref());
        self.option(out, "  seed_aggregation", process.seed_aggregation.as_ref());
        self.pairs(out, "  input", &process.inputs);
        self.pairs(out, "  output", &process.outputs);
        process.files.iter().for_each(|file| self.option(out, "  file", Some(file)));
        self.option(out, "  script_path", process.script_path.as_ref());
        if process.settings != Settings::default() {
            writeln!(out, "  settings {}", serde_json::to_string(&process.settings).unwrap()).unwrap();
        }
    }

    fn option<T: std::fmt::Debug>(&self, out: &mut String, name: &str, value: Option<&Spanned<T>>) {
        value.iter().for_each(|value| writeln!(out, "{name} {}", self.leaf(value)).unwrap());
    }

    fn pairs(&self, out: &mut String, name: &str, pairs: &[super::config::Pair]) {
        for (key, value) in pairs {
            writeln!(out, "{name} {} = {}", self.leaf(key), self.leaf(value)).unwrap();
        }
    }

    fn parameters(&self, out: &mut String, name: &str, parameters: &Parameters) {
        for (key, value) in parameters {
            writeln!(out, "{name} {} = {} {}", self.leaf(key), value.value, self.at(value.span)).unwrap();
        }
    }
}
