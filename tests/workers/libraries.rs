//! What libraries do when they are imported, and what becomes of them: a library of a name that a worker imports
//! ahead, which does it.

use std::collections::BTreeSet;

use super::{build, pipeline, same, space, unbuild, workers};
use crate::space::Space;

/// A project whose three instances import a library `scipy`, which lies on `PYTHONPATH` and notes in which process it
/// is imported.
fn project(library: &str, script: &str) -> Project {
    let (space, lib) = (space(), Space::new());
    lib.write("scipy/__init__.py", format!("{NOTE}\n{library}\n"));
    space.write("model.py", script);
    let processes = "    - {name: one}\n    - {name: two}\n    - {name: three}\n";
    space.write("expops.yaml", pipeline("one\ntwo\nthree", processes));
    Project { space, lib }
}

/// A project, and a library that lies elsewhere: what lies in the project is its own code.
struct Project {
    space: Space,
    lib: Space,
}

const NOTE: &str = "
import os as _os
with open(_os.path.join(_os.path.dirname(__file__), '..', 'imports'), 'a') as _file:
    _file.write(f'{_os.getpid()} {_os.getsid(0)}\\n')
";

/// Three processes that do the same.
fn thrice(head: &str, body: &str) -> String {
    format!("{head}\n{}", ["one", "two", "three"].map(|name| function(name, body)).concat())
}

fn function(name: &str, body: &str) -> String {
    format!("\ndef {name}():\n    {}\n", body.replace('\n', "\n    "))
}

fn with_library(project: &Project) -> impl Fn(&mut std::process::Command) {
    let path = project.lib.path(".");
    move |ninja| {
        ninja.env("PYTHONPATH", &path).arg("-j1");
    }
}

/// In how many workers and in how many other processes the library was imported.
fn imports(project: &Project) -> (usize, usize) {
    let found = std::fs::read_to_string(project.lib.path("imports")).unwrap_or_default();
    let all: BTreeSet<_> = found.lines().map(|line| line.split_once(' ').unwrap()).collect();
    // A worker leads its session.
    let workers = all.iter().filter(|(process, session)| process == session).count();
    (workers, all.len() - workers)
}

/// Builds cold and warm with a library; returns whether the library was imported ahead.
#[track_caller]
fn is_ahead(library: &str, head: &str, body: &str) -> bool {
    let project = project(library, &format!("{head}\n{}", function("one", body)));
    project.space.write("expops.yaml", pipeline("one", "    - {name: one}\n"));
    same(&project.space, with_library(&project));
    // A cold start; then once in the worker, or in the child, where the worker has tried in vain or has not tried.
    match imports(&project) {
        (1, 1) => true,
        (0 | 1, 2) => false,
        other => panic!("{other:?} imports"),
    }
}

const PRINT: &str =
    "print(random.random(), dict(os.environ), warnings.filters, sorted(sys.modules))\nreturn {'a': 1}";
const HEAD: &str = "import os, random, sys, warnings\nimport scipy";

#[test]
fn a_quiet_library_is_imported_ahead() {
    assert!(is_ahead("x = 1", HEAD, PRINT));
}

#[test]
fn what_it_sets_is_set_when_it_is_asked_for() {
    let library = "
import os, warnings, atexit, logging, decimal
os.environ.setdefault('SCIPY_SAYS', 'a')
os.environ['SCIPY_INSISTS'] = 'b'
warnings.filterwarnings('ignore', 'this')
atexit.register(logging.shutdown)
warnings.warn('old', FutureWarning)
warnings.warn('older', DeprecationWarning)
";
    assert!(is_ahead(library, HEAD, PRINT));
    // Filters of the user's come before or after those of the library, as they are written.
    assert!(is_ahead(
        library,
        "import os, random, sys, warnings\nwarnings.simplefilter('error')\nwarnings.simplefilter('ignore')\nimport scipy",
        PRINT
    ));
    assert!(is_ahead(
        library,
        "import os, random, sys, warnings\nwarnings.simplefilter('always')\nimport scipy",
        PRINT
    ));
    assert!(is_ahead(
        library,
        "import os, random, sys, warnings",
        &format!("print(sorted(sys.modules))\nimport scipy\n{PRINT}")
    ));
}

/// As `six` does, which dateutil imports, and so pandas.
#[test]
fn its_finder_is_there_when_it_is_asked_for() {
    let library = "
import importlib.machinery, importlib.util, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == 'scipy.late':
            return importlib.util.spec_from_loader(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        module.found = 1
sys.meta_path.append(Finder())
";
    let kinds = "[type(one).__name__ for one in getattr(sys, 'meta' + '_path') if type(one).__name__ != '_AfterImport']";
    let late = format!("from scipy.late import found\nprint(found, {kinds})\n{PRINT}");
    assert!(is_ahead(library, HEAD, &late));
    let head = "import os, random, sys, warnings";
    assert!(is_ahead(library, head, &format!("print({kinds})\nimport scipy\n{late}")));
    let first = library.replace(".append(", ".insert(0, ");
    assert!(!is_ahead(&first, HEAD, &late), "one that comes before Python's own");
}

#[test]
fn a_library_that_does_more_is_imported_in_the_child() {
    let libraries = [
        ("it prints", "print('hello')"),
        ("it prints by itself", "import os\nos.write(2, b'hello')"),
        ("it draws", "import random\nrandom.random()"),
        ("it draws with NumPy", "import numpy\nnumpy.random.rand()"),
        ("it seeds", "import random\nrandom.seed(3)"),
        (
            "it has a thread",
            "import threading, time\nthreading.Thread(target=time.sleep, args=[100], daemon=True).start()",
        ),
        ("it has a child", "import subprocess\nchild = subprocess.Popen(['sleep', '5'])"),
        ("it has a file open", "file = open(__file__)"),
        ("it catches a signal", "import signal\nsignal.signal(signal.SIGUSR1, print)"),
        ("it moves", "import os\nos.chdir('/')"),
        ("it sets the umask", "import os\nos.umask(0o77)"),
        ("it logs", "import logging\nlogging.basicConfig()"),
        (
            "it cleans up at exit",
            "import atexit, shutil\natexit.register(shutil.rmtree, '/nowhere/at/all', True)",
        ),
        (
            "it cannot be imported",
            "if __import__('sys').argv[1:2] == ['never']: pass\nraise ImportError('broken')",
        ),
        ("it forgets filters", "import warnings\nwarnings.resetwarnings()"),
    ];
    for (what, library) in libraries {
        let head = "import os, random, sys, warnings\ntry:\n    import scipy\nexcept ImportError as error:\n    print(error)";
        assert!(!is_ahead(library, head, PRINT), "{what}");
    }
}

#[test]
fn a_library_that_is_edited_is_imported_again() {
    let project =
        project("version = 'old'", &thrice("import scipy, time", "return {'version': scipy.version}"));
    project.space.expops(&["compile"]).success();
    let builds = |version: &str| {
        unbuild(&project.space);
        build(&project.space, true, with_library(&project)).success();
        for name in ["one", "two", "three"] {
            assert_eq!(
                project.space.read(&format!("build/{name}/out/version.json")).trim(),
                format!("\"{version}\"")
            );
        }
    };
    builds("old");
    for version in ["new", "odd", "old"] {
        // The same length, and with luck the same tick.
        let text = std::fs::read_to_string(project.lib.path("scipy/__init__.py")).unwrap();
        let at = text.find("version = '").unwrap() + "version = '".len();
        std::fs::write(
            project.lib.path("scipy/__init__.py"),
            format!("{}{version}{}", &text[..at], &text[at + 3..]),
        )
        .unwrap();
        builds(version);
    }
}

#[test]
fn a_module_of_the_projects_own_comes_first() {
    let script = thrice(
        "import scipy\nimport decimal",
        "return {'whose': [scipy.whose, getattr(decimal, 'whose', 'python')]}",
    );
    let project = project("import decimal\nwhose = 'library'", &script);
    same(&project.space, with_library(&project));
    project.space.write("scipy.py", "whose = 'project'\n");
    same(&project.space, with_library(&project));
    assert!(project.space.read("build/one/out/whose.json").contains("project"));
    std::fs::remove_file(project.space.path("scipy.py")).unwrap();
    project.space.write("decimal.py", "whose = 'project'\n");
    let results = same(&project.space, with_library(&project));
    assert!(results["one/out/whose.json"].contains("project"), "{}", results["one/out/whose.json"]);
}

#[test]
fn code_that_sets_the_environment_has_nothing_imported_before_it() {
    let library = "import os\nsetting = os.environ.get('SETTING', 'none')";
    let head = "import os, random, sys, warnings\nos.environ['SETTING'] = 'mine'\nimport scipy";
    assert!(!is_ahead(library, head, "return {'setting': scipy.setting}"));
}

/// A package that does for the project what the project's own text does not show.
const STEERS: &str = "
import locale, os, sys, warnings
def environment():
    os.environ['SETTING'] = 'mine'
def folder():
    os.chdir('elsewhere')
def path():
    sys.path.insert(0, 'elsewhere')
def filters():
    warnings.simplefilter('error')
def language():
    locale.setlocale(locale.LC_ALL, 'C.UTF-8')
def modules():
    sys.modules['scipy.inner'] = type(sys)('scipy.inner')
    sys.modules['scipy.inner'].whose = 'nobody'
def finders():
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == 'scipy.inner':
                raise ImportError('not today')
    sys.meta_path.insert(0, Finder())
def harmless():
    sys.path.append('nothing')
    warnings.simplefilter('ignore')
    os.environ['PATH'] = os.environ['PATH']
    os.environ['_RJEM_MALLOC_CONF'] = 'dirty_decay_ms:500'
";

/// Builds three instances cold and warm; returns how many imported the library in an interpreter of their own.
#[track_caller]
fn steered(what: &str, late: bool) -> usize {
    let library = "import os, warnings, locale
setting = os.environ.get('SETTING', 'none'), os.getcwd().endswith('elsewhere'), locale.setlocale(locale.LC_ALL)
warnings.warn('old', UserWarning)
from scipy import inner
setting = *setting, inner.whose";
    let project = project(library, "");
    project.lib.write("imports", "");
    project.lib.write("scipy/inner.py", "whose = 'library'");
    project.lib.write("package_that_steers/__init__.py", STEERS);
    let call = format!(
        "import os, sys
print('at first')
os.mkdir('elsewhere')
open('elsewhere/scipy.py', 'w').write('whose = setting = 1')
package_that_steers.{what}()"
    );
    let scipy = "\ntry:\n    import scipy\n    print(scipy)\nexcept Exception as error:\n    print(error)\n";
    let body =
        "print(sys.path, sys.modules['scipy'])\nreturn {'a': getattr(sys.modules['scipy'], 'setting', None)}";
    let head = "import package_that_steers, sys";
    let script = match late {
        true => thrice(head, &format!("{call}\nprint('late'){scipy}{body}\n")),
        false => thrice(&format!("{head}\n{call}{scipy}"), body),
    };
    project.space.write("model.py", script);
    let results = same(&project.space, with_library(&project));
    assert!(results["one/log"].starts_with("at first\n"), "{}", results["one/log"]);
    imports(&project).1
}

#[test]
fn what_a_package_sets_before_a_library_is_imported_counts() {
    for what in ["environment", "folder", "path", "filters", "language", "modules", "finders"] {
        // Where another one takes its place it is not imported at all.
        let expected = if what == "path" { 0 } else { 6 };
        for late in [false, true] {
            assert_eq!(steered(what, late), expected, "{what} {late}");
        }
    }
    assert_eq!(steered("harmless", false), 3);
}

#[test]
fn another_environment_is_another_worker() {
    let project = project(
        "import os\nsetting = os.environ.get('SETTING', 'none')",
        &thrice("import scipy", "return {'a': scipy.setting}"),
    );
    project.space.expops(&["compile"]).success();
    let builds = |name: &str, value: &str, expected: &str| {
        unbuild(&project.space);
        let edit = with_library(&project);
        build(&project.space, true, |ninja| {
            edit(ninja);
            ninja.env("EXPOPS_WORKER_IDLE", "100").env(name, value);
        })
        .success();
        assert_eq!(project.space.read("build/one/out/a.json").trim(), format!("\"{expected}\""));
        workers(&project.space)
    };
    let first = builds("SETTING", "one", "one");
    assert_eq!(builds("EXPOPS_X", "1", "none").len(), 2);
    assert_eq!(builds("SETTING", "two", "two").len(), 3);
    let again = builds("SETTING", "one", "one");
    assert!(again.len() == 3 && again.contains(&first[0]), "{again:?} {first:?}");
    super::signal("TERM", &again);
}

/// Settings that a library reads when it is imported: the next child must see those of now, while the worker lives.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_worker_is_another_one_when_its_libraries_would_read_something_else() {
    let library = "SETTING = open(_os.path.join(_os.path.dirname(__file__), '..', 'settings')).read()";
    let project =
        project(library, &format!("import scipy\n{}", function("one", "return {'a': scipy.SETTING}")));
    project.space.write("expops.yaml", pipeline("one", "    - {name: one}\n"));
    project.space.expops(&["compile"]).success();
    for setting in ["1", "2"] {
        project.lib.write("settings", setting);
        let ran = build(&project.space, true, with_library(&project)).success();
        assert!(!ran.says("changed while it ran"), "{}", ran.out);
        assert_eq!(project.space.read("build/one/out/a.json"), format!("\"{setting}\""));
    }
    assert_eq!(imports(&project), (2, 0));
}

/// What a worker that ends leaves behind is nothing.
#[test]
fn a_worker_that_ends_removes_its_files() {
    let private = Space::new();
    std::fs::set_permissions(private.path("."), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let project = project("", &thrice("import scipy", "return {'a': 1}"));
    project.space.expops(&["compile"]).success();
    let edit = |ninja: &mut std::process::Command| {
        with_library(&project)(ninja);
        ninja.env("XDG_RUNTIME_DIR", private.path(".")).env("EXPOPS_WORKER_IDLE", "1");
    };
    build(&project.space, true, edit).success();
    let left = || -> Vec<String> {
        let tree = private.tree(".").into_keys();
        tree.filter(|name| ![".so", "lock"].iter().any(|end| name.ends_with(end))).collect()
    };
    let start = std::time::Instant::now();
    while !left().is_empty() && start.elapsed().as_secs() < 30 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(left(), [""; 0]);
}
