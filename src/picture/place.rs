//! Computes pixel coordinates for what has been arranged in columns. Columns follow each other along the edges; the items
//! of a column lie across them. Only [`Direction`] knows which of the two is horizontal.

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
/// Between two columns, without the bands that begin or end there.
const ALLEY: f64 = 40.0;
/// Around the whole picture.
const EDGE: f64 = 16.0;
/// How many times heights are evened out.
const ROUNDS: usize = 12;

/// Where edges go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Direction {
    /// From left to right.
    Right,
    /// From top to bottom.
    Down,
}

impl Direction {
    /// How long a box is along the edges.
    fn length(self) -> f64 {
        if self == Self::Right { BOX_WIDTH } else { BOX_HEIGHT }
    }

    /// How broad an item is across them.
    fn breadth(self, item: &Item) -> f64 {
        match self {
            _ if item.node.is_none() => PASSAGE,
            Self::Right => BOX_HEIGHT,
            Self::Down => BOX_WIDTH,
        }
    }

    /// The room for a band's title, which is at its top: before the content along the edges, and across them.
    fn title(self) -> (f64, f64) {
        if self == Self::Right { (0.0, TITLE) } else { (TITLE, 0.0) }
    }

    /// A point in pixels.
    fn point(self, along: f64, across: f64) -> (f64, f64) {
        let (x, y) = if self == Self::Right { (along, across) } else { (across, along) };
        (round(x), round(y))
    }
}

/// Computes a place for every item, and draws edges and bands.
pub(super) fn place(drawing: &Drawing, columns: &Columns, direction: Direction) -> Picture {
    let bands = Bands { depths: depths(&columns.items), title: direction.title().1 };
    let middles = middles(columns, &bands, direction);
    let (starts, end) = starts(columns, &bands.depths, direction);
    Sheet { columns, direction, depths: bands.depths, middles, starts, end }.draw(drawing)
}

/// How deep bands are nested, and how much room the title of each takes across the edges.
struct Bands {
    depths: BTreeMap<usize, usize>,
    title: f64,
}

/// Where each column starts along the edges, and where the picture ends: there is room between two columns for the bands
/// that end or begin there.
fn starts(columns: &Columns, depths: &BTreeMap<usize, usize>, direction: Direction) -> (Vec<f64>, f64) {
    let count = columns.columns.len();
    let (mut begins, mut ends) = (vec![0; count], vec![0; count]);
    for (band, depth) in depths {
        let inside = columns.items.iter().filter(|item| item.bands.contains(band)).map(|item| item.column);
        let (first, last) = (inside.clone().min().unwrap_or_default(), inside.max().unwrap_or_default());
        begins[first] = *depth.max(&begins[first]);
        ends[last] = *depth.max(&ends[last]);
    }
    let mut starts = Vec::new();
    let mut end = EDGE;
    for column in 0..count {
        let start = end + begins[column] as f64 * (MARGIN + direction.title().0);
        starts.push(start);
        end = start + direction.length() + ends[column] as f64 * MARGIN + ALLEY;
    }
    (starts, end - ALLEY + EDGE)
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

impl Bands {
    /// The room before an item for the bands that begin there, or after it for those that end there.
    fn room(&self, item: &Item, other: Option<&Item>, is_before: bool) -> f64 {
        let is_outside = |band: &&usize| other.is_none_or(|other| !other.bands.contains(band));
        let depths = item.bands.iter().filter(is_outside).map(|band| self.depths[band]);
        depths.max().unwrap_or_default() as f64 * if is_before { MARGIN + self.title } else { MARGIN }
    }

    /// The minimum distance between the middles of an item and the next one in its column.
    fn distance(&self, one: &Item, next: &Item, direction: Direction) -> f64 {
        let rooms = self.room(one, Some(next), false) + self.room(next, Some(one), true);
        (direction.breadth(one) + direction.breadth(next)) / 2.0 + GAP + rooms
    }
}

/// The middle of each item across the edges: close to the middles of its neighbours, without overlaps.
fn middles(columns: &Columns, bands: &Bands, direction: Direction) -> Vec<f64> {
    let items = &columns.items;
    let mut middles = vec![0.0; items.len()];
    for round in 0..=ROUNDS {
        let count = columns.columns.len();
        for i in 0..count {
            let column = &columns.columns[if round % 2 == 0 { i } else { count - 1 - i }];
            let wanted: Vec<f64> =
                column.iter().map(|item| wanted(&items[*item], *item, &middles, round)).collect();
            let least: Vec<f64> = column
                .windows(2)
                .map(|pair| bands.distance(&items[pair[0]], &items[pair[1]], direction))
                .collect();
            let found = spread(&wanted, &least);
            column.iter().zip(found).for_each(|(item, middle)| middles[*item] = middle);
        }
    }
    let first = items
        .iter()
        .zip(&middles)
        .map(|(item, middle)| middle - direction.breadth(item) / 2.0 - bands.room(item, None, true));
    let first = first.fold(f64::INFINITY, f64::min);
    middles.iter().map(|middle| middle - first + EDGE).collect()
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
    direction: Direction,
    depths: BTreeMap<usize, usize>,
    middles: Vec<f64>,
    starts: Vec<f64>,
    end: f64,
}

impl Sheet<'_> {
    fn draw(&self, drawing: &Drawing) -> Picture {
        let items = &self.columns.items;
        let after = |(item, middle): (&Item, &f64)| {
            let deepest = item.bands.iter().map(|band| self.depths[band]).max().unwrap_or_default();
            middle + self.direction.breadth(item) / 2.0 + deepest as f64 * MARGIN
        };
        let breadth = items.iter().zip(&self.middles).map(after).fold(0.0, f64::max) + EDGE;
        let corner = |i: usize| {
            let across = self.middles[i] - self.direction.breadth(&items[i]) / 2.0;
            self.direction.point(self.starts[items[i].column], across)
        };
        let edges = drawing.edges.iter().zip(&self.columns.ways);
        let edge = |(line, way): (&Line, &Vec<usize>)| Edge {
            from: line.from,
            to: line.to,
            path: self.way(line.from, way, line.to),
        };
        let mut bands: Vec<_> = self.depths.iter().map(|(band, depth)| (*depth, *band)).collect();
        bands.sort_by_key(|(depth, band)| (std::cmp::Reverse(*depth), *band));
        let (width, height) = self.direction.point(self.end, breadth);
        Picture {
            width,
            height,
            boxes: (0..drawing.boxes.len()).map(corner).collect(),
            edges: edges.map(edge).collect(),
            bands: bands.into_iter().map(|(depth, band)| self.band(band, depth)).collect(),
        }
    }

    /// An edge as a smooth line from the end of one box to the start of another.
    fn way(&self, from: usize, through: &[usize], to: usize) -> String {
        let item = |i: usize| (self.starts[self.columns.items[i].column], self.middles[i]);
        let length = self.direction.length();
        let point = |along: f64, across: f64| {
            let (x, y) = self.direction.point(along, across);
            format!("{x} {y}")
        };
        let (start, across) = item(from);
        let mut here = (start + length, across);
        let mut path = format!("M{}", point(here.0, here.1));
        let mut to_point = |along: f64, across: f64| {
            let middle = (here.0 + along) / 2.0;
            let (one, other) = (point(middle, here.1), point(middle, across));
            let _ = write!(path, "C{one} {other} {}", point(along, across));
            here = (along, across);
        };
        for passage in through {
            let (start, across) = item(*passage);
            to_point(start, across);
            // Straight through the column.
            to_point(start + length, across);
        }
        let (start, across) = item(to);
        to_point(start, across);
        path
    }

    /// A rectangle around the content of a band, or, if that would enclose something else, an outline around each
    /// column.
    fn band(&self, band: usize, depth: usize) -> Band {
        let margin = MARGIN * depth as f64;
        let (before, above) = self.direction.title();
        let mut extents: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (item, middle) in self.columns.items.iter().zip(&self.middles) {
            if item.bands.contains(&band) {
                let half = self.direction.breadth(item) / 2.0;
                let (low, high) = (middle - half - margin - above * depth as f64, middle + half + margin);
                let extent = extents.entry(item.column).or_insert((low, high));
                *extent = (extent.0.min(low), extent.1.max(high));
            }
        }
        let low = extents.values().map(|extent| extent.0).fold(f64::INFINITY, f64::min);
        let high = extents.values().map(|extent| extent.1).fold(0.0, f64::max);
        if !self.has_others(band, (low, high), &extents) {
            let columns =
                extents.keys().next().zip(extents.keys().last()).map(|(first, last)| *first..=*last);
            extents = columns.into_iter().flatten().map(|column| (column, (low, high))).collect();
        }
        let margins = (margin + before * depth as f64, margin);
        let (title, room) = self.title(&extents, margins.0);
        Band { band, path: self.outline(&extents, margins), title, room }
    }

    /// Where the title of a band goes, and how wide it may be: at the top left corner of its first column.
    fn title(&self, extents: &BTreeMap<usize, (f64, f64)>, margin: f64) -> ((f64, f64), f64) {
        let (first, extent) =
            extents.first_key_value().map_or((0, (0.0, 0.0)), |(first, one)| (*first, *one));
        let (x, y) = self.direction.point(self.starts[first] - margin, extent.0);
        let beside = extents.iter().take_while(|(_, other)| other.0 == extent.0);
        let last = beside.last().map_or(first, |(column, _)| *column);
        let room = match self.direction {
            Direction::Right => self.starts[last] - self.starts[first] + BOX_WIDTH + 2.0 * margin,
            Direction::Down => extent.1 - extent.0,
        };
        ((round(x + 9.0), round(y + TITLE - 4.0)), round(room - 18.0))
    }

    /// Whether the rectangle around a band would enclose something that is not in it.
    fn has_others(
        &self,
        band: usize,
        (low, high): (f64, f64),
        extents: &BTreeMap<usize, (f64, f64)>,
    ) -> bool {
        let mut all = self.columns.items.iter().zip(&self.middles);
        let Some((first, last)) = extents.keys().next().zip(extents.keys().last()) else { return false };
        let is_between = |column: usize| (*first..=*last).contains(&column);
        all.any(|(item, middle)| {
            let half = self.direction.breadth(item) / 2.0;
            let is_inside = middle + half > low && middle - half < high;
            !item.bands.contains(&band) && is_between(item.column) && is_inside
        })
    }

    fn outline(&self, extents: &BTreeMap<usize, (f64, f64)>, margins: (f64, f64)) -> String {
        let length = self.direction.length();
        let sides = |column: usize| {
            let (start, end) = (self.starts[column], self.starts[column] + length);
            // Adjacent columns of a band meet halfway.
            let halfway = |column: usize| (self.starts[column] + length + self.starts[column + 1]) / 2.0;
            let has_before = column > 0 && extents.contains_key(&(column - 1));
            let before = if has_before { halfway(column - 1) } else { start - margins.0 };
            let after = if extents.contains_key(&(column + 1)) { halfway(column) } else { end + margins.1 };
            (before, after)
        };
        let corner = |along: f64, across: f64| {
            let (x, y) = self.direction.point(along, across);
            format!("{x} {y}")
        };
        let outlines = runs(extents).into_iter().map(|run| {
            let there = run.clone().flat_map(|column| {
                let (before, after) = sides(column);
                [before, after].map(|along| corner(along, extents[&column].0))
            });
            let back = run.clone().rev().flat_map(|column| {
                let (before, after) = sides(column);
                [after, before].map(|along| corner(along, extents[&column].1))
            });
            format!("M{}Z", there.chain(back).collect::<Vec<_>>().join("L"))
        });
        outlines.collect()
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
