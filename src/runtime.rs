//! The Python packages `expops_build` and `expops`, which the compiler has built in and writes to the build folder. An
//! installed distribution has the same files, but builds never use it, whatever its version.

use camino::Utf8Path;

use crate::durable;
use crate::file::FileError;

macro_rules! package {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("python/", $name)))),*] };
}

const FILES: &[(&str, &str)] = package! {
    "expops/__init__.py"
    "expops/core.py"
    "expops/py.typed"
    "expops/reporting.py"
    "expops_build/__init__.py"
    "expops_build/_ahead.py"
    "expops_build/_arrow.py"
    "expops_build/_cells.py"
    "expops_build/_chart.py"
    "expops_build/_columns.py"
    "expops_build/_decorate.py"
    "expops_build/_descent.py"
    "expops_build/_digest.py"
    "expops_build/_digest_tables.py"
    "expops_build/_driver.py"
    "expops_build/_end.py"
    "expops_build/_failure.py"
    "expops_build/_files.py"
    "expops_build/_frame.py"
    "expops_build/_hints.py"
    "expops_build/_hook.py"
    "expops_build/_imported.py"
    "expops_build/_inputs.py"
    "expops_build/_keys.py"
    "expops_build/_labels.py"
    "expops_build/_load.py"
    "expops_build/_loaded.py"
    "expops_build/_mapped.py"
    "expops_build/_metrics.py"
    "expops_build/_moments.py"
    "expops_build/_names.py"
    "expops_build/_npy.py"
    "expops_build/_plain.py"
    "expops_build/_protocol.py"
    "expops_build/_quoted.py"
    "expops_build/_reuse.py"
    "expops_build/_rows.py"
    "expops_build/_run.py"
    "expops_build/_script.py"
    "expops_build/_seed.py"
    "expops_build/_signature.py"
    "expops_build/_split.py"
    "expops_build/_steered.py"
    "expops_build/_values.py"
    "expops_build/_watch.py"
    "expops_build/_worker.py"
    "expops_build/core.py"
    "expops_build/py.typed"
    "expops_build/reporting.py"
};

/// Whether a module with this name is one of these packages.
pub(crate) fn is_ours(package: &str) -> bool {
    matches!(package, "expops" | "expops_build")
}

/// Whether `name` can be imported from `module`, one of ours.
pub(crate) fn has(module: &str, name: &str) -> bool {
    let Some(text) = text(module) else { return false };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let binds = |line: &str| match line.trim_start().split_once(|c: char| !is_word(c)) {
        Some(("import" | "from" | "def" | "class", rest)) => {
            rest.split(|c| !is_word(c)).any(|word| word == name)
        }
        Some((word, rest)) => word == name && rest.trim_start().starts_with(['=', ':']),
        None => false,
    };
    name.starts_with("__") || self::text(&format!("{module}.{name}")).is_some() || text.lines().any(binds)
}

/// What `module`, one of ours, has for others.
pub(crate) fn names(module: &str) -> Vec<&'static str> {
    let text = text(module).unwrap_or_default();
    let list = text.split_once("__all__ = [").and_then(|(_, rest)| rest.split_once(']'));
    let listed = list.map_or("", |(list, _)| list).split('"').skip(1).step_by(2);
    let folder = format!("{}/", module.replace('.', "/"));
    let below = FILES.iter().filter_map(|(name, _)| name.strip_prefix(&folder)?.strip_suffix(".py"));
    listed.chain(below.filter(|name| !name.starts_with('_'))).collect()
}

/// The code of `module`, one of ours.
fn text(module: &str) -> Option<&'static str> {
    let path = module.replace('.', "/");
    let names = [format!("{path}.py"), format!("{path}/__init__.py")];
    FILES.iter().find(|(name, _)| names.iter().any(|wanted| wanted == name)).map(|(_, text)| *text)
}

/// Writes the packages into `folder`, which can then be used as `PYTHONPATH`. Files that are there already are left
/// alone.
pub(crate) fn install(folder: &Utf8Path) -> Result<(), FileError> {
    for (name, text) in FILES {
        durable::write_if_changed(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_every_file_of_the_packages() {
        let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python");
        let files =
            walkdir::WalkDir::new(&folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
        let mut names: Vec<_> = files
            .map(|entry| {
                Utf8Path::from_path(entry.path()).unwrap().strip_prefix(&folder).unwrap().to_string()
            })
            .filter(|name| name.contains('/') && !name.ends_with(".pyc"))
            .collect();
        names.sort();
        assert_eq!(names, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
}
