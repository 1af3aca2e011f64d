//! Writes the result of a compilation; the compile side writes nowhere else.

use std::fs;
use std::io::{self, BufWriter, Read as _, Write};

use camino::{Utf8Path, Utf8PathBuf};

use super::compile::Compiled;
use super::failure::Failure;
use super::options::relative;
use super::program;
use crate::digest::Hasher;
use crate::durable;
use crate::emit::{self, Format};
use crate::exec::{self, Contents, Interpreter};
use crate::file::{self, FileError, Given, Way, Written};
use crate::layout::Folder;
use crate::lock::Lock;
use crate::plan_file::{PlanFile, VERSION};
use crate::runtime;

/// How many digests are kept spelled out for `explain`, and how many large files are known by their stat.
/// Beyond that the oldest are forgotten, which only costs detail and time.
const MOST_FACTS: usize = 50_000;

/// How much of the generated file is hashed, compared and written at a time, in bytes.
const BLOCK: usize = 1 << 16;
/// How much of a file says whether expops wrote it, in bytes.
const HEAD: u64 = 1 << 10;

impl Compiled {
    /// Writes what changed in the project: plan files first, then the generated file, and last the proof for
    /// Make that everything is there. Returns what became of the generated file.
    pub fn write(&self) -> Result<Written, Failure> {
        let output = self.target().map_err(|error| Failure::Write(error.to_string()))?;
        let real = |path: &Utf8Path| path.canonicalize_utf8().unwrap_or_else(|_| file::normal(path));
        let is_output = |source: &&Utf8PathBuf| real(&self.project.at(source)) == real(&output);
        if let Some(source) = self.plan.sources.iter().find(is_output) {
            let text = format!("`{source}` is what the pipeline is made from; write to another file");
            return Err(Failure::Usage(text));
        }
        if !self.options.force && !may_overwrite(&output) {
            let text = format!("`{output}` was not written by expops; --force overwrites it");
            return Err(Failure::Usage(text));
        }
        self.insist_on_folder().map_err(Failure::Write)?;
        self.insist_on_no_links().map_err(|error| Failure::Write(error.to_string()))?;
        self.clear_way().map_err(|error| Failure::Write(error.to_string()))?;
        // Two that compile at once would remove each other's files. Where nothing can be written, nobody writes.
        let _mine =
            file::create_folder(&self.layout.own()).and_then(|()| Lock::wait(&self.layout.compiling()));
        // This comes first: what the compiler writes must not be older than what it read.
        self.write_modules().map_err(|failure| Failure::Write(failure.to_string()))?;
        // Python needs longer to tell what is installed than most pipelines need to be written.
        let (told, written) = std::thread::scope(|scope| {
            let asked = scope.spawn(|| self.write_interpreter());
            let written = self.write_files(&output);
            (asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), written)
        });
        told.map_err(|failure| Failure::Write(failure.to_string()))?;
        let proven = written.and_then(|(written, digest)| self.prove(digest).map(|()| written));
        let written = proven.map_err(|error| Failure::Write(error.to_string()))?;
        if self.options.format.is_executable() {
            make_executable(&output);
        }
        Ok(written)
    }

    /// The generated file.
    fn target(&self) -> Result<Utf8PathBuf, FileError> {
        Given::file_at(&self.project.at(&self.output), self.options.output.is_none())
    }

    /// Checks that what is written into the build folder stays in there: a build folder can come with somebody else's
    /// project.
    fn insist_on_no_links(&self) -> Result<(), FileError> {
        let own = self.layout.own();
        let inside = own.read_dir_utf8().into_iter().flatten().flatten().map(|entry| entry.into_path());
        let paths: Vec<_> = inside.chain([own.clone()]).collect();
        paths.iter().try_for_each(|path| file::insist_on_no_links(self.layout.build(), path))
    }

    /// Checks that what has the name of the build folder is one.
    fn insist_on_folder(&self) -> Result<(), String> {
        let build = self.layout.build();
        match build.symlink_metadata() {
            Ok(_) if !build.is_dir() => {
                Err(format!("`{build}` is no folder, and a build makes its files there: remove it"))
            }
            _ => Ok(()),
        }
    }

    /// Removes what is no folder in the place of one in the build folder, before a build tool stops at it. Returns how
    /// many things were removed.
    ///
    /// # Errors
    /// If there is a link to a folder, or something cannot be removed.
    pub(crate) fn clear_way(&self) -> Result<usize, FileError> {
        let layout = &self.layout;
        let mut way = Way::new(layout.build());
        layout.own_folders().try_for_each(|folder| way.clear(&folder).map(drop))?;
        for modules in &self.plan.modules {
            way.clear(&layout.modules(Utf8Path::new(&modules.name)).0)?;
        }
        for environment in &self.plan.environments {
            way.clear(&layout.environment(&environment.name))?;
        }
        for group in &self.plan.groups {
            way.clear(&layout.shared(&group.shared.name).0)?;
            way.clear(&layout.batches(&group.process))?;
            for name in group.actions.names() {
                clear_instance(&layout.folder(&name), &mut way)?;
            }
            for name in group.actions.partitions() {
                way.clear(&layout.folder(&name).0)?;
            }
        }
        self.clear_verdicts(&mut way)?;
        Ok(way.removed)
    }

    fn clear_verdicts(&self, way: &mut Way<'_>) -> Result<(), FileError> {
        if self.plan.verdict.is_none() {
            return Ok(());
        }
        let groups = self.plan.groups.iter();
        let names = groups.flat_map(|group| group.actions.names());
        names
            .filter_map(|name| self.layout.verdict(&name).parent().map(Utf8Path::to_owned))
            .try_for_each(|folder| way.clear(&folder).map(drop))
    }

    /// Whether another version of expops compiled the project last. If so, everything is built again.
    pub fn follows_another_version(&self) -> bool {
        let texts = self.plan_files().into_iter().filter_map(|(path, _)| file::read_regular_text(path).ok());
        let versions: Vec<_> = texts.filter_map(|text| PlanFile::version_of(&text)).collect();
        versions.iter().any(|version| *version != VERSION)
    }

    /// The version of the distribution `expops` that the active Python has, once the project has been written.
    /// The one on PyPI belongs to another project.
    pub fn other_distribution(&self) -> Option<String> {
        let python = Interpreter::read(&self.layout.environment_stamp("")).ok()?;
        let is_it = |package: &String| package.strip_prefix("expops==").map(str::to_owned);
        python.packages.iter().find_map(is_it).filter(|_| self.plan.interpreter.is_some())
    }

    /// Stamps the names of modules in the folders of scripts. For a tool that compares the times of files, also
    /// records that they have just been looked at.
    fn write_modules(&self) -> Result<(), exec::Failure> {
        for modules in &self.plan.modules {
            let made = self.layout.modules(Utf8Path::new(&modules.name));
            exec::note_modules(&made, &self.project.at(Utf8Path::new(&modules.name)))?;
            if self.options.format != Format::Ninja {
                exec::record_modules(&made)?;
            }
        }
        Ok(())
    }

    /// Stamps what processes observe of the interpreter, if there are any that run in it.
    fn write_interpreter(&self) -> Result<(), exec::Failure> {
        if self.plan.interpreter.is_none() {
            return Ok(());
        }
        let python = Interpreter::probe(&self.options.python, &self.project.folder, Contents::ByVersion)?;
        python.write(&self.layout.environment_stamp("")).map(drop)
    }

    /// Also returns the digest of the generated file's text, ready for more.
    fn write_files(&self, output: &Utf8Path) -> Result<(Written, Hasher), FileError> {
        let plan_files = self.plan_files();
        for (path, text) in &plan_files {
            durable::write_if_changed(path, text.as_bytes())?;
        }
        remove_others(&self.layout.plans(), &plan_files)?;
        self.places.write(&self.layout.places())?;
        for path in self.plan.groups.iter().filter_map(|group| group.reads.as_ref()) {
            exec::compact_reads(&self.in_project(path))?;
        }
        runtime::install(&self.layout.python())?;
        program::write(&self.layout)?;
        self.write_exports()?;
        exec::keep_newest(&self.layout.all_known(), MOST_FACTS)?;
        exec::keep_newest(&self.layout.trust(), MOST_FACTS)?;
        if let Some(text) = self.origin() {
            durable::write_if_changed(&self.layout.origin(), text.as_bytes())?;
        }
        if let Some(text) = &self.depfile {
            durable::write_if_changed(&self.in_project(&self.plan.depfile), text.as_bytes())?;
        }
        self.write_generated(output)
    }

    fn write_generated(&self, path: &Utf8Path) -> Result<(Written, Hasher), FileError> {
        let mut digest = Hasher::new();
        file::insist_on_no_folder(path)?;
        let written = durable::revise(path, |out| {
            let mut out = BufWriter::with_capacity(BLOCK, Hashed { out, digest: &mut digest });
            self.options.format.write(&self.plan, &mut out)?;
            out.flush()
        })?;
        Ok((written, digest))
    }

    /// Lists the copies of outputs for those who look at what a process read. Nothing is written where there are none.
    fn write_exports(&self) -> Result<(), FileError> {
        let text: String = self.plan.exports().map(|export| format!("{}\n", export.words[1])).collect();
        match text.as_str() {
            "" => file::remove(&self.layout.exports()),
            text => durable::write_if_changed(&self.layout.exports(), text.as_bytes()).map(drop),
        }
    }

    /// Writes the proof that everything is there. Its content is a digest of what was written. Ninja itself
    /// knows when it last ran the compiler, so under Ninja the proof keeps its time unless something changed,
    /// and only then does Ninja reload the generated file.
    fn prove(&self, mut digest: Hasher) -> Result<(), FileError> {
        let path = &self.in_project(&self.plan.proof);
        self.plan_files().iter().for_each(|(_, text)| digest.update(text));
        if self.plan.interpreter.is_some() {
            digest.update(file::read_regular(self.layout.environment_stamp("")).unwrap_or_default());
        }
        let text = format!("{}\n", digest.finish());
        match self.options.format {
            Format::Ninja => file::write_if_changed(path, text.as_bytes()).map(drop),
            // Not through a temporary file: nothing would remove one that a killed compiler left.
            _ => {
                path.parent().map_or(Ok(()), file::create_folder)?;
                let written = file::create_own(path).and_then(|file| {
                    file.set_len(0)?;
                    (&file).write_all(text.as_bytes())
                });
                file::context(written, "write", path)
            }
        }
    }

    /// A file in a build folder outside its project that lets commands find the project from there. The paths
    /// in it are absolute only if the flag was.
    fn origin(&self) -> Option<String> {
        let build = &self.build;
        let folder = self.project.folder.canonicalize_utf8().ok()?;
        let back = match build {
            build if build.is_absolute() => folder,
            build if build.starts_with("..") => relative(&folder, &file::normal(&folder.join(build))),
            _ => return None,
        };
        serde_json::to_string(&(back, build)).ok()
    }

    /// The plan files and their texts. In the plan, their paths are relative to where the build tool runs.
    fn plan_files(&self) -> Vec<(Utf8PathBuf, &str)> {
        let files = self.plan.plan_files.iter();
        files.map(|file| (self.in_project(&file.path), file.text.as_str())).collect()
    }

    /// Resolves a path of the plan, which is relative to where the build tool runs.
    fn in_project(&self, path: &Utf8Path) -> Utf8PathBuf {
        file::normal(&self.runs_in.join(path))
    }
}

/// Clears the way for what an instance makes, and has it made again if something was in the way: a build tool does not
/// look there.
fn clear_instance(folder: &Folder, way: &mut Way<'_>) -> Result<(), FileError> {
    let before = way.removed;
    if way.clear(&folder.0)? {
        way.clear_last(&folder.out())?;
        if folder.files().symlink_metadata().is_ok_and(|meta| !meta.is_dir()) {
            file::remove(&folder.files())?;
            way.removed += 1;
        }
    }
    if way.removed > before { file::remove(&folder.record()) } else { Ok(()) }
}

/// Writes and hashes.
struct Hashed<'w> {
    out: &'w mut dyn Write,
    digest: &'w mut Hasher,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.digest.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a file may be overwritten: it does not exist, or expops wrote it.
pub(crate) fn may_overwrite(path: &Utf8Path) -> bool {
    let mut head = Vec::new();
    match file::open_regular(path) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(file) => file.take(HEAD).read_to_end(&mut head).is_ok() && emit::is_generated(&head),
    }
}

/// Removes the plan files of processes that are gone. Two paths may name the same file here: one relative to
/// the project, one to where the build tool runs.
fn remove_others(folder: &Utf8Path, kept: &[(Utf8PathBuf, &str)]) -> Result<(), FileError> {
    let real = |path: &Utf8Path| path.canonicalize_utf8().ok();
    let kept: Vec<_> = kept.iter().map(|(path, _)| real(path)).collect();
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        let is_plan = entry.file_type().is_file() && path.extension() == Some("json");
        if is_plan && !kept.contains(&real(path)) {
            file::remove(path)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Utf8Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o755));
}

#[cfg(not(unix))]
fn make_executable(_: &Utf8Path) {}
