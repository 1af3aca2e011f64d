//! What the journal contains: the last builds, the timeline of the last one, what ran where and for how long.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::document::{Build, Failure, Last, Span, Timeline};
use crate::journal::{self, Ended, Entry, Event};

/// How many builds are kept.
const BUILDS: usize = 20;

/// How many slow instances are listed.
const SLOWEST: usize = 20;

/// How many failures are listed.
const FAILURES: usize = 200;

/// Any outcome other than these is a kind of failure.
const WELL: [&str; 5] = ["ran", "restored", "looked", "skipped", "running"];

/// The journal, restricted to instances that exist.
#[derive(Default)]
pub(crate) struct History {
    /// The last builds, newest first.
    pub builds: Vec<Build>,
    /// The last build that did something.
    pub timeline: Option<Timeline>,
    /// For each instance, how its last run ended.
    pub last: HashMap<usize, Last>,
    /// The instances that run now.
    pub running: HashSet<usize>,
}

/// The events of one build.
struct Events {
    build: journal::Build,
    entries: Vec<(Option<usize>, Entry)>,
}

/// Whether an outcome is a failure.
pub(crate) fn is_failure(outcome: &str) -> bool {
    !WELL.contains(&outcome)
}

/// Reads a journal. `find` returns the number of the instance in a folder, `upstreams` the numbers of the instances
/// that one takes inputs from.
pub(crate) fn read(
    entries: impl Iterator<Item = Entry>,
    find: impl Fn(&str) -> Option<usize>,
    upstreams: &dyn Fn(usize) -> Vec<usize>,
) -> History {
    let mut builds: Vec<Events> = Vec::new();
    let mut positions: HashMap<journal::Build, usize> = HashMap::new();
    let mut history = History::default();
    for entry in entries {
        let instance = find(&entry.instance);
        if let (Some(instance), Event::Ended(ended)) = (instance, &entry.event) {
            history.last.insert(instance, last(ended, entry.at));
        }
        let position = *positions.entry(entry.build.clone()).or_insert_with(|| {
            builds.push(Events { build: entry.build.clone(), entries: Vec::new() });
            builds.len() - 1
        });
        builds[position].entries.push((instance, entry));
    }
    builds.sort_by_key(|events| std::cmp::Reverse(events.entries.last().map(|(_, entry)| entry.at)));
    for events in builds.iter().filter(|events| events.build.is_running()) {
        history.running.extend(open(events).into_keys());
    }
    history.builds = builds.iter().take(BUILDS).map(summary).collect();
    let is_telling = |events: &Events| events.entries.iter().any(|(_, entry)| entry.event != Event::Looked);
    let told = builds.iter().take(BUILDS).position(is_telling);
    history.timeline = told.map(|build| timeline(build, &builds[build], upstreams));
    history
}

fn last(ended: &Ended, at: u64) -> Last {
    Last {
        outcome: ended.outcome.clone(),
        kind: ended.kind.clone().filter(|kind| *kind != ended.outcome),
        at,
        ran: ended.ran,
        waited: ended.waited,
        cpu: ended.cpu,
        memory: ended.memory,
        host: ended.host.clone(),
        job: ended.job.clone(),
        attempt: ended.attempt,
    }
}

/// The instances that have started and not ended, and when they started.
fn open(events: &Events) -> HashMap<usize, u64> {
    let mut open = HashMap::new();
    for (instance, entry) in &events.entries {
        match (instance, &entry.event) {
            (Some(instance), Event::Started { .. }) => drop(open.insert(*instance, entry.at)),
            (Some(instance), _) => drop(open.remove(instance)),
            (None, _) => {}
        }
    }
    open
}

fn ends(events: &Events) -> (u64, u64) {
    let times = || events.entries.iter().map(|(_, entry)| entry.at);
    (times().min().unwrap_or_default(), times().max().unwrap_or_default())
}

fn summary(events: &Events) -> Build {
    let (from, to) = ends(events);
    let mut build = Build {
        tool: events.build.tool.clone(),
        from,
        to,
        running: events.build.is_running(),
        ..Build::default()
    };
    for (_, entry) in &events.entries {
        let outcome = match &entry.event {
            Event::Looked => "looked",
            Event::Ended(ended) => ended.outcome.as_str(),
            Event::Started { .. } => continue,
        };
        *build.outcomes.entry(outcome.to_owned()).or_default() += 1;
        if let Event::Ended(ended) = &entry.event {
            let cpu = ended.cpu.unwrap_or_default();
            if ended.outcome == "restored" { build.saved += cpu } else { build.cpu += cpu }
        }
    }
    build
}

fn timeline(build: usize, events: &Events, upstreams: &dyn Fn(usize) -> Vec<usize>) -> Timeline {
    let (begin, end) = ends(events);
    let seconds = |at: u64| at.saturating_sub(begin) as f64 / 1000.0;
    let mut spans = Vec::new();
    let mut failures = Vec::new();
    let mut started: HashMap<usize, u64> = HashMap::new();
    for (instance, entry) in &events.entries {
        let Some(instance) = *instance else { continue };
        match &entry.event {
            Event::Looked => {}
            Event::Started { .. } => drop(started.entry(instance).or_insert(entry.at)),
            Event::Ended(ended) => {
                let to = seconds(entry.at);
                let is_restored = ended.outcome == "restored";
                let ran = if is_restored { 0.0 } else { ended.ran };
                let from = started.remove(&instance).map_or_else(|| (to - ran).max(0.0), seconds);
                let (waited, outcome) = (ended.waited, ended.outcome.clone());
                spans.push(Span {
                    instance,
                    from,
                    to: to.max(from),
                    waited,
                    outcome: outcome.clone(),
                    slot: 0,
                });
                if is_failure(&outcome) && failures.len() < FAILURES {
                    let dropped = outcome == "dropped";
                    let kind = ended.kind.clone().unwrap_or(outcome);
                    failures.push(Failure { instance, kind, dropped, message: ended.message.clone() });
                }
            }
        }
    }
    if events.build.is_running() {
        let open = open(events).into_iter();
        let running = |(instance, at)| Span {
            instance,
            from: seconds(at),
            to: seconds(end),
            outcome: "running".to_owned(),
            ..Span::default()
        };
        spans.extend(open.map(running));
    }
    spans.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.instance.cmp(&b.instance)));
    let slots = give_slots(&mut spans);
    let critical = critical_path(&spans, upstreams);
    let mut slowest: Vec<&Span> = spans.iter().filter(|span| span.outcome == "ran").collect();
    slowest.sort_by(|a, b| (b.to - b.from).total_cmp(&(a.to - a.from)).then(a.instance.cmp(&b.instance)));
    let slowest = slowest.iter().take(SLOWEST).map(|span| span.instance).collect();
    Timeline { build, spans, slots, critical, slowest, failures }
}

/// Gives each span the first slot that is free when it starts; returns the number of slots.
fn give_slots(spans: &mut [Span]) -> usize {
    let mut free: Vec<f64> = Vec::new();
    for span in spans {
        let slot = free.iter().position(|until| *until <= span.from);
        span.slot = slot.unwrap_or(free.len());
        match slot {
            Some(slot) => free[slot] = span.to,
            None => free.push(span.to),
        }
    }
    free.len()
}

/// The chain of instances that took longest, in which each takes inputs from the one before.
fn critical_path(spans: &[Span], upstreams: &dyn Fn(usize) -> Vec<usize>) -> (Vec<usize>, f64) {
    let mut took: BTreeMap<usize, f64> = BTreeMap::new();
    spans.iter().for_each(|span| *took.entry(span.instance).or_default() += span.to - span.from);
    // Inputs were finished before an instance started, so in the order of ends each comes after its inputs.
    let mut order: Vec<&Span> = spans.iter().collect();
    order.sort_by(|a, b| a.to.total_cmp(&b.to).then(a.from.total_cmp(&b.from)));
    let mut longest: HashMap<usize, (f64, Option<usize>)> = HashMap::new();
    for span in order {
        let before = upstreams(span.instance).into_iter().filter_map(|up| Some((longest.get(&up)?.0, up)));
        let before = before.max_by(|a, b| a.0.total_cmp(&b.0));
        let until = before.map_or(0.0, |(until, _)| until) + took[&span.instance];
        longest.insert(span.instance, (until, before.map(|(_, up)| up)));
    }
    let last = longest.iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0).then(b.0.cmp(a.0)));
    let total = last.map_or(0.0, |(_, (until, _))| *until);
    let mut path: Vec<usize> = last.map(|(instance, _)| *instance).into_iter().collect();
    while let Some(before) = path.last().and_then(|instance| longest[instance].1) {
        if path.contains(&before) {
            break;
        }
        path.push(before);
    }
    path.reverse();
    (path, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: u64, instance: &str, event: Event) -> Entry {
        let build = journal::Build { tool: "ninja".to_owned(), process: u32::MAX, started: 1 };
        Entry { at, build, instance: instance.to_owned(), event }
    }

    fn ended(outcome: &str, ran: f64, cpu: f64) -> Event {
        Event::Ended(Ended { outcome: outcome.to_owned(), ran, cpu: Some(cpu), ..Ended::default() })
    }

    /// `a`, `b` and `c` at the same time, then `d` after `b` and `c`.
    fn history() -> History {
        let started = || Event::Started { attempt: 1 };
        let entries = [
            entry(1_000, "a", started()),
            entry(1_000, "b", started()),
            entry(2_000, "b", ended("ran", 1.0, 0.5)),
            entry(2_000, "c", started()),
            entry(5_000, "c", ended("ran", 3.0, 2.0)),
            entry(5_000, "d", started()),
            entry(6_000, "d", ended("raised", 1.0, 0.0)),
            entry(6_500, "a", ended("ran", 5.5, 5.0)),
            entry(6_600, "e", ended("restored", 9.0, 7.0)),
            entry(6_700, "gone", Event::Looked),
        ];
        let find = |name: &str| ["a", "b", "c", "d", "e"].iter().position(|other| *other == name);
        read(entries.into_iter(), find, &|instance| if instance == 3 { vec![1, 2] } else { Vec::new() })
    }

    #[test]
    fn a_build_is_summed_up_and_drawn() {
        let history = history();
        let build = &history.builds[0];
        assert_eq!((build.from, build.to, build.running), (1_000, 6_700, false));
        assert_eq!((build.cpu, build.saved), (7.5, 7.0));
        let outcomes = [("looked", 1), ("raised", 1), ("ran", 3), ("restored", 1)];
        assert!(outcomes.iter().all(|(outcome, count)| build.outcomes[*outcome] == *count));
        let timeline = history.timeline.unwrap();
        assert_eq!(timeline.slots, 2, "c takes the slot that b has left");
        assert_eq!(timeline.slowest, [0, 2, 1]);
        assert_eq!(timeline.failures.len(), 1);
        assert_eq!((timeline.failures[0].instance, timeline.failures[0].kind.as_str()), (3, "raised"));
        assert_eq!(timeline.critical, (vec![0], 5.5), "longer than c and d, which take 4 seconds");
        assert_eq!(history.last[&3].outcome, "raised");
        assert!(history.running.is_empty(), "no build runs that has ended");
    }

    #[test]
    fn no_two_spans_of_a_slot_overlap() {
        let spans = history().timeline.unwrap().spans;
        for (i, a) in spans.iter().enumerate() {
            for b in &spans[..i] {
                assert!(a.slot != b.slot || a.from >= b.to || b.from >= a.to, "{a:?} {b:?}");
            }
        }
    }
}
