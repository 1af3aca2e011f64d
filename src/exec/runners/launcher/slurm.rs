//! Slurm: a step inside an allocation, a job outside one. Both use `srun`, which stays until the task has ended.

use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::order::{Need, Order};
use crate::settings::FailureKind;

/// Makes `srun` behave like the command that it starts.
const QUIET: [&str; 6] =
    ["--quiet", "--quit-on-interrupt", "--kill-on-bad-exit=1", "--input=none", "--nodes=1", "--ntasks=1"];

/// Variables by which an allocation or an outer step describes itself; an inner `srun` would take them for its own.
const INHERITED: [&str; 12] = [
    "SLURM_MEM_PER_CPU",
    "SLURM_MEM_PER_NODE",
    "SLURM_MEM_PER_GPU",
    "SLURM_CPUS_PER_TASK",
    "SLURM_NTASKS_PER_NODE",
    "SLURM_TRES_PER_TASK",
    "SLURM_CPU_BIND",
    "SLURM_CPU_BIND_LIST",
    "SLURM_CPU_BIND_TYPE",
    "SLURM_CPU_BIND_VERBOSE",
    "SLURM_DISTRIBUTION",
    "SLURM_STEP_GPUS",
];

/// Slurm counts in minutes, and checks the time twice a minute: the task itself keeps to its `time`, this is for one
/// that cannot.
const SPARE_MINUTES: u64 = 2;

/// How long, and how often, to try to remove a job from the queue.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// The states of a job whose task may not have begun, and how long to pause at most before the next look at it, in the
/// unit of the first pause: a job may wait for days.
const WAITING: [&str; 7] =
    ["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESIZING", "SUSPENDED"];
const MOST_PAUSES: u32 = 8;

/// Words that `srun` and a node print when they end a task, in lower case, and what they mean.
const WORDS: [(&str, FailureKind); 19] = [
    ("due to time limit", FailureKind::Timeout),
    ("oom-kill", FailureKind::OutOfMemory),
    ("oom kill", FailureKind::OutOfMemory),
    ("out of memory", FailureKind::OutOfMemory),
    ("out-of-memory", FailureKind::OutOfMemory),
    ("exceeded memory limit", FailureKind::OutOfMemory),
    ("exceeded job memory limit", FailureKind::OutOfMemory),
    ("exceeded step memory limit", FailureKind::OutOfMemory),
    ("node failure", FailureKind::Lost),
    ("due to preemption", FailureKind::Lost),
    ("communication connection failure", FailureKind::Lost),
    ("unable to contact", FailureKind::Lost),
    ("socket timed out", FailureKind::Lost),
    ("zero bytes were transmitted", FailureKind::Lost),
    ("has been revoked", FailureKind::Lost),
    ("job/step already completing or completed", FailureKind::Lost),
    ("*** step", FailureKind::Lost),
    ("*** job", FailureKind::Lost),
    ("job step aborted", FailureKind::Lost),
];

/// The command that starts the task.
pub(super) fn command(options: &[String], order: &Order) -> Command {
    let is_inside = is_inside();
    let mut command = Command::new("srun");
    command.args(QUIET).args(words(&order.need)).arg(format!("--job-name={}", order.name));
    if is_inside {
        // Without `--exact` a step takes all cores of its node, without `--mem` all its memory.
        command.arg("--exact");
        let is_said = options.iter().any(|option| option.starts_with("--mem"));
        let share = || if is_said { None } else { share(order.need.cpus) };
        let memory = order.need.memory.or_else(share);
        memory.map(|memory| command.arg(format!("--mem={memory}M")));
    } else {
        order.need.memory.map(|memory| command.arg(format!("--mem={memory}M")));
    }
    for name in INHERITED {
        command.env_remove(name);
    }
    command.args(options).arg("--").args(order.words());
    command
}

fn is_inside() -> bool {
    std::env::var_os("SLURM_JOB_ID").is_some()
}

fn words(need: &Need) -> Vec<String> {
    let time = need.time.map(|time| format!("--time={}", time.div_ceil(60) + SPARE_MINUTES));
    let gpus = need.gpus.filter(|&gpus| gpus > 0).map(|gpus| format!("--gres=gpu:{gpus}"));
    [Some(format!("--cpus-per-task={}", need.cpus)), time, gpus].into_iter().flatten().collect()
}

/// The share of an allocation's memory that goes with this many of its cores, in megabytes.
fn share(cpus: u32) -> Option<u64> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let all = number("SLURM_MEM_PER_NODE").zip(number("SLURM_CPUS_ON_NODE"));
    let of_node = || all.filter(|(_, cores)| *cores > 0).map(|(memory, cores)| memory / cores);
    let each = number("SLURM_MEM_PER_CPU").or_else(of_node).or_else(asked)?;
    (each > 0).then(|| each * u64::from(cpus))
}

/// The memory for each core of the allocation, from the controller: the configuration may set it without a trace in the
/// environment.
fn asked() -> Option<u64> {
    let job = std::env::var("SLURM_JOB_ID").ok()?;
    let said = said(Command::new("scontrol").args(["--oneliner", "show", "job", &job]))?;
    let field = |name: &str| said.split_whitespace().find_map(|word| word.strip_prefix(name));
    let megabytes = |text: &str| {
        let (number, unit) =
            text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
        let number: f64 = number.parse().ok()?;
        let factor = match unit {
            "K" => 1.0 / 1024.0,
            "G" => 1024.0,
            "T" => 1024.0 * 1024.0,
            _ => 1.0,
        };
        Some((number * factor) as u64)
    };
    field("MinMemoryCPU=").and_then(megabytes).or_else(|| {
        let tres = field("TRES=").or_else(|| field("AllocTRES="))?;
        let of = |name: &str| tres.split(',').find_map(|one| one.strip_prefix(name));
        Some(megabytes(of("mem=")?)? / of("cpu=")?.parse::<u64>().ok().filter(|&cpus| cpus > 0)?)
    })
}

/// Cleans up after an `srun` that has ended without its task: removes all of it from the queue, and returns how it
/// failed, if that is known. An `srun` that was refused what it asked for, or cannot start the task, knows no kind.
pub(super) fn settle(text: &str, status: ExitStatus, order: &Order) -> Option<FailureKind> {
    // Old versions end with 0 when a node is lost.
    let kind = why(text, order).or(status.success().then_some(FailureKind::Lost));
    let start = Instant::now();
    // The controller may be away for a moment: `srun` may have ended without it.
    while !is_inside() && !is_out_of_the_queue(order) && start.elapsed() < PATIENCE {
        let _ = said(Command::new("scancel").args(["--quiet", &format!("--name={}", order.name)]));
        thread::sleep(PAUSE);
    }
    kind
}

/// Waits until `srun` waits for nothing: its job is gone, or has its nodes and runs nothing on them. An answer of the
/// controller that was lost when that was started again does that, and `srun` never asks again.
pub(super) fn wait_until_forgotten(order: &Order) {
    let pause = Duration::from_secs(order.patience);
    let (mut before, mut pauses) = (false, 1);
    while !is_inside() && !order.has_begun() {
        thread::sleep(pause * pauses);
        let is_forgotten = match states(order) {
            Some(states) => !states.iter().any(|state| WAITING.contains(&state.as_str())),
            None => false,
        };
        if is_forgotten && before && !order.has_begun() {
            return;
        }
        (before, pauses) = (is_forgotten, if is_forgotten { 1 } else { MOST_PAUSES.min(pauses * 2) });
    }
    // It is somebody else's turn to end it.
    loop {
        thread::park();
    }
}

/// The states of its job, if the controller answers: none if there is no such job.
fn states(order: &Order) -> Option<Vec<String>> {
    let name = format!("--name={}", order.name);
    let said = said(Command::new("squeue").args(["--noheader", "--states=all", "--format=%T", &name]))?;
    Some(said.split_whitespace().map(str::to_owned).collect())
}

fn is_out_of_the_queue(order: &Order) -> bool {
    let name = format!("--name={}", order.name);
    said(Command::new("squeue").args(["--noheader", "--format=%i", &name]))
        .is_some_and(|jobs| jobs.is_empty())
}

/// How a task without a complete result failed, by what was printed and by what became of its job.
fn why(text: &str, order: &Order) -> Option<FailureKind> {
    let text = text.to_lowercase();
    let found = WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| *kind);
    match found {
        Some(FailureKind::Lost) | None => state(order).or(found),
        known => known,
    }
}

/// How the job was ended, if it did not end by itself; Slurm knows that for some minutes.
fn state(order: &Order) -> Option<FailureKind> {
    if is_inside() {
        return None;
    }
    match states(order)?.first()?.as_str() {
        "TIMEOUT" | "DEADLINE" => Some(FailureKind::Timeout),
        "OUT_OF_MEMORY" => Some(FailureKind::OutOfMemory),
        "NODE_FAIL" | "BOOT_FAIL" | "PREEMPTED" | "CANCELLED" | "REVOKED" => Some(FailureKind::Lost),
        _ => None,
    }
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::exec::runners::launcher::chosen::Launcher;

    fn order() -> Order {
        let need = Need { cpus: 2, memory: Some(500), time: Some(61), gpus: Some(1) };
        let (launcher, program) = (Launcher::Slurm(Vec::new()), "true".to_owned());
        Order {
            launcher,
            program,
            runs: Vec::new(),
            told: BTreeMap::new(),
            name: "a.b".to_owned(),
            need,
            patience: 120,
        }
    }

    #[test]
    fn what_slurm_says_is_told_apart() {
        let said = [
            (
                "slurmstepd: error: *** STEP 3.0 ON n1 CANCELLED AT … DUE TO TIME LIMIT ***",
                FailureKind::Timeout,
            ),
            ("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=3.0", FailureKind::OutOfMemory),
            ("srun: error: Node failure on n2", FailureKind::Lost),
            (
                "slurmstepd: error: *** STEP 3.0 ON n1 CANCELLED AT … DUE TO NODE FAILURE ***",
                FailureKind::Lost,
            ),
        ];
        for (text, kind) in said {
            assert_eq!(why(text, &order()), Some(kind), "{text}");
        }
        assert_eq!(why("srun: error: n1: task 0: Exited with exit code 3", &order()), None);
    }

    #[test]
    fn what_it_needs_is_asked_for() {
        let words = words(&order().need);
        assert_eq!(words, ["--cpus-per-task=2", "--time=4", "--gres=gpu:1"]);
    }
}
