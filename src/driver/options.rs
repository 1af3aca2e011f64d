//! The options of a compilation: what to compile, to which format, and where.

use camino::{Utf8Path, Utf8PathBuf};

use super::project::{FILES, Project};
use crate::defaults;
use crate::emit::Format;
use crate::escape;
use crate::file;
use crate::pipeline::Missing;
use crate::plan;
use crate::quote;

/// The options of a compilation. Paths are relative to the working folder unless stated otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The project: a folder, or a project file.
    pub project: Utf8PathBuf,
    /// The format of the generated file.
    pub format: Format,
    /// The generated file; `None` for the usual one in the project.
    pub output: Option<Utf8PathBuf>,
    /// Where outputs go, relative to the project, or absolute.
    pub build: Utf8PathBuf,
    /// The folder that the build tool runs in, if not the project.
    pub root: Option<Utf8PathBuf>,
    /// The prefix of the names of targets, rules and variables.
    pub prefix: String,
    /// The Python interpreter that runs processes without an environment, and makes environments.
    pub python: String,
    /// Pipelines that expand to more instances than this are refused.
    pub max_instances: u64,
    /// Whether to overwrite a file that expops did not write.
    pub force: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            project: ".".into(),
            format: Format::default(),
            output: None,
            build: defaults::BUILD.into(),
            root: None,
            prefix: String::new(),
            python: defaults::PYTHON.to_owned(),
            max_instances: defaults::MAX_INSTANCES,
            force: false,
        }
    }
}

impl Options {
    /// How to treat missing files: if there is an outer build, it may make them.
    pub(super) fn missing(&self) -> Missing {
        let is_hosted = self.root.is_some() || !self.prefix.is_empty();
        if is_hosted { Missing::Warning } else { Missing::Error }
    }

    /// The options of the planner: the same, with every path relative to the project.
    pub(super) fn placed(&self, project: &Project) -> Result<plan::Options, String> {
        self.insist_on_plain_text()?;
        let folder = absolute(&project.folder)?;
        let here = absolute(Utf8Path::new("."))?;
        let output = match &self.output {
            None => Utf8PathBuf::from(self.format.file_name()),
            Some(path) => self.output_seen(path, &here, &folder),
        };
        let root = self.root.as_deref().map(absolute).transpose()?;
        let runs_in = root.as_ref().unwrap_or(&folder);
        let written = file::normal(&folder.join(&output));
        let written_in = written.parent().unwrap_or(&folder);
        let mut options = plan::Options {
            up: but_not_here(relative(runs_in, written_in)),
            source: project.file.clone(),
            build: self.build_folder(&folder)?,
            output,
            root: but_not_here(relative(&folder, runs_in)),
            prefix: self.prefix.clone(),
            python: self.python.clone(),
            compile: Vec::new(),
        };
        options.compile = self.words(&options, &but_not_here(relative(runs_in, &folder)));
        Ok(options)
    }

    /// Checks that the values of the flags can be part of names in the generated file, and cannot end its
    /// lines.
    fn insist_on_plain_text(&self) -> Result<(), String> {
        let is_plain = |c: char| c.is_alphanumeric() || "_-.+@,/".contains(c);
        if let Some(other) = self.prefix.chars().find(|c| !is_plain(*c)) {
            return Err(format!(
                "the prefix `{}` has the character `{}`; write letters, digits and `_ - . + @ , /`",
                self.prefix.escape_debug(),
                other.escape_debug()
            ));
        }
        match escape::control(&self.python) {
            Some(what) => Err(format!("`--python`: `{}` has {what}", self.python.escape_debug())),
            None => Ok(()),
        }
    }

    /// The generated file, relative to the project. An absolute path outside the project stays absolute:
    /// whoever starts the build tool on the file names it so, and the tool remakes a file only under the name
    /// that it was given.
    fn output_seen(&self, path: &Utf8Path, here: &Utf8Path, folder: &Utf8Path) -> Utf8PathBuf {
        let place = file::normal(&here.join(path));
        if path.is_absolute() && self.root.is_none() && !place.starts_with(folder) {
            return place;
        }
        relative(&place, folder)
    }

    /// The build folder, relative to the project. It is absolute only if the flag is. Everything that is ever
    /// removed lies in it.
    fn build_folder(&self, folder: &Utf8Path) -> Result<Utf8PathBuf, String> {
        let build = file::normal(&self.build);
        let place = file::normal(&folder.join(&build));
        if folder.starts_with(&place) {
            return Err(format!(
                "the build folder `{build}` holds the project: name a folder in it, or one beside it"
            ));
        }
        Ok(if build.is_absolute() { build } else { relative(&place, folder) })
    }

    /// The command that remakes the generated file, run from the project's folder. `root` is relative to that
    /// folder.
    fn words(&self, placed: &plan::Options, root: &Utf8Path) -> Vec<String> {
        let usual = Self::default();
        let limit = (self.max_instances.to_string(), usual.max_instances.to_string());
        let flags = [
            ("--format", self.format.name(), usual.format.name()),
            ("-o", placed.output.as_str(), self.format.file_name()),
            ("--build-dir", placed.build.as_str(), usual.build.as_str()),
            ("--root", root.as_str(), ""),
            ("--prefix", &self.prefix, &usual.prefix),
            ("--python", &self.python, &usual.python),
            ("--max-instances", &limit.0, &limit.1),
        ];
        let mut words = vec!["compile".to_owned()];
        for (flag, value, usual) in flags {
            match value {
                value if value == usual => {}
                // A value that begins with a dash would be taken for a flag.
                value if value.starts_with('-') && flag.starts_with("--") => {
                    words.push(format!("{flag}={value}"));
                }
                value if flag == "-o" => words.extend([flag.to_owned(), quote::operand(value)]),
                value => words.extend([flag.to_owned(), value.to_owned()]),
            }
        }
        if self.force {
            words.push("--force".to_owned());
        }
        if !FILES.contains(&placed.source.as_str()) {
            words.push(quote::operand(placed.source.as_str()));
        }
        words
    }
}

fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf, String> {
    let real = path.canonicalize().map_err(|error| format!("cannot find `{path}`: {error}"))?;
    Utf8PathBuf::try_from(real).map_err(|error| {
        let path = error.into_path_buf();
        format!("the path {path:?} is not UTF-8, which generated files must be: rename or move the folder")
    })
}

/// The absolute path `path`, relative to the absolute folder `from`.
pub(super) fn relative(path: &Utf8Path, from: &Utf8Path) -> Utf8PathBuf {
    let common = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| "..");
    let relative: Utf8PathBuf = up.chain(path.components().skip(common).map(|part| part.as_str())).collect();
    if relative.as_str().is_empty() { Utf8PathBuf::from(".") } else { relative }
}

/// The path, or an empty one for the folder itself.
fn but_not_here(path: Utf8PathBuf) -> Utf8PathBuf {
    if path == "." { Utf8PathBuf::new() } else { path }
}
