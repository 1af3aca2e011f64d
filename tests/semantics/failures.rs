//! What a person sees when the code fails.

use super::{assert_says, assert_silent_of, failed, project};

#[test]
fn a_traceback_has_the_users_frames_the_label_and_the_log() {
    let space = project(
        "rows fit",
        "[{name: rows, data_parallelism: {size: 2}}, {name: fit}]",
        "
@process()
def rows():
    return [1, 0]

@step()
def divide(x):
    return 1 / x

@process()
def fit(data):
    print('about to divide')
    return {'y': divide(data[0])}
",
    );
    let ran = failed(&space);
    let said = format!("{}{}", ran.out, ran.err);
    let expected = format!(
        "error: fit p2: ZeroDivisionError: division by zero
  --> expops.yaml:8:56
  Traceback (most recent call last):
    File \"{0}\", line 17, in fit
      return {{'y': divide(data[0])}}
",
        std::fs::canonicalize(space.path("src/main.py")).unwrap().display()
    );
    assert!(said.contains(&expected), "{said}");
    assert_says(&ran, &["in divide", "  log: build/fit/p2/log"]);
    assert_silent_of(&ran, &["_driver", "_decorate", "_run.py", "_metrics.py", ".expops/python", "fit p1:"]);
    assert_eq!(said.matches("ZeroDivisionError").count(), 1, "{said}");
    let log = space.read("build/fit/p2/log");
    assert!(log.starts_with("about to divide\n") && log.contains("ZeroDivisionError"), "{log}");
    assert!(!log.contains(".expops/python"), "{log}");
    assert!(space.exists("build/fit/p1/stamp") && !space.exists("build/fit/p2/stamp"));
}

#[test]
fn every_way_to_fail_is_told_in_one_sentence() {
    let space = project(
        "exits\ndies\nimports\nraises\nthread",
        "[{name: exits}, {name: dies}, {name: imports}, {name: raises}, {name: thread}]",
        "
def exits():
    sys.exit(3)

def dies():
    print('last words', flush=True)
    os.kill(os.getpid(), 9)

def imports():
    import no_such_module_here

def raises():
    try:
        int('x')
    except ValueError as error:
        raise RuntimeError('two\\nlines') from error

def thread():
    import json
    json.loads('{')
",
    );
    let ran = failed(&space);
    assert_says(
        &ran,
        &[
            "exits: the code called sys.exit(3) before it returned",
            "dies: Python ended without a result: killed by signal 9",
            "last words",
            "imports: ModuleNotFoundError: No module named 'no_such_module_here'",
            "raises: RuntimeError: two",
            "lines",
            "invalid literal for int()",
            "thread: JSONDecodeError",
        ],
    );
    assert_silent_of(&ran, &["json/decoder.py", ".expops/python", "frozen importlib"]);
    assert!(space.read("build/thread/log").contains("json"), "the log has the libraries' frames");
}
