//! A remote cache on a web server: `PUT`, `GET` and `HEAD` of names (bazel-remote, WebDAV, nginx), or of objects in an
//! S3 bucket, where each request is signed.

use std::env;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{Request, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, SendBody};

use super::percent::{decoded, encoded};
use super::protocol::{Content, Name, Store};
use super::s3::{self, Account, Unsigned};
use crate::digest::Digest;

/// Certificates to trust instead of Mozilla's, as in OpenSSL.
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// The slowest acceptable transfer, in bytes per second, once the patience with a server is used up: it may be faster
/// to run the instance again.
const SLOWEST: u64 = 1 << 20;

/// A server, and the credentials for it.
pub(super) struct Http {
    agent: Agent,
    scheme: String,
    /// The host, with its port if it is not the default one.
    host: String,
    /// Percent-encoded, without a trailing slash.
    path: String,
    who: Who,
    patience: Duration,
    /// Its name for people.
    shown: String,
}

/// Credentials.
enum Who {
    Nobody,
    /// The value of the header `Authorization`.
    User(String),
    Account(Account),
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Http {
    /// The server of a URL without its scheme: `user:password@host:port/path`.
    pub(super) fn open(scheme: &str, rest: &str, patience: Duration) -> Result<Self, String> {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if host.is_empty() || path.contains(['?', '#']) {
            return Err(format!("it is no address such as `{scheme}://cache.example.org/results`"));
        }
        let basic = |user: &str| format!("Basic {}", STANDARD.encode(decoded(user)));
        let who = user.map_or(Who::Nobody, |user| Who::User(basic(user)));
        let path = String::from_utf8(decoded(path)).map_err(|_| "its path is no text".to_owned())?;
        let path = format!("/{}", encoded(&path));
        Ok(Self {
            agent: agent(patience)?,
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            path: path.trim_end_matches('/').to_owned(),
            who,
            patience,
            shown: format!("{scheme}://{host}"),
        })
    }

    /// An S3 bucket with a prefix: `results/team`, at AWS or at a compatible server.
    pub(super) fn bucket(
        rest: &str,
        endpoint: Option<&str>,
        account: Account,
        patience: Duration,
    ) -> Result<Self, String> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err("it is no address such as `s3://bucket/prefix`".to_owned());
        }
        let path = format!("{bucket}/{prefix}");
        let server = match endpoint.map(|endpoint| endpoint.split_once("://")) {
            Some(Some((scheme @ ("http" | "https"), rest))) => {
                Self::open(scheme, &format!("{}/{path}", rest.trim_end_matches('/')), patience)
            }
            Some(_) => Err("AWS_ENDPOINT_URL does not begin with `http://` or `https://`".to_owned()),
            None => Self::open("https", &format!("s3.{}.amazonaws.com/{path}", account.region), patience),
        }?;
        Ok(Self { who: Who::Account(account), shown: format!("s3://{bucket}"), ..server })
    }

    /// What messages may reveal of its address.
    pub(super) fn shown(&self) -> String {
        self.shown.clone()
    }

    /// Sends a request for `path`, relative to the server's own, with `size` bytes of `content`.
    fn ask(
        &self,
        method: &str,
        path: &str,
        content: Option<(&mut dyn Content, u64, Digest)>,
        most: u64,
    ) -> io::Result<Response<Body>> {
        let path = format!("{}/{path}", self.path);
        let (digest, size) =
            content.as_ref().map_or((Digest::of(""), None), |(_, size, digest)| (*digest, Some(*size)));
        let mut request =
            Request::builder().method(method).uri(format!("{}://{}{path}", self.scheme, self.host));
        match &self.who {
            Who::Nobody => {}
            Who::User(basic) => request = request.header("authorization", basic),
            Who::Account(account) => {
                let asked = Unsigned { method, host: &self.host, path: &path, content: digest };
                for (name, value) in s3::headers(&asked, &[], account, SystemTime::now()) {
                    request = request.header(name, value);
                }
            }
        }
        if let Some(size) = size {
            request =
                request.header("content-length", size).header("content-type", "application/octet-stream");
        }
        let time = self.patience + Duration::from_secs(most.max(size.unwrap_or(0)) / SLOWEST);
        match content {
            Some((mut content, ..)) => self.run(request.body(SendBody::from_reader(&mut content)), time),
            None => self.run(request.body(SendBody::none()), time),
        }
    }

    fn run(
        &self,
        request: Result<Request<SendBody<'_>>, ureq::http::Error>,
        time: Duration,
    ) -> io::Result<Response<Body>> {
        let request = request.map_err(|_| io::Error::other("its address is wrong"))?;
        let request = self.agent.configure_request(request).timeout_global(Some(time)).build();
        self.agent.run(request).map_err(|error| why(&error))
    }

    /// Sends a content; returns the status of the answer.
    fn send(&self, name: Name, content: &mut dyn Content, (size, digest): (u64, Digest)) -> io::Result<u16> {
        content.rewind()?;
        self.ask("PUT", &name.to_string(), Some((content, size, digest)), 0)
            .map(|answer| answer.status().as_u16())
    }

    /// Creates the folder of a name, which WebDAV requires before anything can be put into it (RFC 4918).
    fn make_folder(&self, name: Name) -> io::Result<()> {
        let name = name.to_string();
        let folder = name.split('/').next().unwrap_or(&name);
        // Somebody else may have created it; the next request will tell.
        self.ask("MKCOL", &format!("{folder}/"), None, 0).map(drop)
    }
}

impl Store for Http {
    fn get(&self, name: Name, size: u64) -> io::Result<Option<Box<dyn Read>>> {
        let answer = self.ask("GET", &name.to_string(), None, size)?;
        match answer.status().as_u16() {
            200 => Ok(Some(Box::new(Arriving(answer.into_body().into_reader())))),
            404 | 410 => Ok(None),
            status => Err(refused(status)),
        }
    }

    fn has(&self, name: Name) -> io::Result<bool> {
        match self.ask("HEAD", &name.to_string(), None, 0)?.status().as_u16() {
            200 | 204 => Ok(true),
            404 | 410 => Ok(false),
            status => Err(refused(status)),
        }
    }

    fn put(&self, name: Name, content: &mut dyn Content, size: u64, digest: Digest) -> io::Result<()> {
        let mut status = self.send(name, content, (size, digest))?;
        if matches!(status, 404 | 409) && matches!(self.who, Who::Nobody | Who::User(_)) {
            self.make_folder(name)?;
            status = self.send(name, content, (size, digest))?;
        }
        match status {
            200..=299 => Ok(()),
            status => Err(refused(status)),
        }
    }
}

/// A content being received; its errors do not reveal the address.
struct Arriving<R>(R);

impl<R: Read> Read for Arriving<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| why(&error.into()))
    }
}

/// The meaning of an unexpected status.
fn refused(status: u16) -> io::Error {
    let meaning = match status {
        300..=399 => "it points to another place, which is not followed",
        400 => "it refuses that; bazel-remote needs --disable_http_ac_validation",
        401 | 403 => "it does not permit that",
        404 | 409 => "there is no such folder",
        413 | 507 => "it is full",
        _ => return io::Error::other(format!("it answers with status {status}")),
    };
    io::Error::other(format!("{meaning} (status {status})"))
}

/// What went wrong, without the address.
fn why(error: &ureq::Error) -> io::Error {
    let text = match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => "it takes too long".to_owned(),
        ureq::Error::Io(error) => return io::Error::new(error.kind(), crate::file::reason(error)),
        ureq::Error::Timeout(_) => "it takes too long".to_owned(),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::ConnectionFailed => "it cannot be reached".to_owned(),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "its address is wrong".to_owned(),
        ureq::Error::Rustls(error) => error.to_string(),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            "its proxy does not work".to_owned()
        }
        _ => "it does not speak HTTP as it should".to_owned(),
    };
    io::Error::other(text)
}

fn agent(patience: Duration) -> Result<Agent, String> {
    let mut builder = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .timeout_per_write(Some(patience))
        .user_agent(concat!("expops/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = env::var_os(CERTIFICATES).filter(|path| !path.is_empty()) {
        let text = fs::read(path)
            .map_err(|error| format!("{CERTIFICATES} cannot be read: {}", crate::file::reason(&error)))?;
        let certificates: Vec<Certificate<'static>> = parse_pem(&text)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        builder = builder
            .tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build());
    }
    Ok(builder.build().into())
}
