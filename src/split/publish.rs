//! Determines from the stamps which partitions have changed since the last split, and replaces those. Nothing is
//! published before every partition is complete.

use std::fs;
use std::io::{self, Read as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::SplitError;
use super::format::{Compression, Looks, looks};
use super::parallel;
use super::produce::{Order, Producer, Product, Want};
use super::request::{Partition, Request};
use super::source::Source;
use crate::digest::Digest;
use crate::file::{self, Written};
use crate::stamp::{self, Line, Stamp, Subject};

/// Makes and publishes all partitions.
pub(super) fn publish(
    request: &Request,
    source: &Source,
    producer: &dyn Producer,
    length: impl Fn(&Product) -> Option<u64>,
) -> Result<Vec<Partition>, SplitError> {
    let publication = Publication::new(request, source, producer);
    let first = |old: &Option<Old>| if old.is_some() { Want::Check } else { Want::Write };
    let made = publication.produce(&publication.old.iter().map(first).collect::<Vec<_>>())?;
    publication.complete(made, length)
}

/// Partitions to be published, and what is in their places now.
pub(super) struct Publication<'a> {
    request: &'a Request<'a>,
    source: &'a Source,
    producer: &'a dyn Producer,
    places: Places,
    old: Vec<Option<Old>>,
}

impl<'a> Publication<'a> {
    /// Examines what is in the places now.
    pub(super) fn new(request: &'a Request<'a>, source: &'a Source, producer: &'a dyn Producer) -> Self {
        let places = Places::new(request);
        let old = places.old(request.key);
        Self { request, source, producer, places, old }
    }

    /// Hashes all partitions without changing any.
    pub(super) fn check(&self) -> Result<Vec<Option<Product>>, SplitError> {
        self.produce(&vec![Want::Check; self.old.len()])
    }

    /// Writes the partitions in `made` that have changed and are not written yet, and publishes all.
    pub(super) fn complete(
        self,
        mut made: Vec<Option<Product>>,
        length: impl Fn(&Product) -> Option<u64>,
    ) -> Result<Vec<Partition>, SplitError> {
        let second = |(i, (made, old)): (usize, (&Option<Product>, &Option<Old>))| match (made, old) {
            (Some(made), Some(old)) if self.places.holds(i, old, made, length(made)) => Want::Skip,
            (Some(made), _) if made.draft.is_none() => Want::Write,
            _ => Want::Skip,
        };
        let wants: Vec<_> = made.iter().zip(&self.old).enumerate().map(second).collect();
        if wants.contains(&Want::Write) {
            let again = self.produce(&wants)?;
            for (first, second) in made.iter_mut().zip(again) {
                match (first.as_ref().map(|made| made.digest), second) {
                    (Some(digest), Some(second)) if second.digest != digest => {
                        return Err(self.source.changed());
                    }
                    (_, Some(second)) => *first = Some(second),
                    _ => {}
                }
            }
        }
        self.source.check_unchanged()?;
        settle(self.request, &self.places, made.into_iter().flatten().collect())
    }

    fn produce(&self, wants: &[Want]) -> Result<Vec<Option<Product>>, SplitError> {
        let data = &self.places.data;
        for (i, path) in data.iter().enumerate().filter(|(i, _)| wants[*i] == Want::Write) {
            let folder = path.parent().filter(|folder| !folder.as_str().is_empty());
            // Most layouts have all partitions in one folder, or each in its own.
            if let Some(folder) = folder.filter(|folder| i == 0 || data[i - 1].parent() != Some(*folder)) {
                file::create_folder(folder)?;
            }
        }
        self.producer.produce(&Order {
            source: self.source,
            threads: parallel::threads(self.request.threads),
            wants,
            compress: self.request.compress,
            target: &|i| data[i].clone(),
            progress: &|bytes| self.request.tell(bytes),
        })
    }
}

/// What an old stamp says about a partition whose data exists.
struct Old {
    digest: Digest,
    rows: Option<u64>,
}

/// The paths of everything.
struct Places {
    data: Vec<Utf8PathBuf>,
    stamps: Vec<Utf8PathBuf>,
    compress: Option<Compression>,
}

impl Places {
    fn new(request: &Request) -> Self {
        let all = 1..=request.size.partitions();
        let data = all.clone().map(|i| request.layout.data(i)).collect();
        let stamps = all.map(|i| request.layout.stamp(i)).collect();
        Self { data, stamps, compress: request.compress }
    }

    fn old(&self, key: &str) -> Vec<Option<Old>> {
        let read = |i: usize| {
            fs::metadata(&self.data[i]).ok().filter(fs::Metadata::is_file)?;
            let stamp = Stamp::read(&self.stamps[i])?;
            // If the stamp has only one line, it describes the same data even under another key.
            let only = || stamp.lines.first().filter(|_| stamp.lines.len() == 1);
            let line = stamp.key(key).or_else(only);
            line.map(|line| Old { digest: line.digest, rows: line.rows })
        };
        (0..self.data.len()).map(read).collect()
    }

    /// Whether the existing data is what was made now.
    fn holds(&self, i: usize, old: &Old, made: &Product, length: Option<u64>) -> bool {
        let there = fs::metadata(&self.data[i]).map(|meta| meta.len());
        old.digest == made.digest
            && old.rows == Some(made.rows)
            && there.is_ok_and(|there| length.is_none_or(|length| length == there))
            && !self.is_edited(i).unwrap_or(true)
            && self.is_packed_right(&self.data[i], made.digest).unwrap_or(false)
    }

    /// Whether the data is younger than its stamp, which is written after it.
    fn is_edited(&self, i: usize) -> io::Result<bool> {
        let time = |path: &Utf8Path| fs::metadata(path)?.modified();
        Ok(time(&self.data[i])? > time(&self.stamps[i])?)
    }

    /// Whether the file at `path`, whose name may say nothing about it, is packed as it is to be.
    fn is_packed_right(&self, path: &Utf8Path, digest: Digest) -> io::Result<bool> {
        let mut start = Vec::new();
        file::open_regular(path)?.take(4).read_to_end(&mut start)?;
        Ok(match (looks(&start), self.compress) {
            (Looks::Packed(packed), Some(wanted)) => packed == wanted,
            // Lines may begin with any bytes.
            (Looks::Packed(_), None) => Digest::of_file(path)? == digest,
            (_, wanted) => wanted.is_none(),
        })
    }
}

fn settle(request: &Request, places: &Places, made: Vec<Product>) -> Result<Vec<Partition>, SplitError> {
    let mut partitions = Vec::with_capacity(made.len());
    for (i, made) in made.into_iter().enumerate() {
        let Product { rows, bytes, digest, draft } = made;
        let subject = Subject::Key(request.key.to_owned());
        let line = Line { digest, rows: Some(rows), subject, file: request.layout.name().map(str::to_owned) };
        let content = Stamp { lines: [&[line], request.extra].concat() };
        let (path, stamp) = (&places.data[i], &places.stamps[i]);
        // Told by the old stamp.
        let leftovers = request.layout.leftovers(i as u64 + 1);
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
        leftovers.iter().try_for_each(|path| file::remove(path))?;
        partitions.push(Partition { rows, bytes, digest, path: path.clone(), written });
    }
    Ok(partitions)
}
