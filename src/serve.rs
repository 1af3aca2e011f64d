//! A small web server for one person on one machine: it listens on 127.0.0.1 only, answers only `GET`, and only those
//! who know the token in its address. It knows nothing about what it serves.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::digest::Digest;

/// The longest request head, in bytes.
const HEAD: usize = 16 << 10;

/// The most headers in a request.
const HEADERS: usize = 100;

/// The most simultaneous connections.
const CONNECTIONS: usize = 64;

/// How long sending a request or reading an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The path after the token, without a leading slash.
    pub path: String,
    /// The decoded query after the question mark.
    pub query: Vec<(String, String)>,
}

impl Request {
    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub status: u16,
    /// The type of the content.
    pub kind: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The content.
    pub content: Vec<u8>,
}

impl Answer {
    /// An answer with this content.
    pub(crate) fn of(kind: &'static str, content: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, kind, headers: Vec::new(), content: content.into() }
    }

    /// An answer that says why the request is refused.
    pub(crate) fn no(status: u16, why: &str) -> Self {
        Self { status, ..Self::of("text/plain; charset=utf-8", format!("{why}\n")) }
    }
}

/// A server that is bound to its port, but does not answer yet.
pub(crate) struct Server {
    listener: TcpListener,
    port: u16,
    token: String,
}

impl Server {
    /// Binds `port`, or a free one for 0, and makes a token.
    ///
    /// # Errors
    /// If the port is taken.
    pub(crate) fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let token = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { port: listener.local_addr()?.port(), listener, token })
    }

    /// The address to open.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// Answers forever, calling `answer` for one request at a time.
    pub(crate) fn run(&self, answer: &(dyn Fn(&Request) -> Answer + Sync)) {
        let open = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for stream in self.listener.incoming().map_while(Result::ok) {
                if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
                    open.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                let open = &open;
                scope.spawn(move || {
                    // Clients that hung up need no answer.
                    let _ = self.serve(stream, answer);
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
    }

    fn serve(&self, mut stream: TcpStream, answer: &dyn Fn(&Request) -> Answer) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE))?;
        let head = read_head(&mut stream)?;
        let answer = match self.request(&head) {
            Ok(request) => answer(&request),
            Err(refusal) => refusal,
        };
        write(&mut stream, &answer)
    }

    /// The request in a head, or why it is refused. Pages of other origins can make a browser send requests here, so
    /// host, origin and token must be ours.
    fn request(&self, head: &[u8]) -> Result<Request, Answer> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let is_whole = parsed.parse(head).is_ok_and(|status| status.is_complete());
        let (Some(method), Some(target), true) = (parsed.method, parsed.path, is_whole) else {
            return Err(Answer::no(400, "this is no request"));
        };
        let all = |name: &str| {
            let named = parsed.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
            named.map(|header| header.value).collect::<Vec<_>>()
        };
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let is_host = |value: &&[u8]| hosts.iter().any(|host| host.as_bytes() == *value);
        let is_origin =
            |value: &&[u8]| hosts.iter().any(|host| format!("http://{host}").as_bytes() == *value);
        let is_own = |value: &&[u8]| matches!(*value, b"same-origin" | b"none");
        if all("host").len() != 1 || !all("host").iter().all(is_host) {
            return Err(Answer::no(403, "another host was meant"));
        }
        // Links to files open in a new window; a request from elsewhere needs the token, or gets nothing.
        if !all("origin").iter().all(is_origin) || !all("sec-fetch-site").iter().all(is_own) {
            return Err(Answer::no(403, "another origin asks"));
        }
        if method != "GET" {
            return Err(Answer::no(405, "only GET is answered"));
        }
        self.target(target).ok_or_else(|| Answer::no(404, "there is nothing here"))
    }

    /// Parses a target that starts with the token.
    fn target(&self, target: &str) -> Option<Request> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (token, path) = path.strip_prefix('/')?.split_once('/')?;
        // The time taken must not reveal how much of a guess was right.
        let is_token = Digest::of(token).is_equal(Digest::of(&self.token));
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        };
        let query: Option<Vec<_>> = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
        is_token.then_some(Request { path: decode(path)?, query: query? })
    }
}

/// Reads up to the empty line that ends a head.
fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let until = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || head.len() > HEAD {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => head.extend(&buffer[..length]),
        }
    }
    Ok(head)
}

fn write(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let reason = match answer.status {
        200 => "OK",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Bad Request",
    };
    let mut head = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: {}\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\ncross-origin-resource-policy: same-origin\r\n\
         x-frame-options: DENY\r\nconnection: close\r\n",
        answer.status,
        answer.kind,
        answer.content.len()
    );
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    stream.write_all(&answer.content)?;
    stream.flush()
}

/// Decodes `%2F` and `+`; `None` if the result is not text.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let pair = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(server: &Server, target: &str, headers: &str) -> Result<Request, u16> {
        let head = format!("GET {target} HTTP/1.1\r\n{headers}\r\n\r\n");
        server.request(head.as_bytes()).map_err(|answer| answer.status)
    }

    #[test]
    fn only_our_own_page_gets_an_answer() {
        let server = Server::bind(0).unwrap();
        let (port, token) = (server.port, server.token.clone());
        assert_eq!(token.len(), 32);
        assert_ne!(Server::bind(0).unwrap().token, token);
        let host = format!("host: 127.0.0.1:{port}");
        let good = ask(&server, &format!("/{token}/file?path=a%2Fb+c&x"), &host).unwrap();
        assert_eq!((good.path.as_str(), good.get("path"), good.get("x")), ("file", Some("a/b c"), Some("")));
        let target = format!("/{token}/");
        for headers in [
            "accept: */*".to_owned(),
            "host: evil.example".to_owned(),
            format!("host: evil.example:{port}"),
            format!("{host}\r\nhost: evil.example"),
            format!("{host}\r\norigin: https://evil.example"),
            format!("{host}\r\norigin: null"),
            format!("{host}\r\nsec-fetch-site: cross-site"),
            format!("{host}\r\nsec-fetch-site: same-site"),
        ] {
            assert_eq!(ask(&server, &target, &headers), Err(403), "{headers}");
        }
        for target in ["/", "/x/", &format!("/{}/", &token[..31]), &format!("/{token}"), &format!("{token}/")]
        {
            assert_eq!(ask(&server, target, &host), Err(404), "{target}");
        }
        assert_eq!(ask(&server, &format!("/{token}/%ff"), &host), Err(404));
        let post = format!("POST {target} HTTP/1.1\r\n{host}\r\n\r\n");
        assert_eq!(server.request(post.as_bytes()).unwrap_err().status, 405);
        assert_eq!(server.request(b"\x00\x01\r\n\r\n").unwrap_err().status, 400);
    }
}
