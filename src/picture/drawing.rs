//! A graph to be drawn, and what comes of that.

use serde::Serialize;

/// A graph to be drawn. Bands are numbers; each list of them is in the order in which they open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawing {
    /// For each box, the bands that it is in.
    pub boxes: Vec<Vec<usize>>,
    /// From which box to which, and the bands that the line between them is in. There are no circles.
    pub edges: Vec<Line>,
}

/// An edge to be drawn.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// The bands that it runs in.
    pub bands: Vec<usize>,
}

/// A graph with places, in pixels from the upper left corner.
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

/// An edge with its way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Edge {
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// The way, as SVG has it in `d`.
    pub path: String,
}

/// A band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Band {
    /// Which.
    pub band: usize,
    /// Its outline, as SVG has it in `d`.
    pub path: String,
    /// Where its title goes.
    pub title: (f64, f64),
    /// How wide that may be.
    pub room: f64,
}
