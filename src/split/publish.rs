//! Which partitions have changed since the last split, by their stamps, and how the changed ones take
//! their places. Nothing is published before every partition is complete.

use std::fs;

use camino::Utf8PathBuf;

use super::error::SplitError;
use super::parallel;
use super::produce::{Made, Order, Producer, Want};
use super::source::Source;
use super::{Partition, Request};
use crate::digest::Digest;
use crate::file::{self, Written};
use crate::stamp::{self, Line, Stamp, Subject};

/// Makes and publishes all partitions.
pub(super) fn publish(
    request: &Request,
    source: &Source,
    producer: &dyn Producer,
    length: impl Fn(&Made) -> Option<u64>,
) -> Result<Vec<Partition>, SplitError> {
    let places = Places::new(request);
    let wants: Vec<_> = places.old(request.key).iter().map(first_want).collect();
    let made = produce(request, source, producer, &wants, &places)?;
    complete(request, source, producer, made, length)
}

/// Hashes all partitions, and changes none.
pub(super) fn check(
    request: &Request,
    source: &Source,
    producer: &dyn Producer,
) -> Result<Vec<Option<Made>>, SplitError> {
    let wants = vec![Want::Check; request.size.partitions() as usize];
    produce(request, source, producer, &wants, &Places::new(request))
}

/// Writes those of the partitions `made` that have changed and have not been written, and publishes all.
pub(super) fn complete(
    request: &Request,
    source: &Source,
    producer: &dyn Producer,
    mut made: Vec<Option<Made>>,
    length: impl Fn(&Made) -> Option<u64>,
) -> Result<Vec<Partition>, SplitError> {
    let places = Places::new(request);
    let second_want = |(i, (made, old)): (usize, (&Option<Made>, Option<Old>))| match (made, old) {
        (Some(made), Some(old)) if places.holds(i, &old, made, length(made)) => Want::Skip,
        (Some(made), _) if made.draft.is_none() => Want::Write,
        _ => Want::Skip,
    };
    let wants: Vec<_> = made.iter().zip(places.old(request.key)).enumerate().map(second_want).collect();
    if wants.contains(&Want::Write) {
        let again = produce(request, source, producer, &wants, &places)?;
        for (first, second) in made.iter_mut().zip(again) {
            match (first.as_ref().map(|made| made.digest), second) {
                (Some(digest), Some(second)) if second.digest != digest => return Err(source.changed()),
                (_, Some(second)) => *first = Some(second),
                _ => {}
            }
        }
    }
    source.check_unchanged()?;
    let made: Vec<Made> = made.into_iter().flatten().collect();
    settle(request, &places, made)
}

/// What an old stamp says of a partition whose data is there.
struct Old {
    digest: Digest,
    rows: Option<u64>,
}

/// Where everything lies.
struct Places {
    data: Vec<Utf8PathBuf>,
    stamps: Vec<Utf8PathBuf>,
}

impl Places {
    fn new(request: &Request) -> Self {
        let all = 1..=request.size.partitions();
        let data = all.clone().map(|i| request.layout.data(i)).collect();
        Self { data, stamps: all.map(|i| request.layout.stamp(i)).collect() }
    }

    fn old(&self, key: &str) -> Vec<Option<Old>> {
        let read = |i: usize| {
            fs::metadata(&self.data[i]).ok().filter(fs::Metadata::is_file)?;
            let stamp = Stamp::read(&self.stamps[i])?;
            // Under another key it is the same data.
            let line = stamp.key(key).or_else(|| stamp.lines.iter().find(|line| line.rows.is_some()));
            line.map(|line| Old { digest: line.digest, rows: line.rows })
        };
        (0..self.data.len()).map(read).collect()
    }

    /// Whether the data that is there is what was made now.
    fn holds(&self, i: usize, old: &Old, made: &Made, length: Option<u64>) -> bool {
        let there = fs::metadata(&self.data[i]).map(|meta| meta.len());
        old.digest == made.digest
            && old.rows == Some(made.rows)
            && there.is_ok_and(|there| length.is_none_or(|length| length == there))
    }
}

fn first_want(old: &Option<Old>) -> Want {
    if old.is_some() { Want::Check } else { Want::Write }
}

fn produce(
    request: &Request,
    source: &Source,
    producer: &dyn Producer,
    wants: &[Want],
    places: &Places,
) -> Result<Vec<Option<Made>>, SplitError> {
    for (i, path) in places.data.iter().enumerate().filter(|(i, _)| wants[*i] == Want::Write) {
        let folder = path.parent().filter(|folder| !folder.as_str().is_empty());
        // Most layouts have all partitions in one folder or each in its own.
        if let Some(folder) = folder.filter(|folder| i == 0 || places.data[i - 1].parent() != Some(*folder)) {
            file::create_folder(folder)?;
        }
    }
    producer.produce(&Order {
        source,
        threads: parallel::threads(request.threads),
        wants,
        compress: request.compress,
        target: &|i| places.data[i].clone(),
        progress: &|bytes| request.tell(bytes),
    })
}

fn settle(request: &Request, places: &Places, made: Vec<Made>) -> Result<Vec<Partition>, SplitError> {
    let mut partitions = Vec::with_capacity(made.len());
    for (i, made) in made.into_iter().enumerate() {
        let Made { rows, bytes, digest, draft } = made;
        let line = Line { digest, rows: Some(rows), subject: Subject::Key(request.key.to_owned()) };
        let content = Stamp { lines: [&[line], request.extra].concat() };
        let (path, stamp) = (&places.data[i], &places.stamps[i]);
        let written = match draft {
            Some(draft) => {
                draft.publish(path, stamp, &content)?;
                Written::Changed
            }
            None => {
                stamp::settle(stamp, &content)?;
                Written::Unchanged
            }
        };
        partitions.push(Partition { rows, bytes, digest, path: path.clone(), written });
    }
    Ok(partitions)
}
