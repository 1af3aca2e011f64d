//! A graph to draw, and the resulting picture.

use serde::Serialize;

/// A graph to draw. Bands are numbers; each list of them goes from the outside in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawing {
    /// For each box, the bands around it.
    pub boxes: Vec<Vec<usize>>,
    /// The edges, with the bands that each runs in. There are no cycles.
    pub edges: Vec<Line>,
}

/// An edge to draw.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// The bands that it runs in.
    pub bands: Vec<usize>,
}

/// A graph with coordinates, in pixels from the upper left corner.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Picture {
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
    /// The upper left corner of each box.
    pub boxes: Vec<(f64, f64)>,
    /// The edges.
    pub edges: Vec<Edge>,
    /// The bands, outer ones first.
    pub bands: Vec<Band>,
}

/// An edge with its path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Edge {
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// The path, as in SVG's `d`.
    pub path: String,
}

/// A band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Band {
    /// Its number.
    pub band: usize,
    /// Its outline, as in SVG's `d`.
    pub path: String,
    /// The position of its title.
    pub title: (f64, f64),
    /// How wide the title may be.
    pub room: f64,
}
