//! Files that exist only for a while: not yet renamed to their final names, or left by a program that was killed.

use camino::{Utf8Path, Utf8PathBuf};

/// The prefix of the name of a run's folder, which is new each time.
pub(crate) const RUN: &str = ".run-";
/// The prefix of a temporary file's name.
const TEMPORARY: &str = ".tmp-";
/// The suffix of a partition's draft.
const DRAFT: &str = ".tmp";
/// Longer names are cut, so that the prefix fits as well.
const LONGEST: usize = 200;

/// Where the file that becomes `target` is written first.
pub(crate) fn temporary(target: &Utf8Path) -> Utf8PathBuf {
    let name = target.file_name().unwrap_or_default();
    let end = name.floor_char_boundary(LONGEST);
    target.with_file_name(format!("{TEMPORARY}{}", &name[..end]))
}

/// Where the partition that becomes `target` is written first.
pub(crate) fn draft(target: &Utf8Path) -> Utf8PathBuf {
    target.with_file_name(format!(".{}{DRAFT}", target.file_name().unwrap_or_default()))
}

/// Where a stamp is kept while it is not valid.
pub(crate) fn retired(stamp: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{stamp}.retired"))
}

/// Whether this is the name of a temporary file.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY) || (name.starts_with('.') && name.ends_with(DRAFT))
}

/// Whether this is the name of a run's folder.
pub(crate) fn is_run(name: &str) -> bool {
    name.starts_with(RUN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_is_told_from_what_stays() {
        let long = "é".repeat(120);
        for name in ["stamp", ".rows", "p1.csv", long.as_str()] {
            let target = Utf8Path::new("a/b").join(name);
            for passing in [temporary(&target), draft(&target)] {
                let name = passing.file_name().unwrap();
                assert!(passing.parent() == target.parent() && is_temporary(name), "{passing}");
            }
            assert!(temporary(&target).file_name().unwrap().len() <= LONGEST + TEMPORARY.len());
            assert!(!is_temporary(name) && !is_run(name));
        }
    }
}
