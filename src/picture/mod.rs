//! Where the boxes of a pipeline go: columns from left to right, and around what lives in a layer a band. Knows
//! nothing of pipelines, only of boxes, edges, and who is in which band.

mod columns;
mod drawing;
mod place;
mod svg;

pub(crate) use drawing::{Drawing, Line, Picture};
pub(crate) use svg::{Labels, svg};

/// Finds a place for everything.
pub(crate) fn lay_out(drawing: &Drawing) -> Picture {
    let columns = columns::arrange(drawing);
    place::place(drawing, &columns)
}

#[cfg(test)]
mod tests;
