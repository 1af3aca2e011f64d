//! Where partitions and their stamps go.

use camino::{Utf8Path, Utf8PathBuf};

use crate::split::{Layout, Stamp, digest_unpacked, is_same_file};

/// All partitions in one folder: `p1.csv` and `p1.stamp`.
pub(super) struct Flat {
    pub(super) folder: Utf8PathBuf,
    /// The file that is split: never a leftover, wherever it lies.
    pub(super) source: Option<Utf8PathBuf>,
    pub(super) extension: String,
}

impl Layout for Flat {
    fn data(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(format!("p{i}.{}", self.extension))
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(format!("p{i}.stamp"))
    }

    /// Only the content that the stamp is about is ours: anything may lie beside our files.
    fn leftovers(&self, i: u64) -> Vec<Utf8PathBuf> {
        let data = self.data(i);
        let Some(stamp) = Stamp::read(&self.stamp(i)).filter(|_| !data.exists()) else { return Vec::new() };
        let is_stamped = |digest| stamp.lines.iter().any(|line| line.digest == digest);
        let is_ours = |path: &Utf8PathBuf| {
            !is_source(&self.source, path) && digest_unpacked(path).is_ok_and(is_stamped)
        };
        packed_otherwise(&data).into_iter().filter(is_ours).collect()
    }

    fn known(&self) -> Option<Utf8PathBuf> {
        Some(self.folder.join(".expops-split"))
    }
}

/// A file for each value, with its stamp beside it.
pub(super) struct ByValue {
    pub(super) folder: Utf8PathBuf,
    /// The file that is split.
    pub(super) source: Option<Utf8PathBuf>,
    pub(super) names: Vec<String>,
}

impl Layout for ByValue {
    fn data(&self, i: u64) -> Utf8PathBuf {
        self.folder.join(&self.names[i as usize - 1])
    }

    fn stamp(&self, i: u64) -> Utf8PathBuf {
        stamp_beside(&self.data(i))
    }

    /// Only what has a stamp is ours: anything may lie beside files that the user names.
    fn leftovers(&self, i: u64) -> Vec<Utf8PathBuf> {
        let is_ours = |path: &Utf8PathBuf| {
            let is_made = || self.names.iter().any(|name| self.folder.join(name) == *path);
            stamp_beside(path).is_file() && !is_source(&self.source, path) && !is_made()
        };
        let others = packed_otherwise(&self.data(i)).into_iter().filter(is_ours);
        others.flat_map(|path| [stamp_beside(&path), path]).collect()
    }
}

fn stamp_beside(path: &Utf8Path) -> Utf8PathBuf {
    format!("{path}.stamp").into()
}

fn is_source(source: &Option<Utf8PathBuf>, path: &Utf8Path) -> bool {
    source.as_ref().is_some_and(|source| is_same_file(source, path))
}

/// The names that the partition at `path` has had if it was packed in another way, or not at all.
fn packed_otherwise(path: &Utf8Path) -> Vec<Utf8PathBuf> {
    let plain = path.as_str();
    let plain = plain.strip_suffix(".gz").or(plain.strip_suffix(".zst")).unwrap_or(plain);
    let mut names = ["", ".gz", ".zst"].map(|ending| Utf8PathBuf::from(format!("{plain}{ending}"))).to_vec();
    names.retain(|name| name != path);
    names
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::Command;
    use super::*;
    use crate::file::Written;

    /// Splits `d.csv` in `folder` into `out` there.
    #[cfg(feature = "zstd")]
    fn split(folder: &Utf8Path, out: &str, flags: &[&str]) {
        let (data, out) = (folder.join("d.csv"), folder.join(out));
        let words = ["expops-split", data.as_str(), "--out", out.as_str(), "--size", "2", "--quiet"];
        Command::try_parse_from(words.iter().chain(flags)).unwrap().split().unwrap();
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn what_a_partition_has_left_goes_and_files_of_others_stay() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
        std::fs::write(folder.join("d.csv"), "a\n1\n2\n").unwrap();
        let names = |out: &str| -> Vec<String> {
            let names = folder.join(out).read_dir_utf8().unwrap().map(|entry| entry.unwrap());
            let names = names.map(|entry| entry.file_name().to_owned());
            let mut names: Vec<_> = names.filter(|name| name.starts_with('p')).collect();
            names.sort_unstable();
            names
        };
        let gz = &["--compress", "gz"][..];
        for (flags, ending) in [(&[][..], ""), (gz, ".gz"), (&["--compress", "zst"], ".zst"), (&[], "")] {
            split(&folder, "ours", flags);
            let data = [1, 2].map(|i| [format!("p{i}.csv{ending}"), format!("p{i}.stamp")]);
            assert_eq!(names("ours"), data.concat());
        }
        let mine = |path: &str| std::fs::write(folder.join(path), "mine").unwrap();
        let is_mine = |path: &str| std::fs::read(folder.join(path)).is_ok_and(|bytes| bytes == b"mine");
        std::fs::create_dir(folder.join("mine")).unwrap();
        ["mine/p1.csv.gz", "p1.csv", "ours/p1.csv.gz"].iter().for_each(|path| mine(path));
        split(&folder, "mine", &[]);
        split(&folder, "", gz);
        split(&folder, "ours", &["--compress", "zst"]);
        assert!(["mine/p1.csv.gz", "p1.csv", "ours/p1.csv.gz"].iter().all(|path| is_mine(path)));
        assert!(!folder.join("ours/p1.csv").exists());
        // A copy of a partition is not the partition.
        std::fs::copy(folder.join("ours/p1.csv.zst"), folder.join("p1.csv.zst")).unwrap();
        split(&folder, "", gz);
        assert!(folder.join("p1.csv.zst").exists());
    }

    /// Also where the name does not tell it.
    #[cfg(feature = "zstd")]
    #[test]
    fn another_packing_is_another_file() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
        let (data, out) = (folder.join("d.csv"), folder.join("out"));
        std::fs::write(&data, "k\nx\nx\ny\n").unwrap();
        let split = |name: &str, flags: &[&str]| {
            let words =
                ["expops-split", data.as_str(), "--by-value", "k", "--name", name, "--quiet", "--out"];
            Command::try_parse_from(words.iter().chain(&[out.as_str()]).chain(flags)).unwrap().split()
        };
        let (plain, gz, zst) = (&[][..], &["--compress", "gz"][..], &["--compress", "zst"][..]);
        for (flags, start) in [(plain, &b"k\n"[..]), (gz, b"\x1F\x8B"), (zst, b"\x28\xB5"), (plain, b"k\n")] {
            for written in [Written::Changed, Written::Unchanged] {
                for part in split("{value}", flags).unwrap().partitions {
                    assert_eq!(part.written, written, "{flags:?}");
                    assert!(std::fs::read(part.path).unwrap().starts_with(start), "{flags:?}");
                }
            }
        }
        for (name, flags) in [("{value}.csv.gz", plain), ("{value}.csv.gz", zst), ("{value}.zst", gz)] {
            let refused = split(name, flags).err().map(|error| error.to_string());
            assert!(refused.is_some_and(|text| text.contains(name)), "{name} {flags:?}");
        }
        split("{value}.csv.gz", gz).unwrap();
    }

    /// The stamp alone is not believed.
    #[test]
    fn the_file_of_a_value_that_somebody_edited_is_made_again() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
        let (data, out) = (folder.join("d.csv"), folder.join("out"));
        std::fs::write(&data, "k,n\nx,1\ny,2\nx,3\n").unwrap();
        for packed in ["", ".gz"] {
            let name = format!("{{value}}.csv{packed}");
            let mut words = vec!["expops-split", data.as_str(), "--by-value", "k", "--name", &name, "--out"];
            words.extend([out.as_str(), "--quiet"]);
            if !packed.is_empty() {
                words.extend(["--compress", "gz"]);
            }
            let split = || {
                let parts = Command::try_parse_from(&words).unwrap().split().unwrap().partitions;
                parts.iter().map(|part| part.written == Written::Changed).collect::<Vec<_>>()
            };
            assert_eq!(split(), [true, true]);
            let path = out.join(format!("x.csv{packed}"));
            let bytes = std::fs::read(&path).unwrap();
            let mut other = bytes.clone();
            other[5] ^= 1;
            for content in [&other[..], &bytes[..6], b""] {
                std::fs::write(&path, content).unwrap();
                let file = std::fs::File::options().write(true).open(&path).unwrap();
                file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(9)).unwrap();
                assert_eq!(split(), [true, false], "{packed}");
                assert_eq!(std::fs::read(&path).unwrap(), bytes);
                assert_eq!(split(), [false, false], "{packed}");
            }
            std::fs::remove_file(&path).unwrap();
            assert_eq!(split(), [true, false], "{packed}");
        }
    }

    #[test]
    fn what_a_value_has_left_is_ours_if_it_has_a_stamp() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::try_from(guard.path().to_owned()).unwrap();
        for name in ["a.csv.gz", "a.csv.gz.stamp", "b.csv.gz"] {
            std::fs::write(folder.join(name), name).unwrap();
        }
        let left = |names: &[&str], source: Option<&str>| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let source = source.map(|name| folder.join(name));
            let layout = ByValue { folder: folder.clone(), source, names };
            (1..=layout.names.len() as u64).flat_map(|i| layout.leftovers(i)).collect::<Vec<_>>()
        };
        let gone = ["a.csv.gz.stamp", "a.csv.gz"].map(|name| folder.join(name));
        assert_eq!(left(&["a.csv", "b.csv"], None), gone);
        assert_eq!(left(&["a.csv.zst"], None), gone);
        assert!(left(&["a.csv", "a.csv.gz"], None).is_empty());
        assert!(left(&["a.csv"], Some("a.csv.gz")).is_empty());
    }
}
