//! Turns what the runtime says that a function made into values with digests. Those of open formats are computed here;
//! of pickles the runtime knows what a reader observes, and whoever reads one calls the code of the project's classes
//! in it.

use std::fs::Metadata;

use camino::{Utf8Path, Utf8PathBuf};

use crate::digest::Digest;
use crate::exec::content::trust::Trust;
use crate::exec::failure::Failure;
use crate::exec::runners::python::{Answer, Output};
use crate::exec::state::instance::Instance;
use crate::exec::values::action_result::{ActionResult, Part};
use crate::exec::values::checkout::Checkout;
use crate::exec::values::stored;
use crate::exec::values::value::Value;
use crate::file;
use crate::layout::run as run_files;
use crate::script::Library;

/// What was made, with the digests of the files in the folder `out`.
///
/// # Errors
/// If a value names the checkout that it was made in, or cannot be read.
pub(in crate::exec) fn result(
    answer: Answer,
    instance: &Instance,
    out: &Utf8Path,
) -> Result<ActionResult, Failure> {
    let mut checkout = checkout_of(instance)?;
    let run = out.parent();
    // Its name is drawn for each run, so a path into it is wrong in every spelling.
    run.and_then(Utf8Path::file_name).into_iter().for_each(|name| checkout.add(Utf8Path::new(name)));
    let scratch = run.map(|run| run.join(run_files::SCRATCH));
    if let Some(scratch) = scratch.and_then(|path| file::read_regular_text(path).ok()) {
        // On the node that it ran on; it is gone.
        checkout.add(&Utf8PathBuf::from(scratch));
    }
    let sealer = Sealer {
        instance,
        out,
        trust: instance.trust(),
        checkout,
        library: Library::new(Utf8Path::new("."), instance.plan.folders.clone()),
    };
    sealer.result(answer)
}

/// Insists that no value names one of `files`, which its instance wrote, and which are no outputs.
///
/// # Errors
/// If one does, or cannot be read.
pub(in crate::exec) fn insist_on_data(
    result: &ActionResult,
    files: &[Utf8PathBuf],
    out: &Utf8Path,
) -> Result<(), Failure> {
    if files.is_empty() {
        return Ok(());
    }
    let checkout = Checkout::of(files);
    let mut values = result.values.iter().filter(|value| value.format != "file");
    values.try_for_each(|value| {
        checkout.insist_on_absence(&value.key, (&out.join(&value.file), &value.format), &[])
    })
}

/// The checkout that an instance belongs to.
///
/// # Errors
/// If its build folder cannot be found.
pub(in crate::exec) fn checkout_of(instance: &Instance) -> Result<Checkout, Failure> {
    let build = file::context(instance.layout.build().canonicalize_utf8(), "find", instance.layout.build())?;
    Ok(Checkout::new(&instance.project, &build))
}

struct Sealer<'a> {
    instance: &'a Instance,
    out: &'a Utf8Path,
    trust: Trust,
    checkout: Checkout,
    library: Library,
}

/// What is known about a file.
struct Sealed {
    digest: Digest,
    stored: Option<Digest>,
    size: Option<u64>,
}

impl Sealer<'_> {
    fn result(mut self, answer: Answer) -> Result<ActionResult, Failure> {
        let metrics = answer.metrics_text();
        metrics.as_deref().map_or(Ok(()), |text| self.checkout.insist_on_metrics(text))?;
        let mut values = Vec::new();
        for output in &answer.outputs {
            let file = output.file.clone().unwrap_or_default();
            let Sealed { digest, stored, size } = self.seal(output, &file)?;
            let (key, format, rows) = (output.key.clone(), output.format.clone(), output.rows);
            values.push(Value { key, file, format, digest, rows, stored, size });
        }
        let parts: Result<_, Failure> = answer.partitions.iter().map(|part| self.part(part)).collect();
        Ok(ActionResult { values, parts: parts?, native: answer.native, metrics, cost: None })
    }

    fn part(&mut self, part: &Output) -> Result<Part, Failure> {
        let sealed = match (&part.file, part.digest) {
            (Some(file), _) => self.seal(part, file)?,
            (None, Some(digest)) => Sealed { digest, stored: None, size: None },
            (None, None) => {
                return Err(Failure::new("the runtime says neither where a partition is nor what it is"));
            }
        };
        let Sealed { digest, stored, size } = sealed;
        let (file, format, rows) = (part.file.clone(), part.format.clone(), part.rows.unwrap_or_default());
        Ok(Part { file, format, digest, rows, stored, size })
    }

    fn seal(&mut self, output: &Output, file: &Utf8PathBuf) -> Result<Sealed, Failure> {
        let path = self.out.join(file);
        let size = path.metadata().ok().filter(Metadata::is_file).map(|meta| meta.len());
        if output.format != "file" {
            self.checkout.insist_on_absence(&output.key, (&path, &output.format), &output.paths)?;
        }
        let Some(observed) = output.digest else {
            let digest = stored::digest(&path, &output.format, &self.trust)?;
            return Ok(Sealed { digest, stored: None, size });
        };
        let stored = Some(stored::stored(&path, &self.trust)?);
        Ok(Sealed { digest: self.with_code(observed, &output.code)?, stored, size })
    }

    /// `digest` combined with the code of the project's classes and functions in a value, and with the data file if
    /// that code may open it: whoever reads the value calls that code, even without naming it.
    fn with_code(&mut self, digest: Digest, code: &[(Utf8PathBuf, String)]) -> Result<Digest, Failure> {
        if code.is_empty() {
            return Ok(digest);
        }
        let plan = &self.instance.plan;
        let mut text = digest.to_string();
        for (file, name) in code {
            let file = file.strip_prefix(&self.instance.project).unwrap_or(file);
            let (reached, may_open) = match self.library.code(file, name) {
                Ok(reach) => (reach.digest, reach.reads_files),
                Err(_) => (file::context(Digest::of_file(file), "read", file)?, true),
            };
            text += &format!("\n{name} {reached}");
            for data in plan.data.values().filter(|_| may_open && plan.data_depth == 0) {
                text += &format!("\n{}", stored::stored(data, &self.trust)?);
            }
        }
        Ok(Digest::of(text))
    }
}
