use std::fs;

use camino::Utf8PathBuf;
use serde_json::json;

use super::trim::Contents;
use super::*;
use crate::digest::Digest;

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let guard = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
    (guard, path)
}

/// A cache with one entry of two files, and the folder that they came from.
fn filled() -> (tempfile::TempDir, Cache, Digest) {
    let (guard, path) = folder();
    let run = path.join("run");
    fs::create_dir_all(run.join("out/empty")).unwrap();
    fs::create_dir_all(run.join("files")).unwrap();
    fs::write(run.join("out/a.txt"), "a").unwrap();
    fs::write(run.join("files/b.txt"), "bb").unwrap();
    let cache = Cache::new(path.join("cache"));
    let key = Digest::of("key");
    cache.publish(key, json!({"x": 1}), &run, &["out", "files"]).unwrap();
    (guard, cache, key)
}

#[test]
fn what_was_published_comes_back() {
    let (_guard, cache, key) = filled();
    let entry = cache.lookup(key).unwrap().unwrap();
    assert_eq!(entry.answer, json!({"x": 1}));
    let (_to_guard, to) = folder();
    assert!(cache.restore(key, &entry, &to).unwrap());
    assert_eq!(fs::read_to_string(to.join("files/b.txt")).unwrap(), "bb");
    assert!(to.join("out/empty").is_dir());
    fs::write(to.join("out/a.txt"), "changed").unwrap();
    let (_again_guard, again) = folder();
    assert!(
        cache.restore(key, &entry, &again).unwrap(),
        "a write to a restored file must not reach the cache"
    );
    assert!(cache.lookup(Digest::of("other")).unwrap().is_none());
}

#[test]
fn a_flipped_bit_is_noticed_and_forgotten() {
    let (_guard, cache, key) = filled();
    let object = cache.object(Digest::of("bb"));
    fs::write(&object, "bc").unwrap();
    let entry = cache.lookup(key).unwrap().unwrap();
    let (_to_guard, to) = folder();
    assert!(!cache.restore(key, &entry, &to).unwrap());
    assert!(!object.exists() && cache.lookup(key).unwrap().is_none());

    let (_guard, cache, key) = filled();
    let path = cache.entry(key);
    let mut bytes = fs::read(&path).unwrap();
    bytes[80] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(cache.lookup(key).unwrap().is_none() && !path.exists());
}

#[test]
fn trimming_keeps_what_was_used_last() {
    let (guard, cache, key) = filled();
    let run = Utf8PathBuf::try_from(guard.path().join("run")).unwrap();
    fs::write(run.join("out/a.txt"), "x".repeat(1000)).unwrap();
    let newer = Digest::of("newer");
    cache.publish(newer, json!({}), &run, &["out", "files"]).unwrap();
    fs::File::options()
        .append(true)
        .open(cache.entry(key))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    assert_eq!(cache.contents().unwrap().entries, 2);
    cache.trim(1500).unwrap();
    assert!(cache.lookup(key).unwrap().is_none());
    assert!(cache.lookup(newer).unwrap().is_some());
    assert_eq!(cache.contents().unwrap().objects, 2);
    cache.clear().unwrap();
    assert_eq!(cache.contents().unwrap(), Contents::default());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_not_remembered() {
    let (_guard, path) = folder();
    let run = path.join("run");
    fs::create_dir_all(run.join("out")).unwrap();
    std::os::unix::fs::symlink("/etc/hosts", run.join("out/hosts")).unwrap();
    let cache = Cache::new(path.join("cache"));
    cache.publish(Digest::of("k"), json!(0), &run, &["out"]).unwrap();
    assert!(cache.lookup(Digest::of("k")).unwrap().is_none());
}

#[test]
fn sizes() {
    assert_eq!([shown_size(12), shown_size(1_500_000)], ["12 B", "1.5 MB"]);
}
