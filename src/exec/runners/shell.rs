//! Runs a shell command for an instance.

use std::process::Command;

use camino::Utf8PathBuf;

use super::child;
use super::runner::{self, Runner};
use crate::command::{self, Filling};
use crate::diagnostic::{list, nearest};
use crate::exec::content::tree;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::run_folder::RunFolder;
use crate::exec::state::inputs::{Gathered, Input, Lookahead, kinds};
use crate::exec::state::instance::Instance;
use crate::exec::values::value::{Node, Value};
use crate::settings::FailureKind;

/// Linux limits an argument to 128 KiB; a longer command is run from a file.
const LONGEST_ARGUMENT: usize = 100_000;
const TOO_LONG: &str = "a program takes about 2 MB of arguments: hand it a file that lists the paths, \
                        `{{ inputs.NAME | list_file }}`";

/// Runs the command, with the inputs and what failed of what it gathers; the files in the result are relative to the run's `out` folder.
pub(in crate::exec) fn run(
    instance: &Instance,
    template: &str,
    outputs: &[(String, Utf8PathBuf)],
    (inputs, failed): (&[Input], &[Gathered]),
    folder: &RunFolder,
) -> Result<Vec<Value>, Failure> {
    all_inputs(template, inputs, instance)?;
    for (_, file) in outputs {
        if let Some(parent) = file.parent() {
            crate::file::create_folder(&folder.out().join(parent))?;
        }
    }
    let line =
        command::fill(template, filling(instance, outputs, (inputs, failed), folder)).map_err(|error| {
            let message = format!("the command cannot be filled in: {error}");
            Failure::new(message).detail(template).any_help(error.help)
        })?;
    let log = instance.folder.log();
    let mut shell = Command::new("/bin/sh");
    if line.len() < LONGEST_ARGUMENT {
        shell.args(["-c", &line]);
    } else {
        let script = folder.path().join("command.sh");
        crate::file::context(std::fs::write(&script, &line), "write", &script)?;
        shell.arg(script);
    }
    shell.current_dir(&instance.project).env("EXPOPS_PROJECT_ROOT", &instance.project);
    if let Some(python) = instance.environment_bin() {
        let path = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{python}:{path}"));
    }
    child::prepare(&mut shell, &folder.allotment);
    folder.watch(&mut shell);
    let call = runner::call(instance, inputs, outputs, folder);
    let exit = Runner::of_shell(&folder.allotment).run(&mut shell, &log, &call, || Ok(()))?;
    instance.note_usage(&exit.usage);
    if !exit.status.success() {
        let mut failure =
            Failure::new(exit.sentence("the command failed", &folder.allotment)).kind(exit.kind());
        if line.len() >= LONGEST_ARGUMENT && exit.status.code() == Some(126) {
            failure = failure.help(TOO_LONG);
        }
        let line = shortened(&line);
        return Err(failure.detail(format!("{}\n{}", line.trim_end(), child::tail(&log))).log(log.as_str()));
    }
    let trust = instance.trust();
    outputs.iter().map(|(key, file)| output(key, file, &line, (folder, &trust))).collect()
}

/// The command for a message: only the start, if it names thousands of partitions.
fn shortened(line: &str) -> String {
    const SHOWN: usize = 2_000;
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Insists that every input that the command names exists.
fn all_inputs(template: &str, inputs: &[Input], instance: &Instance) -> Result<(), Failure> {
    let named = command::inputs(template).unwrap_or_default();
    let is_missing = |name: &&String| inputs.iter().all(|input| input.name != **name);
    let Some(missing) = named.iter().find(is_missing) else { return Ok(()) };
    // `inputs` has only what the command names.
    let all = instance.inputs(&Lookahead::default())?.all;
    let names = || all.iter().map(|input| input.name.as_str());
    let message = format!("the command cannot be filled in: no upstream returns `{missing}`");
    if all.is_empty() {
        let help = "nothing comes from upstream: is there an edge in `process_adjlist`?";
        return Err(Failure::new(message).help(help));
    }
    let failure = Failure::new(format!("{message} (available: {})", list(names())));
    Err(match nearest(missing, names()) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    })
}

fn output(
    key: &str,
    file: &Utf8PathBuf,
    line: &str,
    (folder, trust): (&RunFolder, &Trust),
) -> Result<Value, Failure> {
    let path = folder.out().join(file);
    if !path.exists() {
        let failure = Failure::new(format!("the command did not write its output `{key}` (`{file}`)"));
        let failure = failure.kind(FailureKind::NoResult);
        return Err(failure.detail(line.trim_end()).help(format!("write it to {{{{ outputs.{key} }}}}")));
    }
    let digest = tree::digest(&path, trust)?;
    Ok(Value {
        key: key.to_owned(),
        file: file.clone(),
        format: "file".to_owned(),
        digest,
        rows: None,
        stored: None,
        size: path.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len()),
    })
}

fn filling(
    instance: &Instance,
    outputs: &[(String, Utf8PathBuf)],
    (inputs, failed): (&[Input], &[Gathered]),
    folder: &RunFolder,
) -> Filling {
    Filling {
        inputs: inputs.iter().map(|input| (input.name.clone(), path(&input.node, instance))).collect(),
        outputs: outputs.iter().map(|(key, file)| (key.clone(), folder.out().join(file))).collect(),
        parameters: instance.plan.parameters.clone(),
        partition: instance.partition(),
        seed: instance.random_seed(),
        failed: kinds(failed),
        lists: folder.path().join("lists"),
    }
}

/// Paths as the command sees them, which runs in the project's folder.
fn path(node: &Node, instance: &Instance) -> command::Input {
    match node {
        Node::One(value) => command::Input::File(instance.layout.build().join(&value.file)),
        Node::Gathered(list) => command::Input::Gathered(
            list.iter().map(|(arm, node)| (arm.label(), path(node, instance))).collect(),
        ),
    }
}
