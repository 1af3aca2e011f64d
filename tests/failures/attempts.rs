//! Kinds of failure, further attempts, limits of time.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{outcomes, project, wait_for_lock};
use crate::random::Random;
use crate::space::{Space, TOOLS, Tool, signal, signal_group};

/// How often a word was written into `.ran.log`.
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
      command: 'echo flaky >> .ran.log; echo said; mkdir once 2> /dev/null && exit 3; echo x > {{ outputs.x }}'
      outputs: {x: x.txt}
      retries: 3
    - name: hopeless
      command: 'echo hopeless >> .ran.log; exit 3'
      outputs: {x: x.txt}
      retries: 2
    - name: other
      command: 'echo other >> .ran.log; exit 3'
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
      command: 'echo shell >> .ran.log; exec 9> held; flock -s 9; sleep 600 & sleep 600'
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

/// How long what got a signal may take to end.
const LONGEST_END: Duration = Duration::from_secs(20);

/// Starts a command as the leader of a group, and waits until an attempt at `one` has failed.
fn failing_once(space: &Space, mut command: Command) -> Child {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.process_group(0).spawn().unwrap();
    let end = Instant::now() + LONGEST_END;
    while !space.exists("build/.expops/journal") || outcomes(space, "one").is_empty() {
        assert!(child.try_wait().unwrap().is_none() && Instant::now() < end, "no attempt has failed");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// Waits until a command has ended, which must not have succeeded.
#[track_caller]
fn ends(child: &mut Child, what: &str) {
    let end = Instant::now() + LONGEST_END;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > end => {
                signal_group(child, Signal::KILL);
                child.wait().unwrap();
                panic!("it goes on: {what}");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert!(!status.success(), "{what}");
}

/// A process that fails until there is a file `fixed`.
fn failing(tool: Tool, retries: &str) -> Space {
    let command = "echo one >> .ran.log; test -e fixed && echo x > {{ outputs.x }}";
    let process = format!("    - name: one\n      command: '{command}'\n      outputs: {{x: x.txt}}\n");
    project(tool, "one", &format!("{process}      retries: {retries}\n"), "")
}

#[test]
fn a_build_that_is_ended_while_it_waits_for_another_attempt_ends() {
    for tool in TOOLS {
        for signal in [Signal::INT, Signal::TERM] {
            let space = failing(tool, "{times: 5, wait: 1h}");
            let name = if tool == Tool::Make { "make" } else { "ninja" };
            let mut child = failing_once(&space, space.command(name));
            signal_group(&child, signal);
            ends(&mut child, &format!("{tool:?}, {signal:?}"));
            assert_eq!(count(&space, "one"), 1, "{tool:?}, {signal:?}");
            assert!(!space.exists("build/one/stamp") && !space.exists("build/one/record.json"));
            space.write("fixed", "");
            space.build(tool, &[]).success();
            assert_eq!(space.read("build/one/out/x.txt"), "x\n");
            space.nothing_to_do(tool);
        }
    }
}

#[test]
fn no_moment_between_attempts_swallows_a_signal() {
    let space = failing(Tool::Ninja, "1000000");
    space.run("ninja", &["build/.expops/shared/one/stamp"]).success();
    let mut random = Random(0x51_6A1);
    for round in 0..20 {
        let _ = std::fs::remove_file(space.path("build/.expops/journal"));
        let mut exec = space.command("expops");
        exec.args(["exec", "one"]);
        let mut child = failing_once(&space, exec);
        let delay = Duration::from_micros(random.below(30_000));
        std::thread::sleep(delay);
        let what = [Signal::INT, Signal::TERM, Signal::HUP][round % 3];
        // Not to the group: the attempt that is under way must get it, too.
        signal(&child, what);
        ends(&mut child, &format!("round {round}, {what:?} after {delay:?}"));
        assert!(!space.exists("build/one/stamp"));
    }
}
