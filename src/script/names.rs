//! Which modules a folder has, judging only by names: what an import could find in it.

use camino::Utf8Path;

/// A folder that no import can mean.
const CACHE: &str = "__pycache__";

/// The names in `folder` that an import could mean, sorted, one on each line: `a.py`, a compiled module, or a
/// folder with a trailing slash. Nothing else counts, such as an editor's file next to a script, or Python's
/// cache. Empty if the folder is gone.
pub(crate) fn module_names(folder: &Utf8Path) -> String {
    // An empty path means the working folder; `join` makes it `.`.
    let entries = folder.join(".").read_dir_utf8().into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| counted(entry.file_name(), entry.path())).collect();
    names.sort_unstable();
    names.concat()
}

fn counted(file: &str, path: &Utf8Path) -> Option<String> {
    let (name, ending) = file.split_at(file.find('.').unwrap_or(file.len()));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_module = ending == ".py" || [".so", ".pyd", ".pyc"].iter().any(|end| ending.ends_with(end));
    match ending {
        _ if !is_name || name == CACHE => None,
        "" => path.is_dir().then(|| format!("{file}/\n")),
        _ => is_module.then(|| format!("{file}\n")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_no_import_can_mean_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        for file in [
            "b.py",
            "a.py",
            "c.cpython-311-x86_64-linux-gnu.so",
            "d.pyd",
            "e.pyc",
            "größe.py",
            // Files that editors, Python and people leave.
            ".a.py.swp",
            "a.py~",
            "4913",
            "#a.py#",
            ".#a.py",
            "a.py.orig",
            "a.pyi",
            "notes.txt",
            "two words.py",
            "a-b.py",
        ] {
            fs::write(path.join(file), "").unwrap();
        }
        ["pkg", "__pycache__", ".git", "not.one"]
            .iter()
            .for_each(|name| fs::create_dir(path.join(name)).unwrap());
        let expected = "a.py\nb.py\nc.cpython-311-x86_64-linux-gnu.so\nd.pyd\ne.pyc\ngröße.py\npkg/\n";
        assert_eq!(module_names(path), expected);
        assert_eq!(module_names(&path.join("gone")), "");
    }
}
