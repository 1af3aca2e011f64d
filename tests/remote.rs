//! A remote cache behind the local one (`EXPOPS_CACHE_URL`): what one checkout made, another does not run. And whatever is
//! wrong with the server costs one warning, never a failure or a wrong result.

mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::space::{Ran, Space, TOOLS, Tool};
use servers::{Answer, Bazel, Liar, s3, webdav, webdav_with_tls};

const PROJECT: &str = "
scripts: {main: src/model.py}
pipeline:
  process_adjlist: |
    make use
    make parts
    parts each
    each sums
    use count
  processes:
    - {name: make, parameters: {start: 1}}
    - {name: use}
    - {name: parts, data_parallelism: {size: 2, data_name: rows}}
    - {name: each}
    - {name: sums, data_aggregation: true}
    - name: count
      command: \"echo count >> .ran.log; wc -c < {{ inputs.y }} > {{ outputs.n }}\"
      outputs: {n: n.txt}
";

/// `make` reads a file that nobody declared: its entry is found by the list of what it read.
const SCRIPT: &str = "
import os
from counted import ran
from expops.core import log_metric

def make(start):
    ran('make')
    log_metric('start', start)
    print(sorted(os.environ.items()))
    more = int(open('data/' + 'more.txt').read())
    open('note.txt', 'w').write('noted')
    return {'x': {start, more}, 'rows': list(range(start, start + 4))}

def use(x):
    ran('use')
    return {'y': sum(x)}

def each(rows):
    ran('each')
    return {'sum': sum(rows)}

def sums(sum):
    ran('sums')
    return {'total': [sum[key] for key in sorted(sum)]}
";

const ALL: [&str; 6] = ["count", "each", "each", "make", "sums", "use"];

fn project() -> Space {
    let space = Space::new();
    space.write("expops.yaml", PROJECT);
    space.write("src/model.py", SCRIPT);
    space.write("data/more.txt", "41");
    space
}

/// A remote cache as one checkout is told of it.
#[derive(Clone)]
struct Remote {
    url: String,
    more: Vec<(&'static str, String)>,
}

impl Remote {
    fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), more: Vec::new() }
    }

    fn and(&self, name: &'static str, value: &str) -> Self {
        let mut remote = self.clone();
        remote.more.push((name, value.to_owned()));
        remote
    }

    fn build(&self, space: &Space, tool: Tool) -> Ran {
        let _ = fs::remove_file(space.path(".ran.log"));
        space.compile(tool).success();
        let mut command = space.command(if tool == Tool::Ninja { "ninja" } else { "make" });
        // Nothing on the way to a server of this test.
        command.env("EXPOPS_CACHE_URL", &self.url).env("EXPOPS_CACHE_PUSH", "1").env("NO_PROXY", "*");
        command
            .env_remove("http_proxy")
            .env_remove("HTTP_PROXY")
            .env_remove("all_proxy")
            .env_remove("ALL_PROXY");
        command.env("EXPOPS_CACHE_TIMEOUT", "2").envs(self.more.iter().cloned());
        let ran = Ran::from(command.output().unwrap()).success();
        assert_eq!(space.read("build/use/out/y.json").trim(), "42");
        assert_eq!(space.read("build/sums/out/total.json").replace([' ', '\n'], ""), "[3,7]");
        assert_eq!(space.read("build/make/files/note.txt"), "noted");
        ran
    }
}

fn warnings(ran: &Ran) -> Vec<String> {
    let lines = ran.out.lines().chain(ran.err.lines());
    lines
        .filter(|line| line.contains("EXPOPS_CACHE_URL") || line.contains("remote cache"))
        .map(str::to_owned)
        .collect()
}

/// Insists that two build folders have the same results in them.
#[track_caller]
fn same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let is_result = |name: &str| {
        ["/out/", "/files/"].iter().any(|part| name.contains(part))
            || ["/stamp", "/values.json", "/metrics.json"].iter().any(|end| name.ends_with(end))
    };
    let differs = |name: &&&String| is_result(name) && one.get(**name) != other.get(**name);
    let different: Vec<_> = names.iter().filter(differs).collect();
    assert!(different.is_empty() && names.iter().any(|name| is_result(name)), "{different:?}");
}

/// Builds in two checkouts, and once more where one of them has changed.
#[track_caller]
fn shares(remote: &Remote, tool: Tool) {
    let (first, second) = (project(), project());
    let ran = remote.build(&first, tool);
    assert_eq!((first.logged(), warnings(&ran)), (ALL.map(str::to_owned).to_vec(), vec![]));
    let ran = remote.build(&second, tool);
    assert_eq!((second.logged(), warnings(&ran)), (vec![], vec![]), "{}{}", ran.out, ran.err);
    same(&first.tree("build"), &second.tree("build"));
    second.nothing_to_do(tool);
    // What came from there is in the local cache now.
    fs::remove_dir_all(second.path("build/make")).unwrap();
    let nowhere = Remote::new("");
    nowhere.build(&second, tool);
    assert_eq!(second.logged(), [""; 0]);
    // What a run read decides, not what it was found by.
    second.write("data/more.txt", "41 ");
    remote.build(&second, tool);
    assert!(second.logged().contains(&"make".to_owned()));
    fs::remove_dir_all(first.path("build")).unwrap();
    first.write("data/more.txt", "41 ");
    remote.build(&first, tool);
    assert_eq!(first.logged(), [""; 0]);
}

#[test]
fn two_checkouts_share_a_folder() {
    for tool in TOOLS {
        let there = Space::new();
        // A path as people have it.
        let url = format!("file://{}", there.path("all results").display()).replace(' ', "%20");
        shares(&Remote::new(&url), tool);
        assert!(there.path("all results/ac").is_dir() && there.path("all results/cas").is_dir());
    }
}

#[test]
fn two_checkouts_share_a_webdav_server() {
    let Some(server) = webdav() else { return };
    shares(
        &Remote::new(format!("http://user:pass%20word@127.0.0.1:{}/results", server.said["port"])),
        Tool::Ninja,
    );
    let wrong = Remote::new(format!("http://user:wrong@127.0.0.1:{}/results", server.said["port"]));
    let (space, said) = one_warning(&wrong);
    assert!(said.contains("it does not permit that") && !said.contains("wrong@"), "{said}");
    assert_eq!(space.logged(), ALL);
}

#[test]
fn a_server_behind_tls_is_one_whose_authority_is_known() {
    let Some(server) = webdav_with_tls() else { return };
    let remote = Remote::new(format!("https://user:pass%20word@127.0.0.1:{}/results", server.said["port"]));
    let (_, said) = one_warning(&remote);
    assert!(said.contains("certificate"), "{said}");
    let known = remote.and("SSL_CERT_FILE", server.said["authority"].as_str().unwrap());
    shares(&known, Tool::Ninja);
    one_warning(&Remote::new(known.url.replace("https:", "http:")));
    let (_, said) = one_warning(&remote.and("SSL_CERT_FILE", "/nowhere"));
    assert!(said.contains("SSL_CERT_FILE cannot be read"), "{said}");
}

#[test]
fn two_checkouts_share_a_bucket() {
    let Some(server) = s3() else { return };
    let text = |name: &str| server.said[name].as_str().unwrap_or_default().to_owned();
    let remote = Remote::new("s3://results/of a team")
        .and("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{}", server.said["port"]))
        .and("AWS_REGION", "eu-central-1")
        .and("AWS_ACCESS_KEY_ID", &text("key"));
    let right = remote.and("AWS_SECRET_ACCESS_KEY", &text("secret"));
    shares(&right, Tool::Ninja);
    let (_, said) = one_warning(&remote.and("AWS_SECRET_ACCESS_KEY", "of somebody else"));
    assert!(said.contains("s3://results") && said.contains("it does not permit that"), "{said}");
    let (_, said) = one_warning(&remote);
    assert!(said.contains("AWS_SECRET_ACCESS_KEY have to be set"), "{said}");
    // Who is not told what opens the bucket cannot tell it to others; a bucket of the user's own is the user's.
    let own = right.and("EXPOPS_CACHE_AWS_ACCESS_KEY_ID", &text("key"));
    let own = own.and("EXPOPS_CACHE_AWS_SECRET_ACCESS_KEY", &text("secret")).and("AWS_ACCESS_KEY_ID", "mine");
    for (remote, sees) in [(right, false), (own, true)] {
        let space = project();
        space.edit(
            "src/model.py",
            "    return {'y'",
            "    print(os.environ.get('AWS_ACCESS_KEY_ID'))\n    return {'y'",
        );
        remote.build(&space, Tool::Ninja);
        assert_eq!(space.read("build/use/log").contains("mine"), sees);
        keeps_the_secret(&space, &[&text("secret")]);
    }
}

/// Builds with a remote cache that does not work: everything runs, and one line says why.
#[track_caller]
fn one_warning(remote: &Remote) -> (Space, String) {
    let space = project();
    let ran = remote.build(&space, Tool::Ninja);
    let said = warnings(&ran);
    assert_eq!(said.len(), 1, "{}{}", ran.out, ran.err);
    assert_eq!(space.logged(), ALL);
    space.nothing_to_do(Tool::Ninja);
    (space, said[0].clone())
}

/// Nothing of these texts is in the build folder, but for what a process was given by somebody else.
#[track_caller]
fn keeps_the_secret(space: &Space, texts: &[&str]) {
    for entry in walkdir::WalkDir::new(space.path("build")).into_iter().flatten() {
        let content = fs::read(entry.path()).unwrap_or_default();
        let content = String::from_utf8_lossy(&content);
        for text in texts {
            assert!(!content.contains(text), "{}: {text}", entry.path().display());
        }
    }
}

#[test]
fn the_address_reaches_nobody() {
    let (there, space) = (Space::new(), project());
    let url = format!("file://{}", there.path("secret-place").display());
    let remote = Remote::new(&url).and("EXPOPS_CACHE_KEY", "of-the-team");
    remote.build(&space, Tool::Ninja);
    assert!(space.read("build/make/log").contains("PATH"));
    keeps_the_secret(&space, &["secret-place", "EXPOPS_CACHE_URL", "EXPOPS_CACHE_PUSH", "of-the-team"]);
    let kept = there.tree("secret-place");
    assert!(kept.values().all(|content| !String::from_utf8_lossy(content).contains("secret-place")));
    // It is no ingredient either: without it, and with another, nothing is to be done.
    for other in ["", "file:///nowhere"] {
        Remote::new(other).build(&space, Tool::Ninja);
        assert_eq!(space.logged(), [""; 0]);
    }
}

#[test]
fn an_address_that_cannot_be_used_is_told() {
    for (url, says) in [
        ("results", "begins with none of"),
        ("file://results", "absolute path"),
        ("gs://results", "AWS_ENDPOINT_URL=https://storage.googleapis.com"),
        ("file:///proc/1/nothing/here", "does not work"),
    ] {
        let (_, said) = one_warning(&Remote::new(url));
        assert!(said.contains(says), "{url}: {said}");
    }
    let url = "http://127.0.0.1:1/results";
    if !cfg!(feature = "remote") {
        let (_, said) = one_warning(&Remote::new(url));
        assert!(said.contains("compiled without `http://`"), "{said}");
    }
    let there = Space::new();
    let url = format!("file://{}", there.path("results").display());
    let (_, said) = one_warning(&Remote::new(&url).and("EXPOPS_CACHE_READONLY", "1"));
    assert!(said.contains("EXPOPS_CACHE_READONLY"), "{said}");
    assert!(!there.exists("results"));
}

#[test]
fn only_what_is_asked_for_goes_there_and_only_what_is_signed_comes_back() {
    let there = Space::new();
    let remote = Remote::new(format!("file://{}", there.path("results").display()));
    let built = |remote: &Remote| {
        let space = project();
        let ran = remote.build(&space, Tool::Ninja);
        assert_eq!(warnings(&ran), [""; 0]);
        space.logged()
    };
    built(&remote.and("EXPOPS_CACHE_PUSH", "0"));
    assert!(!there.exists("results"), "nothing goes where nobody sends it");
    assert_eq!(built(&remote), ALL);
    assert_eq!(built(&remote), [""; 0]);
    let signed = remote.and("EXPOPS_CACHE_KEY", "of the team");
    assert_eq!(built(&signed), ALL, "what nobody signed is not used");
    assert_eq!(built(&signed), [""; 0]);
    assert_eq!(built(&remote.and("EXPOPS_CACHE_KEY", "of another team")), ALL);
    assert_eq!(built(&remote), [""; 0], "whoever has no key uses what others signed");
}

#[test]
fn what_was_read_elsewhere_stays_here() {
    let (there, elsewhere) = (Space::new(), Space::new());
    let remote = Remote::new(format!("file://{}", there.path("results").display()));
    elsewhere.write("more.txt", "41");
    let script =
        SCRIPT.replace("'data/' + 'more.txt'", &format!("'{}'", elsewhere.path("more.txt").display()));
    let (first, second) = (project(), project());
    for space in [&first, &second] {
        space.write("src/model.py", &script);
        remote.build(space, Tool::Ninja);
    }
    // What is made of it is the same, and found.
    assert_eq!((first.logged(), second.logged()), (ALL.map(str::to_owned).to_vec(), vec!["make".to_owned()]));
}

/// Everything that is kept in a folder, changed one after the other: whatever is damaged, nothing wrong comes back.
#[test]
fn whatever_is_damaged_there_nothing_wrong_comes_back() {
    let there = Space::new();
    let remote = Remote::new(format!("file://{}", there.path("results").display()));
    let first = project();
    remote.build(&first, Tool::Ninja);
    let expected = first.tree("build");
    let files = || there.tree("results").into_keys().map(|name| format!("results/{name}"));
    let whole: Vec<_> = files().map(|name| (name.clone(), fs::read(there.path(&name)).unwrap())).collect();
    assert!(whole.len() > 10);
    type Damage = fn(&[u8]) -> Vec<u8>;
    let damages: [Damage; 4] = [
        |bytes| bytes.iter().enumerate().map(|(i, byte)| byte ^ u8::from(i == bytes.len() / 2)).collect(),
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| [bytes, b"more"].concat(),
        |_| b"{\"files\": [{\"path\": \"../../../escaped\"}]}".to_vec(),
    ];
    for damage in damages {
        for (name, bytes) in &whole {
            fs::write(there.path(name), damage(bytes)).unwrap();
        }
        let space = project();
        let ran = remote.build(&space, Tool::Ninja);
        assert_eq!(warnings(&ran).len(), 1, "{}{}", ran.out, ran.err);
        same(&space.tree("build"), &expected);
        for (name, bytes) in &whole {
            fs::write(there.path(name), bytes).unwrap();
        }
    }
    let space = project();
    remote.build(&space, Tool::Ninja);
    assert_eq!(space.logged(), [""; 0]);
}

#[test]
fn a_server_that_does_not_work_costs_one_warning() {
    if !servers::has_feature() {
        return;
    }
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, said) = one_warning(&Remote::new(format!("http://{away}/results")));
    assert!(said.contains(&format!("http://{away}")), "{said}");
    for (answer, says) in [
        (Answer::Status("503 Service Unavailable"), "status 503"),
        (Answer::Status("507 Insufficient Storage"), "it is full"),
        (Answer::Half, "http://"),
        (Answer::HangUp, "http://"),
        (Answer::Status("500 Internal Server Error"), "status 500"),
        (Answer::Status("302 Found\r\nLocation: http://127.0.0.1:1/there"), "points to another place"),
        (Answer::Status("403 Forbidden"), "it does not permit that"),
        (Answer::Garbage, "it does not speak HTTP"),
        (Answer::Endless, "more than an entry can be"),
        (Answer::Content(b"what nobody asked for".to_vec()), "not what was asked for"),
        (Answer::Silent, "takes too long"),
        (Answer::Dripping, "takes too long"),
        (Answer::Full, "it is full"),
    ] {
        let server = Liar::new(answer.clone());
        let start = Instant::now();
        let (space, said) = one_warning(&Remote::new(server.url()));
        // It is waited for once: a few times the two seconds that it may take.
        assert!(start.elapsed() < Duration::from_secs(60), "{answer:?}: {:?}", start.elapsed());
        assert!(said.contains(says), "{answer:?}: {said}");
        // Of seven instances only those that were under way at the time have asked it.
        let most = if matches!(answer, Answer::Full) { 60 } else { 8 };
        assert!(server.asked() <= most, "{answer:?}: {}", server.asked());
        assert!(!space.exists("escaped"));
    }
}

#[test]
fn two_checkouts_share_a_server_that_checks_like_bazel_remote() {
    if !servers::has_feature() {
        return;
    }
    let server = Bazel::new(false);
    shares(&Remote::new(server.url()), Tool::Ninja);
    assert_eq!(server.refused(), [""; 0]);
    for folder in ["ac/", "cas/"] {
        assert!(server.stored().iter().any(|name| name.starts_with(folder)), "{folder}");
    }
    // One that takes Bazel's own entries alone.
    let server = Bazel::new(true);
    let (_, said) = one_warning(&Remote::new(server.url()));
    assert!(said.contains("--disable_http_ac_validation"), "{said}");
}

/// The pages say what is asked of servers, with the names of variables that the program knows.
#[test]
fn the_page_names_every_variable() {
    let page = fs::read_to_string(crate::space::repository().join("docs/cache.md")).unwrap();
    let source = fs::read_dir(crate::space::repository().join("src/cache")).unwrap().flatten();
    let source = source.map(|entry| entry.path()).filter(|path| !Path::new(path).ends_with("tests.rs"));
    let mut known = 0;
    for path in source.chain([crate::space::repository().join("src/variable.rs")]) {
        let text = fs::read_to_string(path).unwrap();
        for name in text.split('"').filter(|word| word.starts_with("EXPOPS_CACHE_") && !word.contains(' ')) {
            known += 1;
            assert!(page.contains(name), "docs/cache.md does not have {name}");
        }
    }
    assert!(known > 6);
}
