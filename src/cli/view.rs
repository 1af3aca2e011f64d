//! `expops view`: the page of `expops report`, live, from a server on this machine.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::ended::Ended;
use super::location::Location;
use super::look::enter;
use super::report::{Content, Inspection, libraries};
use crate::diagnostic::{Diagnostics, render};
use crate::driver::{Failure, Project};
use crate::file;
use crate::report::{self, Document, Libraries};
use crate::serve::{Answer, Request, Server};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  expops view                      prints an address of this machine, to be opened in a browser
  expops view --port 8080          the same with a port of one's choice, for a tunnel: ssh -L 8080:127.0.0.1:8080 HOST")]
pub(super) struct Flags {
    /// The project: a folder, or a project file
    #[arg(default_value = ".")]
    project: Utf8PathBuf,
    /// The port [default: a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    #[command(flatten)]
    content: Content,
}

/// How much of the end of a log is sent with an instance, in bytes.
const TAIL: u64 = 64 << 10;

/// The largest file that is sent, in bytes.
const LARGEST: u64 = 256 << 20;

/// At most one part in this many of the time may go into surveying the project.
const SHARE: u32 = 4;

const JSON: &str = "application/json";

pub(super) fn run(flags: &Flags) -> Ended {
    let chart_js = flags.content.chart_js();
    let place = Location::find(&flags.project, flags.content.build_dir.as_deref());
    let sink = Diagnostics::new();
    let project = match enter(&place.project) {
        Ok(project) => project,
        Err(failure) => return Ended::because(&failure, &sink, false),
    };
    let libraries = match libraries(chart_js.as_deref()) {
        Ok(libraries) => libraries,
        Err(text) => return Ended::failed(&text),
    };
    let site =
        Site { project, build: place.build, content: &flags.content, libraries, shown: Mutex::default() };
    let mut sink = Diagnostics::new();
    if let Err(failure) = site.inspection(&mut site.shown(), &mut sink) {
        return Ended::because(&failure, &sink, false);
    }
    match Server::bind(flags.port) {
        Ok(server) => {
            println!("{}", server.address());
            server.run(&|request| site.answer(request));
            Ended::Well
        }
        Err(error) => Ended::failed(&format!("cannot listen on 127.0.0.1: {error}")),
    }
}

/// What is served: the page of one project, and the files that its instances say they made.
struct Site<'f> {
    project: Project,
    build: Utf8PathBuf,
    content: &'f Content,
    libraries: Libraries,
    shown: Mutex<LastPage>,
}

/// The last document shown.
#[derive(Default)]
struct LastPage {
    text: String,
    /// Incremented with each document.
    version: u64,
    /// The files that are watched besides the journal and the project file.
    watched: Vec<Utf8PathBuf>,
    /// All of these when it was made.
    seen: Vec<FileState>,
    /// When it was made, and how long that took.
    made: Option<(Instant, Duration)>,
    /// Why there is no newer one.
    problem: Option<String>,
    /// The last survey.
    kept: Option<LastInspection>,
}

/// The time and the length of a file, if there is one.
type FileState = Option<(SystemTime, u64)>;

/// A survey, and what shows that it is still true.
struct LastInspection {
    inspection: Inspection,
    seen: Vec<FileState>,
    stamps: Vec<FileState>,
}

impl Site<'_> {
    fn answer(&self, request: &Request) -> Answer {
        let mut shown = self.shown();
        match request.path.as_str() {
            "" => self.page(&mut shown),
            "news" => self.news(&mut shown, request.get("since").unwrap_or_default()),
            "instance" => self.instance(&mut shown, request.get("folder").unwrap_or_default()),
            "file" => self.file(&mut shown, request.get("path").unwrap_or_default()),
            _ => Answer::no(404, "there is nothing here"),
        }
    }

    /// One survey at a time. A panic under this lock leaves either the previous document or a complete one.
    fn shown(&self) -> MutexGuard<'_, LastPage> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who loads the page anew gets a new survey.
    fn page(&self, shown: &mut LastPage) -> Answer {
        shown.kept = None;
        match self.refresh(shown, |document| report::page(document, &self.libraries, true)) {
            Ok(page) => Answer::of("text/html; charset=utf-8", page),
            Err(problem) => Answer::no(404, &problem),
        }
    }

    /// A new document, if the page does not have it yet.
    fn news(&self, shown: &mut LastPage, since: &str) -> Answer {
        let rests = shown.made.is_none_or(|(at, took)| at.elapsed() > took * SHARE);
        if rests && shown.seen != self.seen(&shown.watched) {
            shown.problem = self.refresh(shown, |_| ()).err();
        }
        let problem = serde_json::to_string(&shown.problem).unwrap_or_default();
        let version = shown.version.to_string();
        let document = if version == since { "null" } else { &shown.text };
        Answer::of(JSON, format!(r#"{{"since":"{version}","problem":{problem},"document":{document}}}"#))
    }

    /// Makes a new document.
    fn refresh<T>(&self, shown: &mut LastPage, show: impl FnOnce(&Document) -> T) -> Result<T, String> {
        let begin = Instant::now();
        shown.seen = self.seen(&shown.watched);
        let mut sink = Diagnostics::new();
        let made = self
            .inspection(shown, &mut sink)
            .map(|kept| (report::document(&kept.inspection.look(self.content)), kept.seen.clone()));
        shown.made = Some((begin, begin.elapsed()));
        let (document, seen) = made.map_err(|failure| in_words(&failure, &sink))?;
        shown.seen = seen;
        shown.text = serde_json::to_string(&document).unwrap_or_default();
        shown.version += 1;
        Ok(show(&document))
    }

    /// The last survey, or a new one if something has changed since that it depends on.
    fn inspection<'s>(
        &self,
        shown: &'s mut LastPage,
        sink: &mut Diagnostics,
    ) -> Result<&'s mut LastInspection, Failure> {
        let before = self.seen(&shown.watched);
        let is_true = |kept: &LastInspection| kept.seen == before && kept.stamps == stamps(&kept.inspection);
        if let Some(kept) = shown.kept.take().filter(is_true) {
            return Ok(shown.kept.insert(kept));
        }
        let inspection = Inspection::of(&self.project, &self.build, sink)?;
        let watched = inspection.look(self.content).watched();
        let seen = if shown.watched == watched { before } else { self.seen(&watched) };
        shown.watched = watched;
        let stamps = stamps(&inspection);
        Ok(shown.kept.insert(LastInspection { inspection, seen, stamps }))
    }

    /// The journal, the project file and what is watched. Folders of instances are not.
    fn seen(&self, watched: &[Utf8PathBuf]) -> Vec<FileState> {
        let own = [report::journal(&self.build), self.project.file.clone()];
        own.iter().chain(watched).map(|path| seen(path)).collect()
    }

    fn instance(&self, shown: &mut LastPage, folder: &str) -> Answer {
        let mut sink = Diagnostics::new();
        let kept = match self.inspection(shown, &mut sink) {
            Ok(kept) => kept,
            Err(failure) => return Answer::no(404, &in_words(&failure, &sink)),
        };
        let Some(index) = kept.inspection.look(self.content).find(folder) else {
            return Answer::no(404, "there is no such instance");
        };
        // It may have read files that are not watched.
        kept.inspection.survey.look_again(index);
        let detail = report::detail(&kept.inspection.look(self.content), index, TAIL);
        Answer::of(JSON, serde_json::to_vec(&detail).unwrap_or_default())
    }

    /// A file that an instance says it made, or its log.
    fn file(&self, shown: &mut LastPage, path: &str) -> Answer {
        if self.content.no_values {
            return Answer::no(403, "this server was started with --no-values");
        }
        let mut sink = Diagnostics::new();
        match self.inspection(shown, &mut sink) {
            Ok(kept) => match kept.inspection.look(self.content).output(Utf8Path::new(path)) {
                Some(file) => send(&file),
                None => Answer::no(404, "no instance says that it made this"),
            },
            Err(failure) => Answer::no(404, &in_words(&failure, &sink)),
        }
    }
}

fn seen(path: &Utf8Path) -> FileState {
    let meta = path.metadata().ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// The stamps of all instances.
fn stamps(inspection: &Inspection) -> Vec<FileState> {
    inspection.survey.all.iter().flat_map(|looked| &looked.action.stamps).map(|stamp| seen(stamp)).collect()
}

/// The content of a file. It is never served as a page of ours, whatever it is.
fn send(path: &Utf8Path) -> Answer {
    let size = path.metadata().map(|meta| meta.len());
    if size.is_ok_and(|size| size > LARGEST) {
        return Answer::no(404, &format!("`{path}` is too large to be sent"));
    }
    let Ok(content) = file::read_regular(path) else {
        return Answer::no(404, &format!("`{path}` cannot be read"));
    };
    let kind = match path.extension().map(str::to_ascii_lowercase).as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("json") => JSON,
        _ if std::str::from_utf8(&content).is_ok() => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let policy = "default-src 'none'; sandbox".to_owned();
    Answer { headers: vec![("content-security-policy", policy)], ..Answer::of(kind, content) }
}

/// The message for a project that cannot be shown.
fn in_words(failure: &Failure, sink: &Diagnostics) -> String {
    match failure {
        Failure::Reported(_) => {
            sink.sorted().first().map(|diagnostic| render(diagnostic, false)).unwrap_or_default()
        }
        Failure::Usage(text) | Failure::Write(text) => text.clone(),
    }
}
