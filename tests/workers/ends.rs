//! What a process leaves running, and what ends it.

use super::{build, command, eventually, leftovers, pipeline, signal, space, workers};
use crate::space::Space;

fn sleeper() -> Space {
    let space = space();
    let script = "
import os, subprocess, sys, time
from pathlib import Path

def one():
    child = subprocess.Popen(['sleep', '100'])
    far = subprocess.Popen(['sleep', '100'], start_new_session=True)
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, str(os.getpid()).encode())
            time.sleep(100)
        os._exit(0)
    os.wait()
    farthest = int(os.read(read, 100))
    Path(os.environ['EXPOPS_PROJECT_ROOT'], 'started').write_text(f'{os.getpid()} {child.pid} {far.pid} {farthest}')
    time.sleep(100)
";
    space.write("model.py", script);
    space.write("expops.yaml", pipeline("one", "    - {name: one}\n"));
    space.expops(&["compile"]).success();
    space
}

/// Starts a build, kills who `whom` chooses with `name`, and insists that nothing is left.
#[track_caller]
fn nothing_is_left(name: &str, whom: impl Fn(&Space, u32) -> Vec<u32>) {
    nothing_of_any_is_left(name, true, whom);
}

/// Also of a cold start.
#[track_caller]
fn nothing_of_any_is_left(name: &str, with: bool, whom: impl Fn(&Space, u32) -> Vec<u32>) {
    nothing_is_left_in(&sleeper(), name, with, whom);
}

/// In a project of which one instance says in `started` what it has started.
#[track_caller]
fn nothing_is_left_in(space: &Space, name: &str, with: bool, whom: impl Fn(&Space, u32) -> Vec<u32>) {
    let mut ninja = command(space, "ninja", with);
    std::os::unix::process::CommandExt::process_group(&mut ninja, 0);
    let mut ninja = ninja.env("EXPOPS_WORKER_IDLE", "1").spawn().unwrap();
    eventually("the instance runs", || space.path("started").metadata().is_ok_and(|meta| meta.len() > 2));
    let ids = started(space);
    signal(name, &whom(space, ninja.id()));
    eventually("the child and its child end", || have_ended(&ids));
    eventually("nothing is left", || leftovers(space).iter().all(|(pid, _)| *pid == ninja.id()));
    eventually("the tool ends", || ninja.try_wait().unwrap().is_some());
}

fn started(space: &Space) -> Vec<u32> {
    space.read("started").split_whitespace().map(|id| id.parse().unwrap()).collect()
}

fn have_ended(ids: &[u32]) -> bool {
    ids.iter().all(|id| super::state(*id).is_none_or(|state| state == 'Z'))
}

fn of_command(space: &Space, text: &str) -> Vec<u32> {
    leftovers(space).into_iter().filter(|(_, line)| line.contains(text)).map(|(pid, _)| pid).collect()
}

/// The processes `expops exec`, which run in the space without naming it.
fn execs(space: &Space) -> Vec<u32> {
    of_command(space, "expops exec").into_iter().filter(|pid| !is_shell(*pid)).collect()
}

fn is_shell(pid: u32) -> bool {
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.contains("-c\0")
}

#[test]
fn who_kills_exec_kills_what_it_started() {
    for with in [true, false] {
        nothing_of_any_is_left("KILL", with, |space, _| execs(space));
    }
}

/// The same for a shell command: what has left its session, and what has lost its parent, too.
#[test]
fn who_kills_the_exec_of_a_command_kills_what_that_started() {
    let space = commanded(
        "sleep 100 & a=$!; setsid sleep 100 & b=$!; (setsid sleep 100 & echo $! > far); \
         echo $$ $a $b $(cat far) > $EXPOPS_PROJECT_ROOT/part; mv part started; wait",
    );
    nothing_is_left_in(&space, "KILL", true, |space, _| execs(space));
}

fn commanded(line: &str) -> Space {
    let space = space();
    let process = format!("    - {{name: one, command: '{line}', outputs: {{a: a}}}}\n");
    space.write("expops.yaml", pipeline("one", &process).replace("scripts: {main: model.py}\n", ""));
    space.expops(&["compile"]).success();
    space
}

/// What stands beside a command while it runs holds nothing that anybody waits for, and hears no Ctrl-C.
#[test]
fn an_heir_holds_nothing_of_the_build() {
    let space = commanded("echo $$ > started; sleep 100");
    let mut shell = command(&space, "sh", true);
    let mut ninja = shell.args(["-c", "exec 8> held 9> lock; flock 9; exec ninja"]).spawn().unwrap();
    eventually("the instance runs", || space.path("started").metadata().is_ok_and(|meta| meta.len() > 2));
    let heirs = || of_command(&space, " orphans ");
    eventually("it has an heir", || heirs().len() == 1);
    let heir = heirs()[0];
    let open = |number: u32| std::fs::read_link(format!("/proc/{heir}/fd/{number}"));
    eventually("it waits, with no more than it needs", || (3..10).all(|number| open(number).is_err()));
    let [input, output, errors] = [0, 1, 2].map(|number| open(number).unwrap());
    assert!(input.to_str().unwrap().starts_with("pipe:"), "{}", input.display());
    assert_eq!([output, errors].map(|path| path.display().to_string()), ["/dev/null"; 2]);
    assert_eq!(super::stat(heir).unwrap()[2], heir.to_string());
    signal("TERM", &[ninja.id()]);
    eventually("the tool ends", || ninja.try_wait().unwrap().is_some());
    eventually("nothing is left", || leftovers(&space).is_empty());
}

/// What is left on purpose is left, cold and warm.
#[test]
fn what_a_process_leaves_running_when_it_ends_well_goes_on() {
    let script = "
import os, subprocess
from pathlib import Path

def one():
    left = subprocess.Popen(['sleep', '100'], start_new_session=True)
    Path(os.environ['EXPOPS_PROJECT_ROOT'], 'started').write_text(str(left.pid))
    return {'a': 1}
";
    let of_python = space();
    of_python.write("model.py", script);
    of_python.write("expops.yaml", pipeline("one", "    - {name: one}\n"));
    of_python.expops(&["compile"]).success();
    let of_shell = commanded("setsid sleep 100 & echo $! > started; echo > {{ outputs.a }}");
    for (space, with) in [(&of_python, true), (&of_python, false), (&of_shell, false)] {
        let _ = std::fs::remove_dir_all(space.path("build/one"));
        let _ = std::fs::remove_dir_all(space.path("build/.expops/cache"));
        build(space, with, |_| ()).success();
        std::thread::sleep(std::time::Duration::from_millis(300));
        let ids = started(space);
        assert!(!have_ended(&ids), "{with}");
        signal("KILL", &ids);
    }
}

#[test]
fn who_ends_exec_ends_what_it_started() {
    for (name, with) in [("TERM", true), ("INT", true), ("HUP", true), ("TERM", false), ("INT", false)] {
        nothing_of_any_is_left(name, with, |space, _| execs(space));
    }
}

/// The same when its time is up, which is told by nobody.
#[test]
fn whose_time_is_up_ends_with_what_it_started() {
    for with in [true, false] {
        let space = sleeper();
        let resources = "    - {name: one, resources: {time: 2 s}}\n";
        space.write("expops.yaml", pipeline("one", resources));
        space.expops(&["compile"]).success();
        let ran = build(&space, with, |_| ()).failure();
        assert!(ran.says("longer than its `time`"), "{}", ran.out);
        for id in space.read("started").split(' ').map(|id| id.parse().unwrap()) {
            eventually("it ends", || super::state(id).is_none_or(|state| state == 'Z'));
        }
    }
}

#[test]
fn control_c_ends_everything() {
    nothing_is_left("INT", |space, ninja| [vec![ninja], of_command(space, "expops exec")].concat());
}

#[test]
fn who_kills_the_whole_build_leaves_nothing() {
    nothing_is_left("KILL", |space, ninja| [vec![ninja], of_command(space, "expops exec")].concat());
}

/// A child holds what its worker had open when it was forked, the connections of others among them: closing one in the
/// worker did not end its events once, and they came under the number of a newer connection, whose child was killed.
#[test]
fn who_kills_one_exec_leaves_the_others_and_those_that_come_after_it_alone() {
    let space = space();
    let script = "
import os, time
from pathlib import Path

def waits(name):
    root = Path(os.environ['EXPOPS_PROJECT_ROOT'])
    root.joinpath(f'started-{name}').touch()
    print('ran')
    end = time.monotonic() + 60
    while not root.joinpath('go').exists() and time.monotonic() < end:
        time.sleep(0.02)
    return {'name': name}
";
    space.write("model.py", script);
    let names = ["a", "b", "c", "d", "e"];
    let process =
        |name: &&str| format!("    - {{name: {name}, code: waits, parameters: {{name: {name}}}}}\n");
    space.write("expops.yaml", pipeline(&names.join("\n"), &names.iter().map(process).collect::<String>()));
    space.expops(&["compile"]).success();
    let mut ninja = command(&space, "ninja", true);
    let mut ninja = ninja.args(["-j4", "-k0"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let started = || names.iter().filter(|name| space.exists(&format!("started-{name}"))).count();
    eventually("four run", || started() == 4);
    let first = *names.iter().find(|name| space.exists(&format!("started-{name}"))).unwrap();
    let of = |name: &str| execs(&space).into_iter().find(|pid| is_of(*pid, name)).unwrap();
    signal("KILL", &[of(first)]);
    eventually("the fifth runs", || started() == 5);
    std::thread::sleep(std::time::Duration::from_millis(600));
    space.write("go", "");
    eventually("the tool ends", || ninja.try_wait().unwrap().is_some());
    for name in names.into_iter().filter(|name| *name != first) {
        assert_eq!(space.read(&format!("build/{name}/log")), "ran\n", "{name}");
        assert!(space.exists(&format!("build/{name}/stamp")), "{name}");
    }
    assert!(!space.exists(&format!("build/{first}/stamp")), "{first}");
}

/// Whether a process is `expops exec NAME`.
fn is_of(pid: u32, name: &str) -> bool {
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.trim_end_matches('\0').ends_with(&format!("exec\0{name}"))
}

#[test]
fn a_worker_that_is_killed_costs_a_cold_start() {
    let space = space();
    let script = "
import os, signal, sys
from pathlib import Path

def one():
    print('it runs')
    Path('half').touch()
    if '--worker' in Path(f'/proc/{os.getpid()}/cmdline').read_text():
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()
    return {'files': sorted(os.listdir('.'))}
";
    space.write("model.py", script);
    space.write("expops.yaml", pipeline("one", "    - {name: one}\n"));
    space.expops(&["compile"]).success();
    build(&space, true, |_| ()).success();
    let log = space.read("build/one/log");
    assert_eq!(log, "expops: no worker: it died; Python is started anew\nit runs\n");
    eventually("nothing is left", || leftovers(&space).is_empty());
}

/// Whoever kills a worker kills what its children have started, in whatever session: `exec` does it.
#[test]
fn who_kills_a_worker_kills_what_its_children_started() {
    let space = sleeper();
    let mut ninja = command(&space, "ninja", true).spawn().unwrap();
    eventually("the instance runs", || space.path("started").metadata().is_ok_and(|meta| meta.len() > 2));
    let first = started(&space);
    signal("KILL", &workers(&space));
    eventually("what it has started ends", || have_ended(&first));
    eventually("it is started anew", || started(&space).len() == 4 && started(&space) != first);
    let second = started(&space);
    signal("KILL", &execs(&space));
    eventually("what was started anew ends", || have_ended(&second));
    eventually("the tool ends", || ninja.try_wait().unwrap().is_some());
}

/// Where all are killed who could do it, the next build does it.
#[test]
fn what_nobody_could_end_is_ended_by_the_next_build() {
    let space = sleeper();
    let mut ninja = command(&space, "ninja", true).spawn().unwrap();
    eventually("the instance runs", || space.path("started").metadata().is_ok_and(|meta| meta.len() > 2));
    let first = started(&space);
    signal("KILL", &[vec![ninja.id()], execs(&space), workers(&space)].concat());
    ninja.wait().unwrap();
    space.write("model.py", "def one():\n    return {'a': 1}\n");
    space.expops(&["compile"]).success();
    build(&space, true, |_| ()).success();
    assert!(have_ended(&first), "{first:?}");
}

#[test]
fn a_worker_that_hangs_costs_a_cold_start() {
    let space = space();
    space.write("model.py", "def one():\n    return {'a': 1}\ndef two(a):\n    return {'b': a + 1}\n");
    space.write("expops.yaml", pipeline("one two", "    - {name: one}\n    - {name: two}\n"));
    space.expops(&["compile"]).success();
    build(&space, true, |ninja| {
        ninja.arg("one").env("EXPOPS_WORKER_IDLE", "100");
    })
    .success();
    let stopped = workers(&space);
    signal("STOP", &stopped);
    build(&space, true, |ninja| {
        ninja.env("EXPOPS_WORKER_WAIT", "1");
    })
    .success();
    assert_eq!(
        space.read("build/two/log"),
        "expops: no worker: it does not answer; Python is started anew\n"
    );
    assert_eq!(space.read("build/two/out/b.json").trim(), "2");
    eventually("the worker is killed", || workers(&space).is_empty());
}

#[test]
fn a_worker_that_cannot_start_costs_a_cold_start() {
    let space = space();
    space.write("model.py", "def one():\n    return {'a': 1}\n");
    space.write("expops.yaml", pipeline("one", "    - {name: one}\n"));
    space.write(
        "tools/bin/python3",
        "#!/bin/sh\ncase \"$*\" in *--worker*) exit 3;; esac\nPATH=${PATH#*:} exec python3 \"$@\"\n",
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(space.path("tools/bin/python3"), mode).unwrap();
    space.expops(&["compile", "--python", "tools/bin/python3"]).success();
    build(&space, true, |_| ()).success();
    let log = space.read("build/one/log");
    assert!(
        log.starts_with("expops: no worker: it did not start: see `") && log.lines().count() == 1,
        "{log}"
    );
}
