//! `expops view` serves this project's page and its declared outputs, to who has the address, and nothing else to nobody.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use crate::space::{Space, Tool};

const PROJECT: &str = "
metadata: {name: live}
pipeline:
  process_adjlist: |
    make use
  processes:
    - {name: make, command: 'echo secret > {{ outputs.text }}; echo said', outputs: {text: text.txt}}
    - {name: use, command: 'cp {{ inputs.text }} {{ outputs.copy }}', outputs: {copy: copy.txt}}
";

/// A server that ends with the test.
struct View {
    child: Child,
    host: String,
    path: String,
}

impl Drop for View {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl View {
    fn of(space: &Space, flags: &[&str]) -> Self {
        let mut command = space.command(env!("CARGO_BIN_EXE_expops"));
        let mut child = command.arg("view").args(flags).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let rest =
            address.trim().strip_prefix("http://").unwrap_or_else(|| panic!("no address: {address:?}"));
        let (host, path) = rest.split_once('/').unwrap();
        Self { child, host: host.to_owned(), path: format!("/{path}") }
    }

    /// The status and the whole of an answer.
    fn send(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), answer)
    }

    fn get(&self, what: &str) -> (u16, String) {
        self.send(&format!("GET {}{what} HTTP/1.1\r\nHost: {}\r\n\r\n", self.path, self.host))
    }

    fn json(&self, what: &str) -> Json {
        let (status, answer) = self.get(what);
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.compile(Tool::Ninja).success();
    space.build(Tool::Ninja, &[]).success();
    space
}

#[test]
fn it_serves_what_instances_say_that_they_made_and_nothing_else() {
    let space = project();
    space.write("build/make/out/hidden", "not listed");
    space.write("outside.txt", "outside");
    let view = View::of(&space, &[]);
    for (path, content) in [("make/out/text.txt", "secret"), ("make/log", "said")] {
        let (status, answer) = view.get(&format!("file?path={path}"));
        assert!(status == 200 && answer.contains(content), "{path}: {answer}");
        assert!(answer.contains("content-security-policy: default-src 'none'; sandbox"), "{answer}");
    }
    let absolute = space.path("outside.txt");
    let absolute = absolute.to_str().unwrap().replace(' ', "%20");
    for path in [
        "make/out/hidden",
        "make/stamp",
        "make/record.json",
        ".expops/plan/make.json",
        "../expops.yaml",
        "../outside.txt",
        "make/out/../../../expops.yaml",
        "make/out/text.txt/../../log",
        "%2e%2e/outside.txt",
        "make%00/log",
        "",
        ".",
        &absolute,
    ] {
        let (status, answer) = view.get(&format!("file?path={path}"));
        assert_eq!(status, 404, "{path}: {answer}");
    }
    // What was a file when it was made, and is a link now.
    std::fs::remove_file(space.path("build/make/out/text.txt")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(space.path("outside.txt"), space.path("build/make/out/text.txt")).unwrap();
    assert_eq!(view.get("file?path=make/out/text.txt").0, 404);
    let shared = View::of(&space, &["--no-values"]);
    assert_eq!(shared.get("file?path=make/log").0, 403);
}

#[test]
fn who_does_not_have_the_address_gets_nothing() {
    let space = project();
    let view = View::of(&space, &[]);
    let (host, path) = (&view.host, &view.path);
    assert_eq!(view.get("").0, 200);
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), 404),
        (format!("GET /{}/ HTTP/1.1\r\nHost: {host}\r\n\r\n", "0".repeat(32)), 404),
        (format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403),
        (format!("GET {path} HTTP/1.1\r\n\r\n"), 403),
        (format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: https://evil.example\r\n\r\n"), 403),
        (format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: null\r\n\r\n"), 403),
        (format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"), 405),
        ("\0\0\r\n\r\n".to_owned(), 400),
    ] {
        let (answered, answer) = view.send(&request);
        assert_eq!(answered, status, "{request}");
        assert!(!answer.contains("live") && !answer.contains("secret"), "{answer}");
    }
    // Who says nothing, or too much, does not keep others from an answer.
    let silent: Vec<_> = (0..8).map(|_| TcpStream::connect(host).unwrap()).collect();
    let mut long = TcpStream::connect(host).unwrap();
    let _ = long.write_all(&vec![b'x'; 1 << 20]);
    assert_eq!(view.get("").0, 200);
    drop(silent);
    assert!(!view.host.starts_with("0.0.0.0") && view.host.starts_with("127.0.0.1:"));
}

#[test]
fn it_tells_what_is_new_once() {
    let space = project();
    let view = View::of(&space, &[]);
    assert_eq!(view.get("").0, 200);
    let first = view.json("news?since=");
    assert_eq!(first["document"]["project"]["name"], "live");
    let since = first["since"].as_str().unwrap();
    let version = since.to_owned();
    assert_eq!(view.json(&format!("news?since={version}"))["document"], Json::Null);
    space.edit("expops.yaml", "name: live", "name: lively");
    let newer = newer(&view, &version, |news| !news["document"].is_null());
    assert_eq!(newer["document"]["project"]["name"], "lively");
    // A mistake in the project file is told, and the page stays.
    let version = newer["since"].as_str().unwrap().to_owned();
    space.edit("expops.yaml", "    make use", "    make youse");
    let broken = self::newer(&view, &version, |news| !news["problem"].is_null());
    assert!(broken["problem"].as_str().unwrap().contains("youse"), "{broken}");
    assert_eq!(view.get("instance?folder=make").0, 404, "as long as nobody knows what there is");
}

/// Asks for news until they are as they should be.
fn newer(view: &View, since: &str, is_it: impl Fn(&Json) -> bool) -> Json {
    for _ in 0..300 {
        let news = view.json(&format!("news?since={since}"));
        if is_it(&news) {
            return news;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing is new");
}
