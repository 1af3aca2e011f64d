//! `expops view`: the page of `expops report`, live, from a server on this machine.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::ended::Ended;
use super::look::enter;
use super::place::Place;
use super::report::{Content, libraries, with_look};
use crate::diagnostic::{Diagnostics, render};
use crate::driver::{Failure, Project};
use crate::report::{self, Document, Libraries, Look};
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
    let place = Place::find(&flags.project, flags.content.build_dir.as_deref());
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
    if let Err(failure) = site.look(&mut sink, |_| ()) {
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
    shown: Mutex<Shown>,
}

/// The last document shown.
#[derive(Default)]
struct Shown {
    text: String,
    /// Incremented with each document.
    version: u64,
    /// The times and lengths of the files that it was made from.
    seen: Vec<Option<(SystemTime, u64)>>,
    /// The scripts, which are watched as well.
    scripts: Vec<Utf8PathBuf>,
    /// When it was made, and how long that took.
    made: Option<(Instant, Duration)>,
    /// Why there is no newer one.
    problem: Option<String>,
}

impl Site<'_> {
    fn answer(&self, request: &Request) -> Answer {
        // One survey at a time. A panic under this lock leaves either the previous document or a complete one.
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match request.path.as_str() {
            "" => self.page(&mut shown),
            "news" => self.news(&mut shown, request.get("since").unwrap_or_default()),
            "instance" => self.instance(request.get("folder").unwrap_or_default()),
            "file" => self.file(request.get("path").unwrap_or_default()),
            _ => Answer::no(404, "there is nothing here"),
        }
    }

    fn page(&self, shown: &mut Shown) -> Answer {
        let page = self.refresh(shown, |document| report::page(document, &self.libraries, true));
        match page {
            Ok(page) => Answer::of("text/html; charset=utf-8", page),
            Err(problem) => Answer::no(404, &problem),
        }
    }

    /// A new document, if the page does not have it yet.
    fn news(&self, shown: &mut Shown, since: &str) -> Answer {
        let rests = shown.made.is_none_or(|(at, took)| at.elapsed() > took * SHARE);
        if rests && shown.seen != self.seen(&shown.scripts) {
            shown.problem = self.refresh(shown, |_| ()).err();
        }
        let problem = serde_json::to_string(&shown.problem).unwrap_or_default();
        let version = shown.version.to_string();
        let document = if version == since { "null" } else { &shown.text };
        Answer::of(JSON, format!(r#"{{"since":"{version}","problem":{problem},"document":{document}}}"#))
    }

    /// Makes a new document.
    fn refresh<T>(&self, shown: &mut Shown, show: impl FnOnce(&Document) -> T) -> Result<T, String> {
        let begin = Instant::now();
        let before = self.seen(&shown.scripts);
        let mut sink = Diagnostics::new();
        let made = self.look(&mut sink, |look| (report::document(look), look.scripts()));
        shown.made = Some((begin, begin.elapsed()));
        shown.seen = before;
        let (document, scripts) = made.map_err(|failure| in_words(&failure, &sink))?;
        if shown.scripts != scripts {
            shown.scripts = scripts;
            shown.seen = self.seen(&shown.scripts);
        }
        shown.text = serde_json::to_string(&document).unwrap_or_default();
        shown.version += 1;
        Ok(show(&document))
    }

    fn look<T>(&self, sink: &mut Diagnostics, tell: impl FnOnce(&Look<'_>) -> T) -> Result<T, Failure> {
        with_look(&self.project, (&self.build, self.content), sink, tell)
    }

    /// Times and lengths of the journal, the project file and the scripts. Folders of instances are not
    /// watched.
    fn seen(&self, scripts: &[Utf8PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
        let stat = |path: &Path| {
            let meta = path.metadata().ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        let own = [report::journal(&self.build), self.project.file.clone()];
        own.iter().chain(scripts).map(|path| stat(path.as_std_path())).collect()
    }

    fn instance(&self, folder: &str) -> Answer {
        let mut sink = Diagnostics::new();
        let detail = self.look_at(folder, &mut sink, |look, index| report::detail(look, index, TAIL));
        match detail {
            Ok(Some(detail)) => Answer::of(JSON, serde_json::to_vec(&detail).unwrap_or_default()),
            Ok(None) => Answer::no(404, "there is no such instance"),
            Err(failure) => Answer::no(404, &in_words(&failure, &sink)),
        }
    }

    /// Surveys one instance, given its folder.
    fn look_at<T>(
        &self,
        folder: &str,
        sink: &mut Diagnostics,
        tell: impl FnOnce(&Look<'_>, usize) -> T,
    ) -> Result<Option<T>, Failure> {
        self.look(sink, |look| look.find(folder).map(|index| tell(look, index)))
    }

    /// A file that an instance says it made, or its log.
    fn file(&self, path: &str) -> Answer {
        if self.content.no_values {
            return Answer::no(403, "this server was started with --no-values");
        }
        let mut sink = Diagnostics::new();
        match self.look(&mut sink, |look| look.output(Utf8Path::new(path))) {
            Ok(Some(file)) => send(&file),
            Ok(None) => Answer::no(404, "no instance says that it made this"),
            Err(failure) => Answer::no(404, &in_words(&failure, &sink)),
        }
    }
}

/// The content of a file. It is never served as a page of ours, whatever it is.
fn send(path: &Utf8Path) -> Answer {
    let size = path.metadata().map(|meta| meta.len());
    if size.is_ok_and(|size| size > LARGEST) {
        return Answer::no(404, &format!("`{path}` is too large to be sent"));
    }
    let Ok(content) = std::fs::read(path) else {
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
