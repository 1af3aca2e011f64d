//! A second cache behind the one in the folder, with results from other machines, by key (`EXPOPS_CACHE_URL`).

use std::env;
use std::io::{self, Cursor, Read as _};
use std::sync::OnceLock;
use std::time::Duration;

use super::folder::Folder;
#[cfg(feature = "remote")]
use super::http::Http;
use super::protocol::{Name, Store};
use super::store::SECRETS;
use crate::digest::Digest;
use crate::variable::{CACHE_PUSH, CACHE_TIMEOUT};

/// The remote cache's address.
const URL: &str = "EXPOPS_CACHE_URL";

/// How many seconds a server may be silent, unless the user says otherwise.
const USUAL_PATIENCE: u64 = 10;

/// The longest text of an entry or of lists.
pub(super) const MOST_TEXT: u64 = 16 << 20;

/// AWS's variables for access to a bucket. Each may be prefixed with `EXPOPS_CACHE_`: then the user's own code, which
/// never sees the cache's credentials, can have a bucket of its own.
const AWS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
const OURS: [&str; 3] = [
    "EXPOPS_CACHE_AWS_ACCESS_KEY_ID",
    "EXPOPS_CACHE_AWS_SECRET_ACCESS_KEY",
    "EXPOPS_CACHE_AWS_SESSION_TOKEN",
];

/// The cache that `EXPOPS_CACHE_URL` names.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(super) store: Box<dyn Store>,
    is_written: bool,
    /// What messages may reveal: the scheme and the host.
    name: String,
}

impl Remote {
    /// The remote cache that the environment names, if any.
    ///
    /// # Errors
    /// What is wrong with the address, without the address itself.
    pub(crate) fn present() -> Option<&'static Result<Self, String>> {
        static PRESENT: OnceLock<Option<Result<Remote, String>>> = OnceLock::new();
        PRESENT.get_or_init(|| variable(URL).map(|url| Self::open(&url))).as_ref()
    }

    fn open(url: &str) -> Result<Self, String> {
        let is_written = CACHE_PUSH.is_on(false);
        let (store, name) = open(url, Duration::from_secs(CACHE_TIMEOUT.or(USUAL_PATIENCE)))?;
        Ok(Self { store, is_written, name })
    }

    /// Whether results are sent there.
    pub(crate) fn is_written(&self) -> bool {
        self.is_written
    }

    /// What messages may reveal of its address.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The text of `name`, if it exists.
    pub(super) fn text(&self, name: Name) -> io::Result<Option<String>> {
        let Some(content) = self.store.get(name, 0)? else { return Ok(None) };
        let mut text = Vec::new();
        content.take(MOST_TEXT + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MOST_TEXT {
            return Err(io::Error::other("it sends more than an entry can be"));
        }
        String::from_utf8(text).map(Some).map_err(|_| lies())
    }

    /// Writes a text.
    pub(super) fn put_text(&self, name: Name, text: &str) -> io::Result<()> {
        self.store.put(name, &mut Cursor::new(text), text.len() as u64, Digest::of(text))
    }
}

/// The error for a store whose contents do not match their names.
pub(super) fn lies() -> io::Error {
    io::Error::other("it sends what is not what was asked for")
}

type Opened = (Box<dyn Store>, String);

fn open(url: &str, patience: Duration) -> Result<Opened, String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    match scheme {
        "file" => Folder::open(rest).map(|store| (Box::new(store) as Box<dyn Store>, "file://".to_owned())),
        "http" | "https" | "s3" => open_server(scheme, rest, patience),
        "gs" => Err("`gs://` is not known: use `s3://` with AWS_ENDPOINT_URL=https://storage.googleapis.com"
            .to_owned()),
        _ => Err("it begins with none of `file://`, `http://`, `https://`, `s3://`".to_owned()),
    }
}

#[cfg(feature = "remote")]
fn open_server(scheme: &str, rest: &str, patience: Duration) -> Result<Opened, String> {
    let store = match scheme {
        "s3" => {
            let [key, secret, token] = credentials().map(variable);
            let missing = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have to be set for `s3://`";
            let (key, secret) = key.zip(secret).ok_or(missing)?;
            let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
            let account =
                super::s3::Account { key, secret, token, region: region.unwrap_or("us-east-1".into()) };
            Http::bucket(rest, variable("AWS_ENDPOINT_URL").as_deref(), account, patience)
        }
        _ => Http::open(scheme, rest, patience),
    }?;
    let name = store.shown();
    Ok((Box::new(store), name))
}

#[cfg(not(feature = "remote"))]
fn open_server(scheme: &str, _rest: &str, _patience: Duration) -> Result<Opened, String> {
    Err(format!(
        "this program was compiled without `{scheme}://`: install the wheel, or `cargo install --features remote`"
    ))
}

/// The variables with the credentials for a bucket.
fn credentials() -> [&'static str; 3] {
    if variable(OURS[0]).is_some() { OURS } else { AWS }
}

/// The variables with a team's key, the remote cache's address and its credentials: they are withheld from all
/// children.
pub(crate) fn secrets() -> Vec<&'static str> {
    let mut names = SECRETS.to_vec();
    names.extend([URL, CACHE_PUSH.name]);
    names.extend(OURS);
    if variable(URL).is_some_and(|url| url.starts_with("s3://")) {
        names.extend(credentials());
    }
    names
}

/// The value of a variable, unless it is empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
