//! The Python package `expops`, which the compiler carries in itself and leaves in the build folder.

use camino::Utf8Path;

use crate::durable;
use crate::file::FileError;

macro_rules! package {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("python/expops/", $name)))),*] };
}

const FILES: &[(&str, &str)] = package! {
    "__init__.py"
    "_ahead.py"
    "_arrow.py"
    "_chart.py"
    "_columns.py"
    "_decorate.py"
    "_digest.py"
    "_digest_tables.py"
    "_driver.py"
    "_end.py"
    "_failure.py"
    "_files.py"
    "_frame.py"
    "_inputs.py"
    "_keys.py"
    "_labels.py"
    "_loaded.py"
    "_mapped.py"
    "_metrics.py"
    "_names.py"
    "_npy.py"
    "_plain.py"
    "_reuse.py"
    "_rows.py"
    "_run.py"
    "_script.py"
    "_seed.py"
    "_signature.py"
    "_split.py"
    "_values.py"
    "_watch.py"
    "_worker.py"
    "core.py"
    "reporting.py"
};

/// Writes the package into `folder`, which then is what `PYTHONPATH` needs. Files that are there already
/// are left alone.
pub(crate) fn install(folder: &Utf8Path) -> Result<(), FileError> {
    for (name, text) in FILES {
        durable::write_if_changed(&folder.join("expops").join(name), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_every_module_of_the_package() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/python/expops");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".py"))
            .collect();
        names.sort();
        assert_eq!(names, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
}
