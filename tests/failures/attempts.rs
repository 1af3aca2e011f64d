//! Kinds of failure, further attempts, limits of time.

use super::{outcomes, project, wait_for_lock};
use crate::space::{Space, TOOLS, Tool};

/// How often a word was written into `ran.log`.
fn count(space: &Space, word: &str) -> usize {
    space.logged().iter().filter(|line| *line == word).count()
}

const FAILING: &str = "    - {name: raised}
    - {name: exits}
    - {name: no_memory}
    - {name: killed}
    - {name: nothing}
    - {name: shell_exit, command: 'exit 3', outputs: {a: a.txt}}
    - {name: shell_memory, command: 'exit 137', outputs: {a: a.txt}}
    - {name: shell_signal, command: 'kill -11 $$', outputs: {a: a.txt}}
    - {name: shell_nothing, command: 'true', outputs: {a: a.txt}}
";

#[test]
fn every_way_to_fail_has_its_kind() {
    let script = "
def raised():
    raise ValueError('no')

def exits():
    sys.exit(3)

def no_memory():
    raise MemoryError

def killed():
    os.kill(os.getpid(), 9)

def nothing():
    os._exit(0)
";
    let names =
        "raised\nexits\nno_memory\nkilled\nnothing\nshell_exit\nshell_memory\nshell_signal\nshell_nothing";
    let space = project(Tool::Ninja, names, FAILING, script);
    space.build(Tool::Ninja, &["-k", "0"]).failure();
    let kinds = [
        ("raised", "raised"),
        ("exits", "exit"),
        ("no_memory", "out_of_memory"),
        ("killed", "out_of_memory"),
        ("nothing", "no_result"),
        ("shell_exit", "exit"),
        ("shell_memory", "out_of_memory"),
        ("shell_signal", "signal"),
        ("shell_nothing", "no_result"),
    ];
    for (instance, kind) in kinds {
        assert_eq!(outcomes(&space, instance), [kind], "{instance}");
    }
}

#[test]
fn what_failed_is_tried_again_as_often_as_it_says_and_after_what_it_says() {
    let processes = "    - name: flaky
      command: 'echo flaky >> ran.log; echo said; mkdir once 2> /dev/null && exit 3; echo x > {{ outputs.x }}'
      outputs: {x: x.txt}
      retries: 3
    - name: hopeless
      command: 'echo hopeless >> ran.log; exit 3'
      outputs: {x: x.txt}
      retries: 2
    - name: other
      command: 'echo other >> ran.log; exit 3'
      outputs: {x: x.txt}
      retries: {times: 2, on: [timeout, raised]}
    - name: python
      retries: {times: 1, on: [raised], wait: 1s}
";
    let script = "
def python():
    ran('python')
    open('left', 'w').close()
    assert os.listdir() == ['left']
    try:
        os.mkdir(ROOT + '/python_once')
    except FileExistsError:
        return {'x': 1}
    raise ValueError('the first time')
";
    for tool in TOOLS {
        let space = project(tool, "flaky\nhopeless\nother\npython", processes, script);
        space
            .build(tool, &["-k"].into_iter().chain((tool == Tool::Ninja).then_some("0")).collect::<Vec<_>>())
            .failure();
        let counts = ["flaky", "hopeless", "other", "python"].map(|name| count(&space, name));
        assert_eq!(counts, [2, 3, 1, 2], "{tool:?}");
        assert_eq!(outcomes(&space, "flaky"), ["exit", "ran"]);
        assert_eq!(outcomes(&space, "hopeless"), ["exit", "exit", "exit"]);
        assert_eq!(outcomes(&space, "python"), ["raised", "ran"]);
        let log = space.read("build/flaky/log");
        assert_eq!(log, "expops: attempt 1\nsaid\nexpops: attempt 2\nsaid\n");
        assert_eq!(space.read("build/flaky/out/x.txt"), "x\n");
        assert!(space.read("build/python/log").contains("the first time"));
    }
}

#[test]
fn what_takes_too_long_is_ended_with_all_that_it_started() {
    let processes = "    - name: shell
      command: 'echo shell >> ran.log; exec 9> held; flock -s 9; sleep 600 & sleep 600'
      outputs: {x: x.txt}
      resources: {time: [1s, 2s]}
      retries: {times: 1, on: [timeout]}
    - name: python
      resources: {time: 1s}
    - name: quick
      resources: {time: 1h}
";
    let script = "
def python():
    import fcntl, subprocess
    held = open(ROOT + '/held', 'a')
    fcntl.flock(held, fcntl.LOCK_SH)
    os.set_inheritable(held.fileno(), True)
    subprocess.run(['sleep', '600'], close_fds=False)

def quick():
    return {'x': 1}
";
    for workers in ["0", "1"] {
        let space = project(Tool::Ninja, "shell\npython\nquick", processes, script);
        let output = space.command("ninja").args(["-k", "0", "-j3"]).env("EXPOPS_WORKERS", workers).output();
        let ran: crate::space::Ran = output.unwrap().into();
        let ran = ran.failure();
        assert!(ran.says("python: it took longer than its `time` of 1 s, and was ended"), "{}", ran.out);
        assert!(ran.says("shell: it took longer than its `time` of 2 s, and was ended"), "{}", ran.out);
        assert_eq!(outcomes(&space, "shell"), ["timeout", "timeout"]);
        assert_eq!(outcomes(&space, "python"), ["timeout"]);
        assert_eq!(outcomes(&space, "quick"), ["ran"]);
        wait_for_lock(&space.path("held"));
    }
}
