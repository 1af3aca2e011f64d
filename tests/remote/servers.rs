//! Servers on loopback: real ones, and ones that lie.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::space::repository;

/// Whether the programs under test can speak to servers; said if they cannot.
pub fn has_feature() -> bool {
    let has = cfg!(feature = "remote");
    if !has {
        assert!(std::env::var_os("EXPOPS_TEST_FULL").is_none(), "compile the tests with `--features remote`");
        println!("skipped: compiled without the feature `remote`");
    }
    has
}

/// A server in Python, which ends with this.
pub struct Server {
    child: Child,
    _input: ChildStdin,
    /// What it said of itself.
    pub said: Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn webdav() -> Option<Server> {
    start("webdav.py", &[], "wsgidav")
}

/// The same behind TLS, with a certificate of an authority that nobody knows.
pub fn webdav_with_tls() -> Option<Server> {
    start("webdav.py", &["tls"], "wsgidav")
}

pub fn s3() -> Option<Server> {
    start("s3.py", &[], "moto.server")
}

/// Starts a script of this folder, which says a line of JSON when it is ready, and lives as long as its standard input.
fn start(script: &str, arguments: &[&str], module: &str) -> Option<Server> {
    if !has_feature() {
        return None;
    }
    let python = repository().join(".venv/bin/python");
    let has = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("EXPOPS_TEST_FULL").is_none(),
            "`{module}` is needed: tests/requirements.txt"
        );
        println!("skipped: Python has no module `{module}`");
        return None;
    }
    let mut command = Command::new(python);
    command.arg(repository().join("tests/remote").join(script)).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let input = child.stdin.take().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{script}: {line:?}: {error}"));
    Some(Server { child, _input: input, said })
}

/// What a server answers that does not do what it should.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This status, and headers, to everything.
    Status(&'static str),
    /// No HTTP at all.
    Garbage,
    /// A content that never ends.
    Endless,
    /// This, whatever is asked for.
    Content(Vec<u8>),
    /// Nothing, for ever.
    Silent,
    /// A byte now and then, for ever.
    Dripping,
    /// It has nothing, and takes nothing.
    Full,
    /// Half of what it says is coming.
    Half,
    /// The end of the connection, before all that is sent has come.
    HangUp,
}

/// A server that does not do what it should, until this is dropped.
pub struct Liar {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Liar {
    pub fn new(answer: Answer) -> Self {
        Self::serving(move |stream, end| respond(stream, &answer, end))
    }

    fn serving(respond: impl Fn(TcpStream, &AtomicBool) -> Option<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, is_over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (count, end, respond) = (asked.clone(), is_over.clone(), Arc::new(respond));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let (respond, end) = (respond.clone(), end.clone());
                thread::spawn(move || respond(stream, &end));
            }
        });
        Self { address, asked, is_over }
    }

    pub fn url(&self) -> String {
        format!("http://{}/results", self.address)
    }

    /// How many connections there were: each answer ends one.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// A request that has come.
struct Request {
    /// Its first line.
    first: String,
    /// Its length, if it says that.
    length: Option<u64>,
    content: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let (mut first, mut length) = (String::new(), None);
        reader.read_line(&mut first).ok()?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = Some(value.trim().parse().ok()?);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut content = Vec::new();
        reader.take(length.unwrap_or(0)).read_to_end(&mut content).ok()?;
        Some(Self { first, length, content })
    }
}

/// A server that takes what bazel-remote takes (`server/http.go`): names of 64 digits in `ac/` and `cas/`, contents that say how
/// long they are, in `cas/` those that have the digest that is their name; in `ac/`, unless that is turned off, only what Bazel
/// writes there, which nothing is that comes from here. Folders cannot be made.
pub struct Bazel {
    server: Liar,
    stored: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Bazel {
    pub fn new(is_validating: bool) -> Self {
        let (stored, refused) =
            (Arc::<Mutex<BTreeMap<_, Vec<u8>>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (all, wrong) = (stored.clone(), refused.clone());
        let server = Liar::serving(move |mut stream, _| {
            let request = Request::read(&stream)?;
            let (status, content) = bazel(&request, is_validating, &mut all.lock().unwrap());
            if !matches!(status, 200 | 404) {
                wrong.lock().unwrap().push(format!("{status} {}", request.first.trim()));
            }
            let head = format!(
                "HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                content.len()
            );
            let is_head = request.first.starts_with("HEAD");
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(if is_head { b"" } else { &content }).ok()
        });
        Self { server, stored, refused }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The names of what it holds.
    pub fn stored(&self) -> Vec<String> {
        self.stored.lock().unwrap().keys().cloned().collect()
    }

    /// What it refused.
    pub fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap().clone()
    }
}

fn bazel(request: &Request, is_validating: bool, all: &mut BTreeMap<String, Vec<u8>>) -> (u16, Vec<u8>) {
    let mut words = request.first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut parts = path.rsplit('/');
    let (name, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if !matches!(kind, "ac" | "cas") || name.len() != 64 || !name.bytes().all(is_digit) {
        return (400, Vec::new());
    }
    let key = format!("{kind}/{name}");
    match method {
        "GET" | "HEAD" => all.get(&key).map_or((404, Vec::new()), |content| (200, content.clone())),
        "PUT" if request.length.is_none() || kind == "ac" && is_validating => (400, Vec::new()),
        "PUT" if kind == "cas" && hex(&Sha256::digest(&request.content)) != name => (400, Vec::new()),
        "PUT" => {
            all.insert(key, request.content.clone());
            (200, Vec::new())
        }
        _ => (405, Vec::new()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers one request. No answer takes more than some seconds, whatever becomes of the test.
fn respond(mut stream: TcpStream, answer: &Answer, end: &AtomicBool) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.set_write_timeout(Some(Duration::from_secs(5))).ok()?;
    if matches!(answer, Answer::HangUp) {
        return stream.read(&mut [0]).ok().map(drop);
    }
    let Request { first, content, .. } = Request::read(&stream)?;
    drop(content);
    let mut say = |status: &str, content: &[u8]| {
        let head =
            format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", content.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(content)).ok()
    };
    match answer {
        Answer::Status(status) => say(status, b""),
        Answer::Content(content) => say("200 OK", content),
        Answer::Full => {
            say(if first.starts_with("PUT") { "507 Insufficient Storage" } else { "404 Not Found" }, b"")
        }
        Answer::Half => stream
            .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2000\r\n\r\n{\"half\": ")
            .ok(),
        Answer::HangUp => None,
        Answer::Garbage => stream.write_all(b"\0\0\0 not HTTP\r\n\r\n").ok(),
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").ok()?;
            // More than is taken; a client that takes all of it ends, too.
            (0..4096).try_for_each(|_| stream.write_all(&[b'x'; 1 << 16]).ok())
        }
        Answer::Silent => wait(end, || Some(())),
        Answer::Dripping => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").ok()?;
            wait(end, || stream.write_all(b"x").ok())
        }
    }
}

/// Does something ten times a second, for at most half a minute.
fn wait(end: &AtomicBool, mut step: impl FnMut() -> Option<()>) -> Option<()> {
    for _ in 0..300 {
        if end.load(Ordering::SeqCst) {
            break;
        }
        step()?;
        thread::sleep(Duration::from_millis(100));
    }
    Some(())
}
