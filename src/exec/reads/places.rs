//! Which of the paths that a run touches count as read, and by which name.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use crate::exec::failure::Failure;
use crate::exec::key::roots::Roots;
use crate::file;
use crate::layout::{FILES, Layout};
use crate::watch::{Event, Operation};

/// A link in the folder where a process runs.
pub(in crate::exec) struct Link {
    /// Its path in that folder.
    pub(in crate::exec) path: Utf8PathBuf,
    /// What it leads to, in the project.
    pub(in crate::exec) to: Utf8PathBuf,
}

/// Where the things are that a run may touch. All paths are absolute, without links.
pub(in crate::exec) struct Places<'a> {
    pub(in crate::exec) roots: &'a Roots,
    /// The folder of the run, and which paths in its `files` are links into the project.
    pub(in crate::exec) run: &'a Utf8Path,
    pub(in crate::exec) links: &'a [Link],
    pub(in crate::exec) build: Utf8PathBuf,
    /// The instance's own folder.
    pub(in crate::exec) own: Utf8PathBuf,
    /// The files and folders of its inputs: thousands, if it gathers a layer.
    pub(in crate::exec) inputs: BTreeSet<Utf8PathBuf>,
    /// Files and folders that count whether or not they are read.
    pub(in crate::exec) declared: Vec<Utf8PathBuf>,
    /// Modules that count by the code that is reached, relative to the project.
    pub(in crate::exec) modules: &'a BTreeSet<Utf8PathBuf>,
    /// Where the interpreter and its packages are.
    pub(in crate::exec) prefixes: Vec<Utf8PathBuf>,
    /// Folders that were listed only to find out which packages are installed.
    pub(in crate::exec) for_packages: &'a BTreeSet<Utf8PathBuf>,
    /// Folders that are searched for programs.
    pub(in crate::exec) searched: Vec<Utf8PathBuf>,
    /// What `expops` itself keeps while a build runs.
    pub(in crate::exec) private: Option<Utf8PathBuf>,
    /// What counts as a whole if something was read by a program that cannot be watched.
    pub(in crate::exec) visible: Vec<Utf8PathBuf>,
    /// Not after the run began; `None` if that is unknown.
    pub(in crate::exec) since: Option<SystemTime>,
}

/// What belongs to the system: whoever changes it changes the machine.
pub(in crate::exec) const SYSTEM: [&str; 12] = [
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/run",
    "/var/lib",
    "/var/cache",
];

/// What lies there and is people's own.
pub(in crate::exec) const NOT_SYSTEM: [&str; 2] = ["/dev/shm", "/run/media"];

impl Places<'_> {
    /// The place that `path` names: through the links in the run's folder, it is in the project.
    pub(super) fn place(&self, path: &Utf8Path) -> Utf8PathBuf {
        let path = file::normal(path);
        let Ok(inside) = path.strip_prefix(self.run.join(FILES)) else { return path };
        let led = self.links.iter().find_map(|link| Some((&link.to, inside.strip_prefix(&link.path).ok()?)));
        let Some((to, rest)) = led else { return path };
        file::normal(&self.roots.project().join(to).join(rest))
    }

    /// The path that counts for an event; `None` if it does not count.
    pub(super) fn counted(&self, event: &Event) -> Result<Option<Utf8PathBuf>, Failure> {
        let path = self.place(&event.path);
        if event.operation == Operation::Load && !path.starts_with(self.roots.project()) {
            return Ok(None);
        }
        let is_lookup = matches!(event.operation, Operation::Find | Operation::Miss);
        let is_search = is_lookup && self.searched.iter().any(|folder| path.parent() == Some(folder));
        if is_search || self.is_own(&path) {
            return Ok(None);
        }
        if path.starts_with(&self.build) {
            return self.of_the_build(&path, event);
        }
        if self.roots.is_export(&path) {
            return self.of_an_export(&path, event);
        }
        let is_list = event.operation == Operation::List;
        if is_list && self.for_packages.contains(&path) {
            return Ok(None);
        }
        if is_list && self.roots.project().starts_with(&path) {
            return Ok(Some(path).filter(|path| path.parent().is_some()));
        }
        Ok(if self.is_of_the_environment(&path) { None } else { self.source(path, event.operation) })
    }

    fn is_own(&self, path: &Utf8Path) -> bool {
        path.starts_with(self.run) || path.starts_with(&self.own)
    }

    /// Whether a path is in the build folder, and neither the instance's own nor on the way to that.
    pub(super) fn is_of_others(&self, path: &Utf8Path) -> bool {
        path.starts_with(&self.build) && !self.is_own(path)
    }

    /// Whether a file is neither in the project nor in the build folder, nor of the system or an environment.
    pub(super) fn is_outside(&self, path: &Utf8Path) -> bool {
        let is_inside = |folder: &Utf8Path| path.starts_with(folder);
        !is_inside(self.roots.project()) && !is_inside(&self.build) && !self.is_of_the_environment(path)
    }

    /// Whether a file belongs to the project, and is neither of the build nor of the tools that keep their files there under
    /// hidden names.
    pub(super) fn is_of_the_project(&self, path: &Utf8Path) -> bool {
        let Ok(inside) = path.strip_prefix(self.roots.project()) else { return false };
        let is_hidden =
            inside.components().any(|part| part.as_str().starts_with('.') || part.as_str() == "__pycache__");
        let is_ours = [self.run, &self.own, &self.build].iter().any(|folder| path.starts_with(folder));
        !is_hidden && !is_ours && !self.roots.is_export(path) && !self.is_of_the_environment(path)
    }

    /// The file of the project that a started program read, in which it may ask for variables; `None` if there is none.
    pub(super) fn program(&self, event: &Event) -> Option<Utf8PathBuf> {
        let is_text = matches!(event.operation, Operation::ReadByProgram | Operation::ReadBySpawned);
        let path = is_text.then(|| source_of(self.place(&event.path)))??;
        self.is_of_the_project(&path).then_some(path)
    }

    /// Nothing in the build folder counts: inputs count already, and nobody may look at anything else.
    fn of_the_build(&self, path: &Utf8Path, event: &Event) -> Result<Option<Utf8PathBuf>, Failure> {
        let is_file = event.seen.is_some_and(|seen| seen.is_file());
        let did = match event.operation {
            Operation::Find if self.is_of_another(path, event.operation) => "looked up",
            Operation::Miss if self.is_of_another(path, event.operation) => "looked for",
            Operation::List if path == self.build || self.is_of_another(path, event.operation) => "listed",
            operation if is_file && is_using(operation) && !self.is_input_or_ours(path) => "read",
            _ => return Ok(None),
        };
        let shown = path.strip_prefix(self.roots.project()).unwrap_or(path);
        if path == self.build {
            let message = format!("it listed `{shown}`, which holds the results of other processes");
            let help = format!("search narrower folders of the project, or all but `{shown}`");
            return Err(Failure::new(message).help(help));
        }
        let message = format!("it {did} `{shown}`, a result of another process that is no input of this one");
        Err(Failure::new(message).help("add an edge to `process_adjlist`, and take the value by its key"))
    }

    /// Whether a path is an input or in one, or what `expops` itself keeps.
    fn is_input_or_ours(&self, path: &Utf8Path) -> bool {
        let is_in_input = path.ancestors().any(|above| self.inputs.contains(above));
        is_in_input || path.starts_with(Layout::new(&*self.build).own())
    }

    /// Whether a path that was looked up is in the folder of another instance, and on the way neither to this one nor to an
    /// input. Libraries look beside a file for others that belong to it (`x.db-wal`), and list its folder for that.
    fn is_of_another(&self, path: &Utf8Path, operation: Operation) -> bool {
        let Ok(inside) = path.strip_prefix(&self.build) else { return false };
        let below = |folder: &Utf8Path| {
            let from = (Bound::Included(folder), Bound::Unbounded);
            let folder = folder.to_owned();
            self.inputs.range::<Utf8Path, _>(from).take_while(move |input| input.starts_with(&folder))
        };
        let has_input = |folder: &Utf8Path| below(folder).any(|input| input.parent() == Some(folder));
        let is_harmless = match operation {
            Operation::List => has_input(path),
            Operation::Miss => path.parent().is_some_and(has_input),
            _ => self.own.starts_with(path) || below(path).next().is_some(),
        };
        let is_known = || Layout::new(&*self.build).plan_of(inside.as_str()).is_file();
        !is_harmless && !self.is_input_or_ours(path) && is_known()
    }

    /// Whether a path is a copy of an output.
    pub(super) fn is_export(&self, path: &Utf8Path) -> bool {
        self.roots.is_export(path)
    }

    /// Copies of outputs do not count either.
    fn of_an_export(&self, path: &Utf8Path, event: &Event) -> Result<Option<Utf8PathBuf>, Failure> {
        let is_file = event.seen.is_some_and(|seen| seen.is_file());
        let did = match event.operation {
            Operation::Find if is_file => "looked up",
            Operation::Miss => "looked for",
            operation if is_file && is_reading(operation) => "read",
            _ => return Ok(None),
        };
        let shown = path.strip_prefix(self.roots.project()).unwrap_or(path);
        let message = format!("it {did} `{shown}`, a copy that the build makes of a result");
        let help =
            "add an edge to `process_adjlist`, and take the value by its key; or do not `export` it to there";
        Err(Failure::new(message).help(help))
    }

    fn is_of_the_environment(&self, path: &Utf8Path) -> bool {
        let project = self.roots.project();
        let is_below = |prefix: &Utf8PathBuf| path.starts_with(prefix) && !project.starts_with(prefix);
        let is_program = |folder: &Utf8PathBuf| path.parent() == Some(folder) && !folder.starts_with(project);
        let mut parts = path.components().map(|part| part.as_str());
        let is_packages = parts.any(|part| matches!(part, "site-packages" | "dist-packages"));
        is_of_the_system(path) && !path.starts_with(project)
            || (is_of_the_start(path) || is_packages) && !self.is_of_the_projects_own(path)
            || self.searched.iter().any(is_program)
            || self.private.as_ref().is_some_and(|private| path.starts_with(private))
            || self.prefixes.iter().any(is_below)
            || self.roots.home().is_some_and(|home| path.starts_with(home.join(".cache")))
            // Looking up a path looks up each of its folders.
            || project.starts_with(path)
    }

    /// Whether a path is in the project, and in no environment there: a folder can be called `site-packages` without that.
    fn is_of_the_projects_own(&self, path: &Utf8Path) -> bool {
        let project = self.roots.project();
        let mut above = path.ancestors().take_while(|above| *above != project);
        let is_environment =
            |above: &Utf8Path| above.join("pyvenv.cfg").exists() || above.join("conda-meta").exists();
        path.starts_with(project) && path.exists() && !above.any(is_environment)
    }

    /// Bytecode counts as its source, and a source that was read when compiling does not count.
    fn source(&self, path: Utf8PathBuf, operation: Operation) -> Option<Utf8PathBuf> {
        let is_bytecode = path.parent().is_some_and(|folder| folder.file_name() == Some("__pycache__"));
        if is_bytecode && !is_reading(operation) || path.file_name() == Some("__pycache__") {
            return None;
        }
        let path = source_of(path)?;
        let inside = path.strip_prefix(self.roots.project()).unwrap_or(&path);
        if self.declared.iter().any(|declared| path.starts_with(declared)) {
            return None;
        }
        let is_text = operation == Operation::ReadByProgram;
        (is_text || !self.modules.contains(inside)).then_some(path)
    }
}

/// The source of bytecode, if there is one; any other path is its own.
fn source_of(path: Utf8PathBuf) -> Option<Utf8PathBuf> {
    let Some(folder) = path.parent().filter(|folder| folder.file_name() == Some("__pycache__")) else {
        return Some(path);
    };
    let name = path.file_name()?.split('.').next()?;
    Some(folder.parent()?.join(format!("{name}.py"))).filter(|source| source.is_file())
}

fn is_of_the_system(path: &Utf8Path) -> bool {
    let is_below = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
    is_below(&SYSTEM) && !is_below(&NOT_SYSTEM)
}

/// Whether something was read, or handed to a program of which nobody knows what it reads.
fn is_using(operation: Operation) -> bool {
    is_reading(operation) || matches!(operation, Operation::Update | Operation::Word)
}

fn is_reading(operation: Operation) -> bool {
    use Operation::{Read, ReadByLink, ReadByProgram, ReadBySpawned};
    matches!(operation, Read | ReadByProgram | ReadBySpawned | ReadByLink)
}

/// What an interpreter looks for in one parent folder after another, to find itself.
fn is_of_the_start(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let mut parts = path.components().map(|part| part.as_str()).peekable();
    let mut is_library = false;
    while let Some(part) = parts.next() {
        let next = parts.peek().is_some_and(|next| next.starts_with("python3"));
        is_library |= matches!(part, "lib" | "lib64") && next;
    }
    is_library || matches!(name, "pyvenv.cfg" | "pybuilddir.txt") || name.ends_with("._pth")
}
