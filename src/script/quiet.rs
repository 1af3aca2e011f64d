//! Tables of what in Python and its libraries is known to have no effect besides making a value. Anything not
//! listed is assumed to have one.

/// Names known without being bound anywhere: builtins that only make a value when called.
pub(super) fn quiet_builtin(name: &str) -> bool {
    const NAMES: [&str; 50] = [
        "abs",
        "all",
        "any",
        "ascii",
        "bin",
        "bool",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "hasattr",
        "hash",
        "hex",
        "id",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "memoryview",
        "min",
        "object",
        "oct",
        "ord",
        "pow",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "tuple",
    ];
    NAMES.contains(&name) || matches!(name, "type" | "zip" | "super" | "print") || is_exception(name)
}

fn is_exception(name: &str) -> bool {
    name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Warning")
}

const QUIET_WHOLE: [&str; 18] = [
    "math",
    "cmath",
    "itertools",
    "functools",
    "operator",
    "collections",
    "re",
    "datetime",
    "decimal",
    "fractions",
    "pathlib",
    "typing",
    "typing_extensions",
    "enum",
    "dataclasses",
    "string",
    "expops",
    "expops_build",
];
const QUIET_NAMES: [&str; 22] = [
    "logging.getLogger",
    "os.getenv",
    "os.getcwd",
    "os.fspath",
    "os.cpu_count",
    "os.environ.get",
    "copy.copy",
    "copy.deepcopy",
    "time.time",
    "time.perf_counter",
    "threading.Lock",
    "torch.device",
    "torch.tensor",
    "numpy.random.default_rng",
    "numpy.random.SeedSequence",
    "random.Random",
    "textwrap.dedent",
    "importlib.metadata.version",
    "types.SimpleNamespace",
    "types.MappingProxyType",
    "json.dumps",
    "json.loads",
];
const QUIET_FRAMES: [&str; 10] = [
    "DataFrame",
    "Series",
    "Index",
    "Timestamp",
    "Timedelta",
    "Categorical",
    "date_range",
    "to_datetime",
    "CategoricalDtype",
    "MultiIndex",
];

/// Whether a call of the library function `path` only makes a value.
pub(super) fn quiet_library(path: &str) -> bool {
    let (top, rest) = path.split_once('.').unwrap_or((path, ""));
    match top {
        "numpy" => quiet_numpy(rest) || QUIET_NAMES.contains(&path),
        "pandas" => QUIET_FRAMES.contains(&rest),
        "os" if rest.starts_with("path.") => true,
        _ => QUIET_WHOLE.contains(&top) || QUIET_NAMES.contains(&path),
    }
}

fn quiet_numpy(name: &str) -> bool {
    const LOUD: [&str; 12] = [
        "random", "set", "save", "load", "testing", "put", "copyto", "place", "fill", "seterr", "fromfile",
        "test",
    ];
    !LOUD.iter().any(|loud| name.starts_with(loud))
}

/// Whether the library function `path` returns a new container that nobody else refers to.
pub(super) fn fresh_library(path: &str) -> bool {
    path.starts_with("collections.") || (path.starts_with("numpy.") && quiet_library(path))
}

/// Methods that only make a value, whatever object they are called on.
pub(super) fn quiet_method(name: &str) -> bool {
    const NAMES: [&str; 44] = [
        "split",
        "rsplit",
        "splitlines",
        "join",
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "format",
        "copy",
        "keys",
        "values",
        "items",
        "get",
        "replace",
        "encode",
        "decode",
        "resolve",
        "absolute",
        "joinpath",
        "with_suffix",
        "with_name",
        "startswith",
        "endswith",
        "reshape",
        "astype",
        "mean",
        "sum",
        "min",
        "max",
        "tolist",
        "setter",
        "getter",
        "deleter",
        "count",
        "index",
        "union",
        "intersection",
        "difference",
        "fromkeys",
        "expanduser",
    ];
    NAMES.contains(&name)
}

/// Methods that only change the container that they are called on.
pub(super) fn mutator(name: &str) -> bool {
    matches!(
        name,
        "append"
            | "extend"
            | "add"
            | "update"
            | "insert"
            | "setdefault"
            | "pop"
            | "remove"
            | "discard"
            | "clear"
            | "sort"
            | "reverse"
            | "appendleft"
            | "popitem"
            | "extendleft"
    )
}

/// Decorators that only make a new function or class from the given one.
pub(super) fn quiet_decorator(path: &str) -> bool {
    const WHOLE: [&str; 8] =
        ["functools", "dataclasses", "contextlib", "abc", "typing", "typing_extensions", "enum", "numba"];
    let is_ours = ["expops.", "expops_build."].iter().any(|package| path.starts_with(package));
    match path {
        "staticmethod" | "classmethod" | "property" | "attr.s" | "attrs.define" | "attrs.frozen" => true,
        "torch.no_grad" | "torch.inference_mode" => true,
        _ => WHOLE.contains(&path.split('.').next().unwrap_or(path)) || is_ours,
    }
}

const SILENT_LIBRARIES: [&str; 63] = [
    "abc",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "base64",
    "bisect",
    "calendar",
    "cmath",
    "collections",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "expops",
    "expops_build",
    "fractions",
    "functools",
    "gc",
    "glob",
    "gzip",
    "hashlib",
    "heapq",
    "inspect",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "multiprocessing",
    "numbers",
    "numpy",
    "operator",
    "os",
    "pandas",
    "pathlib",
    "pickle",
    "pprint",
    "random",
    "re",
    "scipy",
    "shutil",
    "sklearn",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "types",
    "typing",
    "typing_extensions",
    "unittest",
    "uuid",
    "warnings",
    "matplotlib",
];

/// Whether importing a library has no effect that others might observe. Lists what is imported unused often
/// enough that re-running for it would annoy.
pub(super) fn silent_library(path: &str) -> bool {
    let top = path.split('.').next().unwrap_or(path);
    SILENT_LIBRARIES.contains(&top) && !path.starts_with("sklearn.experimental")
}
