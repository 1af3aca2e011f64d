//! Which libraries a worker may import before it forks.

use std::collections::{BTreeMap, BTreeSet};

use super::outline::Import;

/// Libraries whose own maintainers support a fork after the import, ordered so that none needs a later one. The
/// evidence is in `src/python/README.md`. Libraries that only look harmless are imported in the child, as are
/// those that turn out not to be (`src/python/expops_build/_ahead.py` checks).
const SAFE: [&str; 6] = ["numpy", "pyarrow", "scipy", "pandas", "sklearn", "matplotlib"];

/// Modules of these libraries, and the names imported from each.
pub(crate) type Ahead = BTreeMap<String, BTreeSet<String>>;

/// A library and its modules, with the names imported from each.
pub(crate) type Library = (&'static str, Vec<(String, Vec<String>)>);

/// Records an import of a library.
pub(super) fn note(ahead: &mut Ahead, import: &Import) {
    let module = if import.name.is_some() { &import.module } else { &import.loads };
    let top = module.split('.').next().unwrap_or_default();
    if import.level == 0 && SAFE.contains(&top) {
        let names = ahead.entry(module.clone()).or_default();
        names.extend(import.name.iter().filter(|name| *name != "*").cloned());
    }
}

/// The libraries in `ahead`, each with its modules, in an order in which they can be imported.
pub(crate) fn in_order(ahead: &Ahead) -> Vec<Library> {
    let modules_of = |top: &str| -> Vec<(String, Vec<String>)> {
        let of_top = ahead.iter().filter(|(module, _)| module.split('.').next() == Some(top));
        of_top.map(|(module, names)| (module.clone(), names.iter().cloned().collect())).collect()
    };
    let all = SAFE.into_iter().map(|top| (top, modules_of(top)));
    let mut found: Vec<Library> = all.filter(|(_, modules)| !modules.is_empty()).collect();
    // All of them use numpy, so it always gets a step of its own.
    if found.first().is_some_and(|(top, _)| *top != "numpy") {
        found.insert(0, ("numpy", vec![("numpy".to_owned(), Vec::new())]));
    }
    found
}

/// Whether a module may change something that the import of a library depends on, so that importing it earlier
/// would make a difference. Any text that may be such a change counts.
pub(super) fn may_steer_imports(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "putenv",
        "unsetenv",
        "meta_path",
        "path_hooks",
        "addaudithook",
        "monkey.patch",
        "chdir",
        // Packages that put what is in a file into the environment.
        "dotenv",
        "environs",
    ];
    WORDS.iter().any(|word| text.contains(word))
        || ["environ", "sys.modules"].iter().any(|mapping| {
            text.match_indices(mapping).any(|(at, word)| !only_reads(&text[at + word.len()..]))
        })
}

/// Whether the text after the name of a mapping can only be a read.
fn only_reads(rest: &str) -> bool {
    let methods = [".get(", ".copy()", ".items()", ".keys()", ".values()", ")", ","];
    let is_read = |after: &str| {
        let after = after.trim_start_matches([' ', '\t']);
        !after.starts_with('=') || after.starts_with("==")
    };
    let subscript = |inside: &str| {
        let line = inside.lines().next().unwrap_or_default();
        line.split_once(']').is_some_and(|(_, after)| is_read(after))
    };
    methods.iter().any(|method| rest.starts_with(method)) || rest.strip_prefix('[').is_some_and(subscript)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_reads_the_environment_steers_nothing() {
        for text in
            ["os.environ['A']", "os.environ.get('A', 1)", "if os.environ['A'] == 'b':", "f(sys.modules)"]
        {
            assert!(!may_steer_imports(text), "{text}");
        }
        let writing = [
            "os.environ['A'] = 'b'",
            "os.environ.setdefault('A', 'b')",
            "environ.update(A='b')",
            "os.putenv('A', 'b')",
            "del os.environ[name\n]",
            "e = os.environ\ne['A'] = 'b'",
            "load_dotenv('.env')",
            "os.chdir('conf')",
            "sys.modules['pyarrow'] = None",
        ];
        for text in writing {
            assert!(may_steer_imports(text), "{text}");
        }
    }
}
