//! A picture as SVG.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use serde::Serialize;

use super::drawing::Picture;
use super::place::{BOX_HEIGHT, BOX_WIDTH};

const TEMPLATE: &str = include_str!("../../templates/graph.svg.j2");

/// The texts of a picture's boxes, bands and edges.
pub(crate) struct Labels<'a> {
    /// The title of the picture.
    pub title: &'a str,
    /// For each box, its name and a note.
    pub boxes: Vec<(String, String)>,
    /// For each band, `data` or `seed`, and its title.
    pub bands: Vec<(&'static str, String)>,
    /// For each edge, whether it is dashed.
    pub is_dashed: Vec<bool>,
}

#[derive(Serialize)]
struct Box {
    x: f64,
    y: f64,
    name: String,
    full: String,
    words: String,
}

#[derive(Serialize)]
struct Band {
    kind: &'static str,
    path: String,
    x: f64,
    y: f64,
    title: String,
}

#[derive(Serialize)]
struct Edge {
    path: String,
    plots: bool,
}

/// `picture` as a standalone file, for light and dark pages.
pub(crate) fn svg(picture: &Picture, labels: &Labels<'_>) -> String {
    let boxes = picture.boxes.iter().zip(&labels.boxes).map(|((x, y), (name, words))| Box {
        x: *x,
        y: *y,
        name: fitted(name, BOX_WIDTH - 26.0, 7.6),
        full: name.clone(),
        words: fitted(words, BOX_WIDTH - 26.0, 6.2),
    });
    let bands = picture.bands.iter().map(|band| Band {
        kind: labels.bands[band.band].0,
        path: band.path.clone(),
        x: band.title.0,
        y: band.title.1,
        title: fitted(&labels.bands[band.band].1, band.room, 6.8),
    });
    let dashed = labels.is_dashed.iter();
    let edges =
        picture.edges.iter().zip(dashed).map(|(edge, plots)| Edge { path: edge.path.clone(), plots: *plots });
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let rendered = environment.render_str(
        TEMPLATE,
        context! {
            width => picture.width, height => picture.height, title => labels.title,
            box_width => BOX_WIDTH, box_height => BOX_HEIGHT,
            boxes => all(boxes), bands => all(bands), edges => all(edges),
        },
    );
    rendered.unwrap_or_else(|error| panic!("a template of expops is faulty: {error:#}"))
}

fn all<T: Serialize>(list: impl Iterator<Item = T>) -> Value {
    Value::from(Serde(list.collect::<Vec<_>>()))
}

/// A text hardly wider than `room`; the width of letters can only be estimated here. Characters that XML does not have
/// are left out.
fn fitted(text: &str, room: f64, letter: f64) -> String {
    let width = |c: char| if c > '\u{1100}' { letter * 1.8 } else { letter };
    let mut used = 0.0;
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        used += width(c);
        if used > room {
            return out + "…";
        }
        out.push(c);
    }
    out
}
