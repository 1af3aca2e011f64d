//! Tells the build tools what an instance was seen to read. Every look reports all of it, even if there is nothing to
//! do: Ninja takes a look without a report for one that read nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::depfile;
use crate::escape;
use crate::exec::failure::Failure;
use crate::file::{self, FileError};
use crate::layout::{Folder, Layout, component};

/// Where a build tool runs, and what it sees from there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    /// The project's folder, relative to where the tool runs; empty if it is the same.
    pub project: Utf8PathBuf,
}

/// Reports that the instance `name` has read `paths`, relative to the project or absolute. `before` is the last report,
/// if it is known.
pub(in crate::exec) fn tell(
    name: &str,
    paths: &[Utf8PathBuf],
    before: Option<&[Utf8PathBuf]>,
    (layout, sight): (&Layout, &Sight),
) -> Result<(), Failure> {
    let folder = layout.folder(name);
    let text = ninja(&folder, paths, layout, sight);
    file::write_own(&folder.reads(), text)?;
    let all = layout.reads(name.split('/').next().unwrap_or_default());
    // If nothing was ever read, there is no file.
    if paths.is_empty() && (before.is_some_and(<[_]>::is_empty) || !all.exists()) {
        return Ok(());
    }
    let is_as_before = before == Some(paths) && all.exists();
    if is_as_before && paths.iter().all(|path| path.exists()) {
        return Ok(());
    }
    // In place of a path that is not there, a folder is watched: another one, once that has come or gone.
    let text = make(name, paths, layout);
    if is_as_before && is_last(&all, &text) { Ok(()) } else { append(&all, layout.build(), &text) }
}

/// Whether this is what the file of a process says last about an instance.
fn is_last(file: &Utf8Path, text: &str) -> bool {
    let told = file::read_regular(file).unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    let about = text.split_inclusive(" :=").next().unwrap_or_default();
    told.rfind(about).is_some_and(|at| told[at..].starts_with(text))
}

/// The depfile of an instance, for Ninja.
fn ninja(folder: &Folder, paths: &[Utf8PathBuf], layout: &Layout, sight: &Sight) -> String {
    let seen = |path: &Utf8Path| file::normal(&sight.project.join(path));
    let watched = watched(paths, layout, &|path| depfile::can_name(path));
    depfile::text(&seen(&folder.record()), watched.iter().map(|path| seen(path)))
}

/// What Make reads about an instance: a variable that holds the paths, and a rule without a recipe for each of them, so
/// that it is no error if one vanishes. The text does not depend on where Make runs: the Makefile tells that by the
/// variables `expops_of` and `expops_at`.
fn make(name: &str, paths: &[Utf8PathBuf], layout: &Layout) -> String {
    let watched = watched(paths, layout, &|path| escape::make_lacks(path.as_str()).is_none());
    let at = |path: &Utf8PathBuf, variable: &str| {
        if path.is_absolute() { String::new() } else { format!("$({variable})") }
    };
    let list = |variable: &str, escape: fn(&str) -> String| {
        let word = |path| format!(" {}{}", at(path, variable), escape(path.as_str()));
        watched.iter().map(word).collect::<String>()
    };
    let rule = list("expops_target_at", escape::make_target);
    let rule = if rule.is_empty() { rule } else { format!("{}:\n", rule.trim_start()) };
    format!("$(expops_of)/{name} :={}\n{rule}", list("expops_at", escape::make_prerequisite))
}

/// What a build tool can watch in place of `paths`. A path whose name the tool cannot write, or may take for a target, gets another one; one that does
/// not exist is replaced by the nearest existing folder, but never by one that the build itself writes into, which would wake the
/// instance forever, nor by the root, whose name is empty once Ninja has shortened it: it then stops.
fn watched(
    paths: &[Utf8PathBuf],
    layout: &Layout,
    can_name: &dyn Fn(&Utf8Path) -> bool,
) -> BTreeSet<Utf8PathBuf> {
    let build = file::normal(layout.build());
    let is_written = |path: &Utf8Path| path.starts_with(&build) || build.starts_with(path) || path == ".";
    let is_root = |path: &Utf8Path| path.parent().is_none();
    let nearest = |path: &Utf8PathBuf| {
        let path = file::normal(path);
        let mut above = path.ancestors().filter(|path| !path.as_str().is_empty());
        let found = above.find(|path| path.exists())?;
        if is_written(found) || is_root(found) {
            return None;
        }
        let is_free =
            can_name(found) && !(may_be_target(found, layout) && can_name(&layout.other_name(found)));
        if is_free { Some(found.to_owned()) } else { other_name(found, layout) }
    };
    paths.iter().chain(&links(paths)).filter_map(nearest).collect()
}

/// Whether a process, of this build or of a later one, may have the name of this path: its target would be meant.
fn may_be_target(path: &Utf8Path, layout: &Layout) -> bool {
    let name = path.as_str();
    !name.contains('/') && (!name.contains('.') || layout.plan(&component(name)).exists())
}

/// Another name for `path`, which is relative to the project or absolute: a link to it.
fn other_name(path: &Utf8Path, layout: &Layout) -> Option<Utf8PathBuf> {
    let name = layout.other_name(path);
    let folder = name.parent()?;
    let is_inside = !path.is_absolute()
        && layout.build().components().all(|part| part.as_str() != ".." && part.as_str() != "/");
    let target = if is_inside {
        file::normal(folder).components().map(|_| "..").collect::<Utf8PathBuf>().join(path)
    } else {
        Utf8PathBuf::try_from(std::path::absolute(path).ok()?).ok()?
    };
    if name.read_link_utf8().is_ok_and(|found| found == target) {
        return Some(name);
    }
    file::create_folder(folder).ok()?;
    // Another instance may be making the same link.
    file::remove(&name).ok()?;
    let made = file::link(&target, &name).is_ok() || name.read_link_utf8().is_ok_and(|found| found == target);
    made.then_some(name)
}

/// The folders in which links lie that lead to `paths`: a link that is made to lead elsewhere may lead to an older file,
/// which no build tool takes for a change.
fn links(paths: &[Utf8PathBuf]) -> Vec<Utf8PathBuf> {
    let mut seen = BTreeSet::new();
    let above = paths.iter().flat_map(|path| path.ancestors()).filter(|path| !path.as_str().is_empty());
    let links = above.filter(|path| seen.insert(path.to_owned())).filter(|path| path.is_symlink());
    links.filter_map(|link| Some(link.parent()?.to_owned())).collect()
}

/// Appends what Make reads about an instance to the file of its process, by one write: many instances write at once.
fn append(path: &Utf8Path, build: &Utf8Path, text: &str) -> Result<(), Failure> {
    path.parent().map_or(Ok(()), |folder| file::create_own_folder(build, folder))?;
    let file = file::append_own(path);
    Ok(file::context(file.and_then(|mut file| file.write_all(text.as_bytes())), "write", path)?)
}

/// Keeps only the last report about each instance in a process's file: the others are outdated.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn compact(path: &Utf8Path) -> Result<(), FileError> {
    let Ok(bytes) = file::read_regular(path) else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let mut last = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        // A line that was cut short by a full disk, or damaged, is ignored.
        let Some((name, _)) = line.split_once(" :=").filter(|_| line.starts_with("$(expops_of)/")) else {
            continue;
        };
        let rule = lines.next_if(|line| line.ends_with(':') && !line.starts_with("$(expops_of)/"));
        last.insert(name, [Some(line), rule]);
    }
    let compact: String = last.into_values().flatten().flatten().map(|line| format!("{line}\n")).collect();
    if compact.len() == bytes.len() {
        Ok(())
    } else {
        file::write_if_changed(path, compact.as_bytes()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        /// Creates the file `name` in the folder, and returns its path.
        fn file(&self, name: &str) -> Utf8PathBuf {
            let path = self.path(name);
            file::create_folder(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            path
        }

        fn path(&self, name: &str) -> Utf8PathBuf {
            Utf8PathBuf::try_from(self.0.path().join(name)).unwrap()
        }

        fn layout(&self) -> Layout {
            Layout::new(self.path("project/build"))
        }
    }

    #[test]
    fn what_is_not_there_counts_by_the_nearest_folder_that_the_build_does_not_write_into() {
        let place = Place::new();
        let there = place.file("project/data/in.csv");
        let named = |name: &str| vec![place.path(name)];
        let all = |path: &Utf8Path| !path.as_str().contains('|');
        let watched =
            |paths: Vec<Utf8PathBuf>| watched(&paths, &place.layout(), &all).into_iter().collect::<Vec<_>>();
        assert_eq!(watched(vec![there.clone(), there.clone()]), [there]);
        let folder = named("project/data");
        assert_eq!(watched(named("project/data/absent.csv")), folder);
        assert_eq!(watched(named("project/data/no/such/folder/x")), folder);
        let bar = place.file("project/data/a|b");
        let other = watched(vec![bar.clone()]);
        assert_eq!(other[0].canonicalize_utf8().unwrap(), bar.canonicalize_utf8().unwrap());
        assert!(all(&other[0]) && other[0].starts_with(place.path("project/build")));
        assert_eq!(watched(named("project/absent.csv")), [""; 0]);
        assert_eq!(watched(vec!["/".into(), "/absent.csv".into(), "/no/such/folder".into()]), [""; 0]);
        assert_eq!(watched(named("project/build/fit/p1/absent")), [""; 0]);
        assert_eq!(watched(vec![place.file("project/build/fit/p1/out/x")]), [""; 0]);
    }

    #[test]
    fn both_tools_are_told_in_their_own_words() {
        let place = Place::new();
        let layout = place.layout();
        let reads = [place.file("data/two words.csv"), place.file("data/50%.csv"), place.file("data/a;b")];
        file::create_folder(&layout.folder("fit/p1").0).unwrap();
        let sight = Sight::default();
        tell("fit/p1", &reads, None, (&layout, &sight)).unwrap();
        let (data, other) = (place.path("data"), layout.other_name(&reads[2]));
        let record = layout.folder("fit/p1").record();
        let depfile = fs::read_to_string(layout.folder("fit/p1").reads()).unwrap();
        assert_eq!(
            depfile,
            format!("{record}: \\\n  {data}/50%.csv \\\n  {data}/two\\ words.csv \\\n  {other}\n")
        );
        let make = fs::read_to_string(layout.reads("fit")).unwrap();
        let list = format!("{data}/50%.csv {data}/two\\ words.csv {other}");
        let rule = list.replace('%', "\\%");
        assert_eq!(make, format!("$(expops_of)/fit/p1 := {list}\n{rule}:\n"));

        // A path that is not there is watched by its nearest folder, whichever that is by now.
        let absent = [place.path("data/a/b/absent")];
        let told =
            || fs::read_to_string(layout.reads("fit")).unwrap().lines().rev().nth(1).unwrap().to_owned();
        for (made, watched) in [("data", "data"), ("data/a", "data/a"), ("data/a/b", "data/a/b")] {
            fs::create_dir_all(place.path(made)).unwrap();
            for _ in 0..2 {
                tell("fit/p1", &absent, Some(&absent), (&layout, &sight)).unwrap();
            }
            assert_eq!(told(), format!("$(expops_of)/fit/p1 := {}", place.path(watched)));
        }
        assert_eq!(fs::read_to_string(layout.reads("fit")).unwrap().lines().count(), 2 + 3 * 2);
        fs::write(layout.reads("fit"), &make).unwrap();

        // Repeating the last report adds nothing; the last one counts.
        tell("fit/p1", &reads, Some(&reads), (&layout, &sight)).unwrap();
        assert_eq!(fs::read_to_string(layout.reads("fit")).unwrap(), make);
        tell("fit/p1", &[], Some(&reads), (&layout, &sight)).unwrap();
        compact(&layout.reads("fit")).unwrap();
        assert_eq!(fs::read_to_string(layout.reads("fit")).unwrap(), "$(expops_of)/fit/p1 :=\n");
    }

    #[test]
    fn a_line_that_was_cut_short_is_dropped_and_the_last_of_each_instance_kept() {
        let place = Place::new();
        let path = place.path("reads.mk");
        let lines =
            ["$(expops_of)/a := x", "x:", "$(expops_of)/b :=", "$(expops_o", "$(expops_of)/a := y", "y:"];
        let damage: &[u8] = b"\xff\x00)(:= garbage\n";
        let text = [lines.map(|line| format!("{line}\n")).concat().as_bytes(), damage].concat();
        fs::write(&path, text).unwrap();
        compact(&path).unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        assert_eq!(kept, "$(expops_of)/a := y\ny:\n$(expops_of)/b :=\n");
        compact(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), kept);
    }
}
