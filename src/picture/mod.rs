//! The layout of a pipeline's picture: boxes in columns from left to right (or in rows from top to bottom), and a band around everything that lives in
//! a layer. Knows nothing of pipelines, only boxes, edges, and which box is in which band.

mod columns;
mod drawing;
mod place;
mod svg;

pub(crate) use drawing::{Drawing, Line, Picture};
pub(crate) use place::Direction;
pub(crate) use svg::{Labels, svg};

/// Computes the place of everything.
pub(crate) fn lay_out(drawing: &Drawing, direction: Direction) -> Picture {
    let columns = columns::arrange(drawing);
    place::place(drawing, &columns, direction)
}

#[cfg(test)]
mod tests;
