//! Tables of the words of Python that make code special: names of the language, its standard library and the
//! libraries that pipelines use. Nothing here knows of a project.

/// What the words of a piece of code reveal about it.
#[derive(Clone, Copy, Default)]
pub(super) struct Words {
    /// It may open a file by itself.
    pub(super) reads: bool,
    /// It reads docstrings.
    pub(super) docs: bool,
    /// It reads its own source text, or positions in it.
    pub(super) source: bool,
    /// It reaches code in a way that cannot be followed.
    pub(super) dynamic: bool,
    /// It evaluates a text that is known only when it runs.
    pub(super) evaluates: bool,
    /// The same, if its module uses one of [`EVALUATORS`].
    pub(super) may_evaluate: bool,
}

/// Libraries that find the names of a module in a text that functions with common names are given: SQL, a formula.
pub(super) const EVALUATORS: [&str; 6] = ["duckdb", "polars", "numexpr", "statsmodels", "patsy", "formulaic"];

/// Records an attribute called `name`, whatever it is an attribute of.
pub(super) fn attribute(name: &str, words: &mut Words) {
    match name {
        "__doc__" | "getdoc" | "render_doc" | "testmod" | "DocTestFinder" | "DocTestSuite" => {
            words.docs = true
        }
        "__code__" | "co_code" | "co_firstlineno" | "f_lineno" | "tb_lineno" | "findsource"
        | "getframeinfo" | "getcomments" | "getsource" | "getsourcelines" | "getsourcefile" | "_getframe"
        | "currentframe" => words.source = true,
        "import_module" | "exec_module" | "load_module" | "__globals__" | "f_globals" | "__import__"
        | "getmodule" | "getmembers" | "__subclasses__" => words.dynamic = true,
        // They take the names of classes and functions from a text or a file.
        "unsafe_load" | "unsafe_load_all" | "UnsafeLoader" | "dictConfig" | "fileConfig"
        | "loadTestsFromName" | "loadTestsFromNames" => words.dynamic = true,
        _ => {}
    }
    words.reads |= opens(name);
}

/// Whether an attribute of this name may open a file.
fn opens(name: &str) -> bool {
    const PREFIXES: [&str; 9] =
        ["read", "load", "open", "scan_", "from_csv", "from_file", "from_parquet", "import_", "iterdir"];
    const NAMES: [&str; 24] = [
        "fromfile",
        "genfromtxt",
        "connect",
        "imread",
        "memmap",
        "File",
        "ExcelFile",
        "HDFStore",
        "ZipFile",
        "Dataset",
        "parse_file",
        "glob",
        "rglob",
        "walk",
        "listdir",
        "system",
        "popen",
        "run",
        "Popen",
        "call",
        "check_output",
        "check_call",
        "environ",
        "getenv",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// Records a text: does it look like a path?
pub(super) fn text(text: &str, words: &mut Words) {
    const ENDINGS: [&str; 28] = [
        ".csv", ".tsv", ".parquet", ".json", ".jsonl", ".txt", ".npy", ".npz", ".pkl", ".pickle", ".feather",
        ".arrow", ".xlsx", ".xls", ".h5", ".hdf5", ".gz", ".zst", ".zip", ".yaml", ".yml", ".toml", ".ini",
        ".db", ".sqlite", ".pt", ".dat", ".data",
    ];
    let lower = text.to_lowercase();
    words.reads |= text.contains(['/', '\\']) || ENDINGS.iter().any(|ending| lower.contains(ending));
}

/// Whether `name`, if nothing at module level binds it, opens files.
pub(super) fn builtin_opens(name: &str) -> bool {
    matches!(
        name,
        "open" | "exec" | "eval" | "compile" | "__import__" | "__file__" | "__loader__" | "__spec__"
    )
}

/// Whether a library can open files of the project by itself, so that its use anywhere counts.
pub(super) fn library_opens(path: &str) -> bool {
    const LIBRARIES: [&str; 34] = [
        "pathlib",
        "os",
        "io",
        "glob",
        "shutil",
        "subprocess",
        "tempfile",
        "codecs",
        "fileinput",
        "linecache",
        "mmap",
        "sqlite3",
        "zipfile",
        "tarfile",
        "gzip",
        "bz2",
        "lzma",
        "pickle",
        "shelve",
        "dbm",
        "csv",
        "configparser",
        "h5py",
        "netCDF4",
        "PIL",
        "cv2",
        "duckdb",
        "fsspec",
        "urllib",
        "ctypes",
        "runpy",
        "importlib",
        "pkgutil",
        "imageio",
    ];
    let top = path.split('.').next().unwrap_or(path);
    LIBRARIES.contains(&top)
}

/// A builtin that reaches code which cannot be followed.
pub(super) fn builtin_dynamic(name: &str) -> Option<&'static str> {
    ["exec", "eval", "compile", "globals", "locals", "vars"].into_iter().find(|known| *known == name)
}

/// Whether a library function imports by a name made at run time.
pub(super) fn imports_by_name(path: &str) -> bool {
    const PATHS: [&str; 14] = [
        "importlib.import_module",
        "importlib.util",
        "importlib.machinery",
        "runpy",
        "pkgutil",
        "imp",
        "sys.modules",
        "builtins.__import__",
        "yaml.unsafe_load",
        "yaml.unsafe_load_all",
        "yaml.UnsafeLoader",
        "yaml.Loader",
        "logging.config",
        "hydra.utils",
    ];
    let inside = |known: &&str| path == *known || path.starts_with(&format!("{known}."));
    PATHS.iter().any(inside)
}

/// Whether a library, imported by a text, gives access to every module.
pub(super) fn leads_everywhere(library: &str) -> bool {
    ["sys", "builtins", "importlib", "inspect", "gc", "runpy", "pkgutil"].contains(&library)
}

/// Whether a library function reads source text.
pub(super) fn reads_source(path: &str) -> bool {
    path.starts_with("linecache") || path.starts_with("inspect.getsource") || path == "inspect"
}

/// Whether a library reads the docstrings of functions and classes that it is given.
pub(super) fn reads_docs(path: &str) -> bool {
    const LIBRARIES: [&str; 9] =
        ["dspy", "docopt", "fire", "click", "typer", "langchain", "langchain_core", "instructor", "magentic"];
    LIBRARIES.contains(&path.split('.').next().unwrap_or(path))
}
