//! How an instance's Python is run: in an interpreter of its own, or as a child of a worker that has imported the
//! libraries. The results are the same, byte for byte; a broken worker costs a cold start.

use std::io::Write as _;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use super::attempt::Attempt;
use super::child;
use super::launcher::{self, Call, Launcher, Queue};
use super::worker::{self, Kind};
use crate::exec::exit::Exit;
use crate::exec::failure::Failure;
use crate::exec::interpreter::Interpreter;
use crate::exec::resources::allotment::Allotment;
use crate::exec::run_folder::RunFolder;
use crate::exec::state::inputs::Input;
use crate::exec::state::inputs::named;
use crate::exec::state::instance::Instance;
use crate::file;
use crate::variable::WORKERS;

/// Who runs it.
pub(in crate::exec) enum Runner {
    /// An interpreter that is started for it.
    Cold,
    /// A child of a worker of this kind.
    Warm(Kind),
    /// A launcher, which runs it elsewhere.
    Launched(Launcher),
}

/// What a launcher is told about a run in `folder` with these `inputs`, which is to write `outputs`.
pub(in crate::exec) fn call<'a>(
    instance: &Instance,
    inputs: &[Input],
    outputs: &[(String, Utf8PathBuf)],
    folder: &'a RunFolder,
) -> Call<'a> {
    let build = instance.project.join(instance.layout.build());
    Call {
        label: instance.label(),
        run: folder.path(),
        allotment: &folder.allotment,
        inputs: named(inputs).into_iter().map(|(_, value)| file::normal(&build.join(&value.file))).collect(),
        outputs: outputs.iter().map(|(_, file)| folder.out().join(file)).collect(),
        trust: instance.trust(),
        queue: instance.plan.settings.batch.filter(|&most| most > 1).map(|most| Queue {
            folder: instance.layout.batches(&instance.plan.process),
            build: instance.layout.build().to_owned(),
            most: most as usize,
        }),
    }
}

impl Runner {
    /// The runner for an instance.
    pub(in crate::exec) fn of(
        instance: &Instance,
        interpreter: Option<&Interpreter>,
        runtime: &Utf8Path,
        folders: &[Utf8PathBuf],
        allotment: &Allotment,
    ) -> Self {
        if allotment.in_foreground {
            return Self::Cold;
        }
        if let Some(launcher) = Launcher::chosen() {
            return Self::Launched(launcher);
        }
        match interpreter {
            Some(interpreter) if WORKERS.is_on(true) => {
                Self::Warm(Kind::new(&instance.plan, interpreter, runtime, folders, allotment.cpus))
            }
            _ => Self::Cold,
        }
    }

    /// The runner for a shell command.
    pub(in crate::exec) fn of_shell(allotment: &Allotment) -> Self {
        let launcher = Launcher::chosen().filter(|_| !allotment.in_foreground);
        launcher.map_or(Self::Cold, Self::Launched)
    }

    /// Runs `command`, which starts Python for one request, within the limits of `call`, with stdout and stderr in the
    /// file `log`. `again` undoes what an unsuccessful run left.
    pub(in crate::exec) fn run(
        &self,
        command: &mut Command,
        log: &Utf8Path,
        call: &Call<'_>,
        again: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Exit, Failure> {
        let allotment = call.allotment;
        let kind = match self {
            Self::Cold => return child::run(command, log, allotment),
            Self::Launched(launcher) => return launcher::run(launcher, command, log, call),
            Self::Warm(kind) => kind,
        };
        match worker::run(command, kind, log, allotment)? {
            Attempt::Ended(exit) => Ok(exit),
            Attempt::Refused => child::run(command, log, allotment),
            Attempt::Steered => {
                again()?;
                child::run(command, log, allotment)
            }
            Attempt::Failed(why) => {
                again()?;
                let mut output = child::new_log(log)?;
                let line = format!("expops: no worker: {why}; Python is started anew\n");
                file::context(output.write_all(line.as_bytes()), "write", log)?;
                child::run_into(command, output, allotment)
            }
        }
    }
}
