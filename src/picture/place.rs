//! Computes pixel coordinates for what has been arranged in columns.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::columns::{Columns, Item};
use super::drawing::{Band, Drawing, Edge, Line, Picture};

/// The width of a box.
pub(crate) const BOX_WIDTH: f64 = 176.0;
/// The height of a box.
pub(crate) const BOX_HEIGHT: f64 = 58.0;

/// Between two boxes in a column.
const GAP: f64 = 26.0;
/// The height of an edge passing through a column.
const PASSAGE: f64 = 6.0;
/// Between a band and its content, or a band inside it.
const MARGIN: f64 = 10.0;
/// The height of a band's title.
const TITLE: f64 = 18.0;
/// Between two columns, without the bands that end there.
const ALLEY: f64 = 44.0;
/// Around the whole picture.
const EDGE: f64 = 16.0;
/// How many times heights are evened out.
const ROUNDS: usize = 12;

/// Computes a place for every item, and draws edges and bands.
pub(super) fn place(drawing: &Drawing, columns: &Columns) -> Picture {
    let depths = depths(&columns.items);
    let middles = middles(columns, &depths);
    let deepest = depths.values().copied().max().unwrap_or_default() as f64;
    let step = BOX_WIDTH + ALLEY + 2.0 * MARGIN * deepest;
    let sheet = Sheet { columns, depths, middles, step, left: EDGE + MARGIN * deepest };
    sheet.draw(drawing)
}

/// How many levels of bands are inside each band, including itself.
fn depths(items: &[Item]) -> BTreeMap<usize, usize> {
    let mut depths = BTreeMap::new();
    for item in items {
        for (i, band) in item.bands.iter().enumerate() {
            let depth = depths.entry(*band).or_insert(1);
            *depth = (*depth).max(item.bands.len() - i);
        }
    }
    depths
}

fn height(item: &Item) -> f64 {
    if item.node.is_some() { BOX_HEIGHT } else { PASSAGE }
}

/// The room above an item for the bands that begin there, or below it for those that end there.
fn room(item: &Item, other: Option<&Item>, depths: &BTreeMap<usize, usize>, is_above: bool) -> f64 {
    let is_outside = |band: &&usize| other.is_none_or(|other| !other.bands.contains(band));
    let deepest = item.bands.iter().filter(is_outside).map(|band| depths[band]).max().unwrap_or_default();
    deepest as f64 * if is_above { MARGIN + TITLE } else { MARGIN }
}

/// The minimum distance between the middles of an item and the next one in its column.
fn distance(above: &Item, below: &Item, depths: &BTreeMap<usize, usize>) -> f64 {
    let rooms = room(above, Some(below), depths, false) + room(below, Some(above), depths, true);
    (height(above) + height(below)) / 2.0 + GAP + rooms
}

/// The vertical middle of each item: close to the middles of its neighbours, without overlaps.
fn middles(columns: &Columns, depths: &BTreeMap<usize, usize>) -> Vec<f64> {
    let items = &columns.items;
    let mut middles = vec![0.0; items.len()];
    for round in 0..=ROUNDS {
        let count = columns.columns.len();
        for i in 0..count {
            let column = &columns.columns[if round % 2 == 0 { i } else { count - 1 - i }];
            let wanted: Vec<f64> =
                column.iter().map(|item| wanted(&items[*item], *item, &middles, round)).collect();
            let least: Vec<f64> =
                column.windows(2).map(|pair| distance(&items[pair[0]], &items[pair[1]], depths)).collect();
            let found = spread(&wanted, &least);
            column.iter().zip(found).for_each(|(item, middle)| middles[*item] = middle);
        }
    }
    let top = items
        .iter()
        .zip(&middles)
        .map(|(item, middle)| middle - height(item) / 2.0 - room(item, None, depths, true));
    let top = top.fold(f64::INFINITY, f64::min);
    middles.iter().map(|middle| middle - top + EDGE).collect()
}

/// The preferred position of an item: between its neighbours.
fn wanted(item: &Item, index: usize, middles: &[f64], round: usize) -> f64 {
    let neighbours: Vec<usize> = match round {
        0 => item.before.clone(),
        _ => item.before.iter().chain(&item.after).copied().collect(),
    };
    let sum: f64 = neighbours.iter().map(|other| middles[*other]).sum();
    if neighbours.is_empty() { middles[index] } else { sum / neighbours.len() as f64 }
}

/// The positions closest to the wanted ones (least squares) that keep these minimum distances: items that come too
/// close are moved as one, by pooling adjacent violators.
fn spread(wanted: &[f64], least: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = vec![0.0];
    for distance in least {
        offset += distance;
        offsets.push(offset);
    }
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (want, offset) in wanted.iter().zip(&offsets) {
        let mut pool = (want - offset, 1);
        while let Some((mean, count)) = pools.last().copied().filter(|last| last.0 > pool.0) {
            pools.pop();
            let both = count + pool.1;
            pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / both as f64, both);
        }
        pools.push(pool);
    }
    let means = pools.iter().flat_map(|(mean, count)| std::iter::repeat_n(*mean, *count));
    means.zip(&offsets).map(|(mean, offset)| mean + offset).collect()
}

struct Sheet<'c> {
    columns: &'c Columns,
    depths: BTreeMap<usize, usize>,
    middles: Vec<f64>,
    step: f64,
    left: f64,
}

impl Sheet<'_> {
    fn x(&self, column: usize) -> f64 {
        self.left + column as f64 * self.step
    }

    fn draw(&self, drawing: &Drawing) -> Picture {
        let items = &self.columns.items;
        let bottom = |(item, middle): (&Item, &f64)| {
            middle + height(item) / 2.0 + room(item, None, &self.depths, false)
        };
        let height = items.iter().zip(&self.middles).map(bottom).fold(0.0, f64::max) + EDGE;
        let corner = |i: usize| (round(self.x(items[i].column)), round(self.middles[i] - BOX_HEIGHT / 2.0));
        let edges = drawing.edges.iter().zip(&self.columns.ways);
        let edge = |(line, way): (&Line, &Vec<usize>)| Edge {
            from: line.from,
            to: line.to,
            path: self.way(line.from, way, line.to),
        };
        let mut bands: Vec<_> = self.depths.iter().map(|(band, depth)| (*depth, *band)).collect();
        bands.sort_by_key(|(depth, band)| (std::cmp::Reverse(*depth), *band));
        Picture {
            width: round(
                self.left * 2.0 + self.step * self.columns.columns.len() as f64 - self.step + BOX_WIDTH,
            ),
            height: round(height),
            boxes: (0..drawing.boxes.len()).map(corner).collect(),
            edges: edges.map(edge).collect(),
            bands: bands.into_iter().map(|(depth, band)| self.band(band, depth)).collect(),
        }
    }

    /// An edge as a smooth line from the right side of one box to the left side of another.
    fn way(&self, from: usize, through: &[usize], to: usize) -> String {
        let item = |i: usize| (&self.columns.items[i], self.middles[i]);
        let (first, y) = item(from);
        let mut here = (self.x(first.column) + BOX_WIDTH, y);
        let mut path = format!("M{} {}", round(here.0), round(here.1));
        let mut to_point = |x: f64, y: f64, here: &mut (f64, f64)| {
            let middle = round((here.0 + x) / 2.0);
            let _ =
                write!(path, "C{middle} {} {middle} {} {} {}", round(here.1), round(y), round(x), round(y));
            *here = (x, y);
        };
        for passage in through {
            let (item, y) = item(*passage);
            let x = self.x(item.column);
            to_point(x, y, &mut here);
            // Straight through the column.
            to_point(x + BOX_WIDTH, y, &mut here);
        }
        let (last, y) = item(to);
        to_point(self.x(last.column), y, &mut here);
        path
    }

    /// A rectangle around the content of a band, or, if that would enclose something else, an outline around each
    /// column.
    fn band(&self, band: usize, depth: usize) -> Band {
        let margin = MARGIN * depth as f64;
        let mut extents: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (item, middle) in self.columns.items.iter().zip(&self.middles) {
            if item.bands.contains(&band) {
                let half = height(item) / 2.0;
                let (top, bottom) = (middle - half - margin - TITLE * depth as f64, middle + half + margin);
                let extent = extents.entry(item.column).or_insert((top, bottom));
                *extent = (extent.0.min(top), extent.1.max(bottom));
            }
        }
        let top = extents.values().map(|extent| extent.0).fold(f64::INFINITY, f64::min);
        let bottom = extents.values().map(|extent| extent.1).fold(0.0, f64::max);
        if !self.has_others(band, (top, bottom), &extents) {
            let columns =
                extents.keys().next().zip(extents.keys().last()).map(|(first, last)| *first..=*last);
            extents = columns.into_iter().flatten().map(|column| (column, (top, bottom))).collect();
        }
        let (first, start) =
            extents.first_key_value().map_or((0, top), |(column, extent)| (*column, extent.0));
        let title = (round(self.x(first) - margin + 9.0), round(start + TITLE - 4.0));
        let last = extents
            .iter()
            .take_while(|(_, extent)| extent.0 == start)
            .last()
            .map_or(first, |(column, _)| *column);
        let room = round(self.x(last) - self.x(first) + BOX_WIDTH + 2.0 * margin - 18.0);
        Band { band, path: self.outline(&extents, margin), title, room }
    }

    /// Whether the rectangle around a band would enclose something that is not in it.
    fn has_others(
        &self,
        band: usize,
        (top, bottom): (f64, f64),
        extents: &BTreeMap<usize, (f64, f64)>,
    ) -> bool {
        let mut all = self.columns.items.iter().zip(&self.middles);
        let Some((first, last)) = extents.keys().next().zip(extents.keys().last()) else { return false };
        let is_between = |column: usize| (*first..=*last).contains(&column);
        all.any(|(item, middle)| {
            let half = height(item) / 2.0;
            let is_inside = middle + half > top && middle - half < bottom;
            !item.bands.contains(&band) && is_between(item.column) && is_inside
        })
    }

    fn outline(&self, extents: &BTreeMap<usize, (f64, f64)>, margin: f64) -> String {
        let sides = |column: usize| {
            // Adjacent columns of a band meet halfway.
            let half = (self.step - BOX_WIDTH) / 2.0;
            let left = if column > 0 && extents.contains_key(&(column - 1)) { half } else { margin };
            let right = if extents.contains_key(&(column + 1)) { half } else { margin };
            (round(self.x(column) - left), round(self.x(column) + BOX_WIDTH + right))
        };
        let mut path = String::new();
        for run in runs(extents) {
            let mut begin = 'M';
            for column in run.clone() {
                let (left, right) = sides(column);
                let _ = write!(path, "{begin}{left} {0}L{right} {0}", round(extents[&column].0));
                begin = 'L';
            }
            for column in run.rev() {
                let (left, right) = sides(column);
                let _ = write!(path, "L{right} {0}L{left} {0}", round(extents[&column].1));
            }
            path += "Z";
        }
        path
    }
}

/// Runs of adjacent columns.
fn runs(extents: &BTreeMap<usize, (f64, f64)>) -> Vec<RangeInclusive<usize>> {
    let mut runs: Vec<RangeInclusive<usize>> = Vec::new();
    for column in extents.keys() {
        match runs.last_mut() {
            Some(run) if run.end() + 1 == *column => *run = *run.start()..=*column,
            _ => runs.push(*column..=*column),
        }
    }
    runs
}

/// Rounds to a tenth of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
