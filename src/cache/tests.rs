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
    cache.publish(key, json!({"x": 1}), &[run.join("out"), run.join("files")]).unwrap();
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
    cache.publish(newer, json!({}), &[run.join("out"), run.join("files")]).unwrap();
    fs::File::options()
        .append(true)
        .open(cache.entry(key))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    assert_eq!(cache.contents().unwrap().entries, 2);
    cache.trim(1750).unwrap();
    assert!(cache.lookup(key).unwrap().is_none());
    assert!(cache.lookup(newer).unwrap().is_some());
    assert_eq!(cache.contents().unwrap().objects, 2);
    cache.clear().unwrap();
    assert_eq!(cache.contents().unwrap(), Contents::default());
}

#[test]
fn what_is_written_stays_within_the_bound() {
    let (guard, cache, _) = filled();
    let run = Utf8PathBuf::try_from(guard.path().join("run")).unwrap();
    let bounded = cache.bounded("20KB");
    for i in 0..40 {
        fs::write(run.join("out/a.txt"), format!("{i:2000}")).unwrap();
        bounded.publish(Digest::of(i.to_string()), json!({}), &[run.join("out"), run.join("files")]).unwrap();
        assert!(cache.contents().unwrap().bytes <= 20_000);
    }
    assert!(cache.lookup(Digest::of("39")).unwrap().is_some());
    let wrong = cache.bounded("much").publish(Digest::of("x"), json!({}), &[run.join("out")]).unwrap_err();
    assert!(wrong.to_string().contains("EXPOPS_CACHE_MAX is `much`"));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_not_remembered() {
    let (_guard, path) = folder();
    let run = path.join("run");
    fs::create_dir_all(run.join("out")).unwrap();
    std::os::unix::fs::symlink("/etc/hosts", run.join("out/hosts")).unwrap();
    let cache = Cache::new(path.join("cache"));
    cache.publish(Digest::of("k"), json!(0), &[run.join("out")]).unwrap();
    assert!(cache.lookup(Digest::of("k")).unwrap().is_none());
}

/// Writes an entry with these files, as anybody with write access to the folder can.
fn planted(cache: &Cache, key: Digest, files: serde_json::Value) {
    let sum = Digest::of(json!([0, files]).to_string());
    let text = json!({"version": 2, "key": key, "answer": 0, "files": files, "sum": sum}).to_string();
    fs::write(cache.entry(key), format!("{}\n{text}\n", Digest::of(&text))).unwrap();
}

#[test]
fn an_entry_that_reaches_out_of_the_folder_is_dropped() {
    let (_guard, cache, key) = filled();
    let file = json!({"file": {"object": Digest::of("bb"), "size": 2}});
    let at = |path: &str, kind: &serde_json::Value| json!({"path": path, "kind": kind});
    let link = |to: &str| json!({"link": to});
    planted(&cache, key, json!([at("out/a", &file)]));
    assert!(cache.lookup(key).unwrap().is_some());
    fs::copy(cache.entry(key), cache.entry(Digest::of("another"))).unwrap();
    assert!(cache.lookup(Digest::of("another")).unwrap().is_none(), "an entry is that of one key only");
    for bad in [
        json!([at("../a", &file)]),
        json!([at("/tmp/a", &file)]),
        json!([at("out/../../a", &file)]),
        json!([at("out/./a", &file)]),
        json!([at("out//a", &file)]),
        json!([at("", &file)]),
        json!([at("out/a", &file), at("out/a", &file)]),
        json!([at("out/a", &file), at("out/a/b", &file)]),
        json!([at("out/a/b", &file), at("out/a", &link("b"))]),
        json!([at("out/l", &link("/etc"))]),
        json!([at("out/l", &link("../.."))]),
        json!([at("out/l", &link("../files"))]),
        json!([at("out/l", &link("d/../../x"))]),
        json!([at("out/d/e/l", &link("../..")), at("out/m", &link("d/e/l/../../x"))]),
        json!([at("out/l", &link("d")), at("out/l/x", &file)]),
    ] {
        planted(&cache, key, bad.clone());
        assert!(cache.lookup(key).unwrap().is_none(), "{bad}");
        assert!(!cache.entry(key).exists(), "{bad}");
    }
}

#[test]
fn only_what_the_key_signed_is_used_and_only_where_it_belongs() {
    let (guard, cache, key) = filled();
    let run = Utf8PathBuf::try_from(guard.path().join("run")).unwrap();
    let (ours, theirs) = (cache.signed("ours"), cache.signed("theirs"));
    assert!(ours.lookup(key).unwrap().is_none());
    assert!(cache.lookup(key).unwrap().is_some(), "who has no key still uses it");
    ours.publish(key, json!({}), &[run.join("out"), run.join("files")]).unwrap();
    assert!(ours.lookup(key).unwrap().is_some());
    assert!(theirs.lookup(key).unwrap().is_none());
    let text = fs::read_to_string(cache.entry(key)).unwrap();
    assert!(!text.contains("ours"));
    let other = Digest::of("another key");
    fs::copy(cache.entry(key), cache.entry(other)).unwrap();
    assert!(ours.lookup(other).unwrap().is_none());
    assert!(!format!("{ours:?}").contains("111, 117"), "the key is never shown");
}

#[test]
fn a_cache_that_is_only_read_keeps_every_byte() {
    let (guard, cache, key) = filled();
    let files = || {
        let all = walkdir::WalkDir::new(guard.path().join("cache")).sort_by_file_name().into_iter().flatten();
        let seen = all.map(|entry| (entry.path().to_owned(), entry.metadata().unwrap().modified().unwrap()));
        seen.collect::<Vec<_>>()
    };
    fs::write(cache.object(Digest::of("bb")), "bc").unwrap();
    fs::write(cache.entry(Digest::of("damaged")), "x").unwrap();
    let (before, reader) = (files(), cache.read_only());
    let entry = reader.lookup(key).unwrap().unwrap();
    let (_to_guard, to) = folder();
    assert!(!reader.restore(key, &entry, &to).unwrap());
    assert!(reader.lookup(Digest::of("damaged")).unwrap().is_none());
    let run = Utf8PathBuf::try_from(guard.path().join("run")).unwrap();
    reader.publish(Digest::of("new"), json!({}), &[run.join("out")]).unwrap();
    reader.add_list(Digest::of("new"), List { entry: key, reads: json!([]) }).unwrap();
    assert_eq!(files(), before);
}

#[test]
fn a_key_has_at_most_so_many_lists_and_the_oldest_goes() {
    let (_guard, path) = folder();
    let (cache, key) = (Cache::new(path), Digest::of("known"));
    let list = |run: usize| List { entry: Digest::of(run.to_string()), reads: json!([run]) };
    let add = |run| cache.add_list(key, list(run)).unwrap();
    (0..32).for_each(add);
    assert_eq!(cache.lists(key), (0..32).rev().map(list).collect::<Vec<_>>(), "newest first");
    // What is found again is no longer the oldest.
    add(0);
    add(32);
    let kept: Vec<_> = [32, 0].into_iter().chain((2..32).rev()).map(list).collect();
    assert_eq!(cache.lists(key), kept);
    (33..100).for_each(add);
    assert_eq!(cache.lists(key), (68..100).rev().map(list).collect::<Vec<_>>());
    assert!(cache.lists(Digest::of("another")).is_empty());
}

#[cfg(unix)]
#[test]
fn what_is_private_stays_private_and_programs_stay_programs() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_guard, path) = folder();
    let run = path.join("run");
    fs::create_dir_all(run.join("out")).unwrap();
    for (name, mode) in [("private", 0o600), ("program", 0o755), ("plain", 0o644)] {
        fs::write(run.join("out").join(name), name).unwrap();
        fs::set_permissions(run.join("out").join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let closed = run.join("out/closed");
    fs::create_dir_all(closed.join("inner")).unwrap();
    fs::write(closed.join("inner/file"), "closed").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let (cache, key) = (Cache::new(path.join("cache")), Digest::of("k"));
    cache.publish(key, json!(0), &[run.join("out")]).unwrap();
    let mode = |path: &camino::Utf8Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cache.object(Digest::of("private"))) & 0o077, 0);
    assert_eq!(mode(&cache.object(Digest::of("plain"))) & 0o111, 0);
    assert_eq!(mode(&cache.object(Digest::of("closed"))) & 0o077, 0, "nobody else could reach it");
    let (_to_guard, to) = folder();
    assert!(cache.restore(key, &cache.lookup(key).unwrap().unwrap(), &to).unwrap());
    assert_eq!(mode(&to.join("out/private")), 0o600);
    assert_eq!(mode(&to.join("out/closed")), 0o700);
    assert_eq!(mode(&to.join("out/closed/inner/file")), mode(&closed.join("inner/file")));
    assert_eq!(mode(&to.join("out/program")) & 0o700, 0o700);
}

#[test]
fn sizes() {
    assert_eq!([shown_size(12), shown_size(1_500_000)], ["12 B", "1.5 MB"]);
}
