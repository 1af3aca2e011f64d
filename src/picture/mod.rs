//! The layout of a pipeline's picture: boxes in columns from left to right, and a band around everything that lives in
//! a layer. Knows nothing of pipelines, only boxes, edges, and which box is in which band.

mod columns;
mod drawing;
mod place;
mod svg;

pub(crate) use drawing::{Drawing, Line, Picture};
pub(crate) use svg::{Labels, svg};

/// Computes the place of everything.
pub(crate) fn lay_out(drawing: &Drawing) -> Picture {
    let columns = columns::arrange(drawing);
    place::place(drawing, &columns)
}

#[cfg(test)]
mod tests;
