//! Instances that open a layer: partitions of one key's rows, or copies under several seeds.

use std::io::Read as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::seal;
use crate::diagnostic::{list, nearest};
use crate::exec::content::trust::Trust;
use crate::exec::decision::decide::Decision;
use crate::exec::failure::Failure;
use crate::exec::key::ingredient::Ingredient;
use crate::exec::publish;
use crate::exec::run_folder::RunFolder;
use crate::exec::runners::python;
use crate::exec::runners::request::Mode;
use crate::exec::state::inputs::Input;
use crate::exec::state::instance::Instance;
use crate::exec::values::action_result::ActionResult;
use crate::exec::values::stored;
use crate::exec::values::value::{Node, Value, Values};
use crate::file::{self, Written};
use crate::layout::Folder;
use crate::plan_file::{Opens, Work};
use crate::settings::FailureKind;
use crate::size::{By, Size};
use crate::split as rows;
use crate::stamp::{self, Stamp};

/// Opens a seed layer: the same values under every seed.
pub(in crate::exec) fn seeds(
    instance: &Instance,
    inputs: &[Input],
    made: &ActionResult,
    run: &RunFolder,
) -> Result<(), Failure> {
    crate::file::remove(&instance.folder.record())?;
    let values = match &instance.plan.work {
        Work::Merge => passed_on(inputs, None)?,
        _ => own_outputs(instance, made, run)?.values,
    };
    publish::rest(run, made, &instance.folder)?;
    for arm in instance.opened() {
        publish::settle(&arm, &Values { values: values.clone() }, made.metrics_digest())?;
    }
    Ok(())
}

/// Opens a data layer; `made` is what the split's own code returned, if it has any.
pub(in crate::exec) fn data(
    instance: &Instance,
    decided: &Decision,
    made: &ActionResult,
    run: &RunFolder,
) -> Result<(), Failure> {
    let inputs = &decided.inputs;
    let Some(Opens::Data { size, by, key }) = &instance.plan.opens else { return Ok(()) };
    match &instance.plan.work {
        Work::Merge => {
            let key = key.as_deref().unwrap_or("data");
            let whole = whole(instance, inputs, key)?;
            let others = passed_on(inputs, Some(key))?;
            crate::file::remove(&instance.folder.record())?;
            if is_cut_natively(instance, &whole) {
                return cut_natively(instance, &Value { key: key.to_owned(), ..whole }, (size, by), &others);
            }
            let taken: Vec<_> = inputs.iter().filter(|input| input.name == key).cloned().collect();
            // Another environment may store the same value in a different format.
            let is_same_python =
                decided.is_same(&Ingredient::Python) && decided.is_same(&Ingredient::Packages);
            let is_there = |arm| vouched_for(arm, key, instance).filter(|_| is_same_python);
            let there = instance.opened().iter().map(is_there).collect();
            let answer =
                python::run(instance, &Mode::Split(there), &taken, run, decided.interpreter.as_ref())?;
            publish_parts(instance, key, &seal::result(answer, instance, &run.out())?, run, &others)
        }
        _ if made.parts.is_empty() => {
            cut_own(instance, made.native.as_deref().or(key.as_deref()), made, run, (size, by))
        }
        _ => {
            crate::file::remove(&instance.folder.record())?;
            let others = own_outputs(instance, made, run)?.values;
            publish::rest(run, made, &instance.folder)?;
            let key = key.as_deref().unwrap_or("data");
            publish_parts(instance, key, made, run, &others)
        }
    }
}

/// Cuts a file that the split's own code made.
fn cut_own(
    instance: &Instance,
    key: Option<&str>,
    made: &ActionResult,
    run: &RunFolder,
    how: (&Size, &By),
) -> Result<(), Failure> {
    let key = key.unwrap_or("data");
    crate::file::remove(&instance.folder.record())?;
    let values = own_outputs(instance, made, run)?;
    publish::rest(run, made, &instance.folder)?;
    let Some(whole) = values.get(key).cloned() else {
        let keys = values.values.iter().map(|value| value.key.as_str());
        return Err(
            Failure::new(format!("the splitter made no `{key}`")).help(format!("it made {}", list(keys)))
        );
    };
    let others: Vec<_> = values.values.into_iter().filter(|value| value.key != key).collect();
    cut_natively(instance, &Value { key: key.to_owned(), ..whole }, how, &others)
}

/// Publishes what the split's own code returned. Every partition's stamp vouches for it.
fn own_outputs(instance: &Instance, made: &ActionResult, run: &RunFolder) -> Result<Values, Failure> {
    for arm in instance.opened() {
        stamp::retire(&arm.stamp())?;
    }
    publish::outputs(
        &made.values,
        &Values::default(),
        run,
        &instance.folder,
        (instance.layout.build(), &instance.trust()),
    )
}

/// The value of `key`, which a split without code cuts.
fn whole(instance: &Instance, inputs: &[Input], key: &str) -> Result<Value, Failure> {
    let names = || inputs.iter().map(|input| input.name.as_str());
    match inputs.iter().find(|input| input.name == key).map(|input| &input.node) {
        Some(Node::One(value)) => Ok(value.clone()),
        Some(Node::Gathered(_)) => {
            Err(Failure::new(format!("`{key}` is gathered from a layer and cannot be split"))
                .help("aggregate it in a process with `code` first"))
        }
        None => {
            let message = format!("no upstream of `{}` returns `{key}`", instance.plan.process);
            let help = match nearest(key, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`data_name` is one of the keys that they return: {}", list(names())),
            };
            Err(Failure::new(message).help(help))
        }
    }
}

/// The values that pass through a split unchanged.
fn passed_on(inputs: &[Input], cut: Option<&str>) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::new();
    for input in inputs.iter().filter(|input| Some(input.name.as_str()) != cut) {
        match &input.node {
            Node::One(value) => values.push(Value { key: input.name.clone(), ..value.clone() }),
            Node::Gathered(_) => {
                let message =
                    format!("`{}` is gathered from a layer and cannot pass through a split", input.name);
                return Err(Failure::new(message).help("aggregate it in a process with `code` first"));
            }
        }
    }
    Ok(values)
}

/// Whether expops itself can cut the value: a file, or one of the formats that hold rows.
fn is_cut_natively(instance: &Instance, whole: &Value) -> bool {
    match whole.format.as_str() {
        "file" | "arrow" | "npy" => true,
        // The rows of a list are its items; a dict has columns.
        "json" => {
            let mut first = [0];
            let opened = file::open_regular(instance.layout.build().join(&whole.file));
            opened.and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == *b"["
        }
        _ => false,
    }
}

/// Cuts a value natively, row by row, without Python.
fn cut_natively(
    instance: &Instance,
    whole: &Value,
    (size, by): (&Size, &By),
    others: &[Value],
) -> Result<(), Failure> {
    let source = instance.layout.build().join(&whole.file);
    let (name, arms) = (data_name(&source), instance.opened());
    let lines = Values { values: others.to_vec() }.stamp(None).lines;
    let is_path = whole.format == "file";
    let request = rows::Request {
        source: rows::Input::Path(source.clone()),
        format: format_of(whole),
        compress: None,
        size,
        each: None,
        by,
        layout: &PartitionLayout { split: &instance.folder, arms: &arms, name: &name, is_path },
        key: &whole.key,
        extra: &lines,
        threads: 0,
        chunk: 0,
        // What a process returned was in its memory as a whole.
        memory: match whole.size {
            Some(size) if !is_path => rows::MEMORY.max(size.saturating_mul(4)),
            _ => instance.plan.settings.resources.memory.at(1).unwrap_or(rows::MEMORY),
        },
        progress: None,
    };
    let old: Vec<_> = arms.iter().map(|arm| vouched_for(arm, &whole.key, instance)).collect();
    // The new stamps come into force before the new lists of values can be written, so the old lists are removed first.
    for arm in &arms {
        stamp::retire(&arm.values())?;
        file::make_way(&arm.0.join(&name))?;
    }
    let partitions = rows::run(&request)
        .map_err(|error| cannot_be_cut(&error, whole, &source).kind(FailureKind::Raised))?;
    let trust = instance.trust();
    for ((arm, partition), old) in arms.iter().zip(&partitions).zip(old) {
        let file = relative(&arm.0.join(&name), instance)?;
        let old = old.filter(|old| partition.written == Written::Unchanged && old.file == file);
        let value = match old {
            Some(old) => Value { rows: Some(partition.rows), ..old },
            None => cut(partition, Value { file, ..whole.clone() }, &source, &trust)?,
        };
        let values = Values { values: [std::slice::from_ref(&value), others].concat() };
        values.write(arm)?;
        remove_others(arm, &name)?;
    }
    Ok(())
}

/// The value for a partition that was just written; it replaces `value`, which it was cut from.
fn cut(
    partition: &rows::Partition,
    value: Value,
    source: &Utf8Path,
    trust: &Trust,
) -> Result<Value, Failure> {
    let Value { key, file, format, .. } = value;
    let path = &partition.path;
    let size = path.metadata().ok().map(|meta| meta.len());
    // The digest of a table, or of compressed data, is not that of the file.
    let told = rows::format_of(&rows::Input::Path(source.to_owned()), None);
    let is_of_bytes = told.is_ok_and(|told| told.is_digested_as_stored());
    let stored = if format == "file" && !is_of_bytes { Some(stored::stored(path, trust)?) } else { None };
    stored::publish(path, &format, stored.unwrap_or(partition.digest), trust);
    Ok(Value { key, file, format, digest: partition.digest, rows: Some(partition.rows), stored, size })
}

/// The format of a value, unless it is a file of the user's, whose name tells the format.
fn format_of(whole: &Value) -> Option<rows::Format> {
    let kind = match whole.format.as_str() {
        "arrow" => rows::Kind::Arrow,
        "npy" => rows::Kind::Npy,
        "json" => rows::Kind::JsonArray,
        _ => return None,
    };
    Some(rows::Format { rows: kind, compression: None })
}

/// The error of a split: a value is named by its key, not by the file that it is stored in.
fn cannot_be_cut(error: &rows::SplitError, whole: &Value, source: &Utf8Path) -> Failure {
    let name = |text: &str| match whole.format.as_str() {
        "file" => text.to_owned(),
        _ => text.replace(source.as_str(), &format!("`{}`", whole.key)),
    };
    let help = |help| name(help).replace("`--memory`", "`resources: {memory: 8GB}`");
    Failure::new(name(&error.to_string())).any_help(error.help().map(help))
}

/// Where the partitions of an instance are: each in its own folder, named like the whole.
struct PartitionLayout<'a> {
    split: &'a Folder,
    arms: &'a [Folder],
    name: &'a str,
    /// Whether readers are given the path.
    is_path: bool,
}

impl PartitionLayout<'_> {
    /// The folder of the partition `i`, counted from 1.
    fn arm(&self, i: u64) -> &Folder {
        let index = usize::try_from(i).unwrap_or(usize::MAX).saturating_sub(1).min(self.arms.len() - 1);
        &self.arms[index]
    }
}

impl rows::Layout for PartitionLayout<'_> {
    fn name(&self) -> Option<&str> {
        self.is_path.then_some(self.name)
    }

    fn data(&self, i: u64) -> Utf8PathBuf {
        self.arm(i).0.join(self.name)
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        self.arm(i).stamp()
    }

    fn known(&self) -> Option<Utf8PathBuf> {
        Some(self.split.rows())
    }
}

/// Moves partitions that Python cut into place; one that has not changed is left alone.
fn publish_parts(
    instance: &Instance,
    key: &str,
    made: &ActionResult,
    run: &RunFolder,
    others: &[Value],
) -> Result<(), Failure> {
    let (parts, arms) = (&made.parts, instance.opened());
    if parts.len() != arms.len() {
        return Err(Failure::new(format!("{} partitions were cut instead of {}", parts.len(), arms.len())));
    }
    let trust = instance.trust();
    for (arm, part) in arms.iter().zip(parts) {
        let old = vouched_for(arm, key, instance);
        let value = match (&part.file, &old) {
            (None, Some(old)) if old.digest == part.digest => old.clone(),
            (None, _) => {
                return Err(Failure::new(format!("`{}` changed while it ran", arm.0)).help("build again"));
            }
            (Some(file), _) => Value {
                key: key.to_owned(),
                file: relative(&arm.0.join(data_name(file)), instance)?,
                format: part.format.clone(),
                digest: part.digest,
                rows: Some(part.rows),
                stored: part.stored,
                size: part.size,
            },
        };
        let place = instance.layout.build().join(&value.file);
        if let Some(file) = part.file.as_ref().filter(|_| old.as_ref() != Some(&value)) {
            stamp::retire(&arm.stamp())?;
            publish::rename(&run.out().join(file), &place)?;
            stored::publish(&place, &value.format, value.stored.unwrap_or(value.digest), &trust);
        }
        let values = Values { values: [std::slice::from_ref(&value), others].concat() };
        publish::settle(arm, &values, made.metrics_digest())?;
        remove_others(arm, place.file_name().unwrap_or_default())?;
    }
    Ok(())
}

/// The value of `key` in a partition, if it exists and the partition's stamp vouches for it.
fn vouched_for(arm: &Folder, key: &str, instance: &Instance) -> Option<Value> {
    let value = Values::read(arm)?.get(key)?.clone();
    let stamp = Stamp::read(&arm.stamp())?;
    let is_there = instance.layout.build().join(&value.file).exists();
    (is_there && stamp.key(key)?.digest == value.digest).then_some(value)
}

/// The name of a partition's data file, which is beside the partition's own files.
fn data_name(made: &Utf8Path) -> String {
    let name = made.file_name().unwrap_or("data");
    let is_taken = name.starts_with('.') || Folder::OF_PARTITION.iter().any(|own| name.starts_with(own));
    if is_taken { format!("data-{name}") } else { name.to_owned() }
}

/// Removes what earlier splits left in a partition's folder under other names, and what killed ones left.
fn remove_others(arm: &Folder, name: &str) -> Result<(), Failure> {
    for entry in crate::file::context(arm.0.read_dir_utf8(), "read", &arm.0)?.flatten() {
        if entry.file_name() != name && !Folder::OF_PARTITION.contains(&entry.file_name()) {
            crate::file::remove(entry.path())?;
        }
    }
    Ok(())
}

fn relative(path: &Utf8Path, instance: &Instance) -> Result<Utf8PathBuf, Failure> {
    let relative = path.strip_prefix(instance.layout.build()).map_err(|e| Failure::new(e.to_string()))?;
    Ok(relative.to_owned())
}
