//! No boxes overlap, edges go to the right (or down), and a band encloses exactly its content.

use proptest::prelude::*;

use super::place::{BOX_HEIGHT, BOX_WIDTH};
use super::*;

fn line(from: usize, to: usize) -> Line {
    Line { from, to, bands: Vec::new() }
}

/// Random graphs whose edges go from smaller to larger numbers; boxes are in band 0, in band 1 within it, or in none.
fn drawings() -> impl Strategy<Value = Drawing> {
    let boxes = prop::collection::vec(0..3_usize, 1..12);
    let edges = prop::collection::vec((0..12_usize, 0..12_usize), 0..20);
    (boxes, edges).prop_map(|(boxes, edges)| {
        let boxes: Vec<Vec<usize>> = boxes.into_iter().map(|depth| (0..depth).collect()).collect();
        let (count, both) = (boxes.len(), boxes.clone());
        let common = |a: usize, b: usize| {
            if both[a].len() < both[b].len() { both[a].clone() } else { both[b].clone() }
        };
        let edges = edges.into_iter().map(|(a, b)| (a % count, b % count)).filter(|(a, b)| a < b);
        let edges = edges.map(|(a, b)| Line { bands: common(a, b), ..line(a, b) }).collect();
        Drawing { boxes, edges }
    })
}

/// The corners of an outline.
fn corners(path: &str) -> Vec<(f64, f64)> {
    let points = path.trim_end_matches('Z').split(['M', 'L']).filter(|point| !point.is_empty());
    points
        .map(|point| point.split_once(' ').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).unwrap())
        .collect()
}

/// Whether a point is inside one of the outlines of a path.
fn holds(path: &str, point: (f64, f64)) -> bool {
    path.split('Z').filter(|outline| !outline.is_empty()).any(|outline| is_inside(outline, point))
}

/// Whether a point is inside an outline: a ray to the right crosses it an odd number of times.
fn is_inside(path: &str, (x, y): (f64, f64)) -> bool {
    let corners = corners(path);
    let next = corners.iter().cycle().skip(1);
    let crosses = |((ax, ay), (bx, by)): (&(f64, f64), &(f64, f64))| {
        (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
    };
    corners.iter().zip(next).filter(|pair| crosses(*pair)).count() % 2 == 1
}

proptest! {
    #[test]
    fn nothing_overlaps_and_bands_hold_their_own(
        drawing in drawings(),
        direction in prop_oneof![Just(Direction::Right), Just(Direction::Down)],
    ) {
        let picture = lay_out(&drawing, direction);
        for (i, a) in picture.boxes.iter().enumerate() {
            prop_assert!(a.0 >= 0.0 && a.1 >= 0.0 && a.0 + BOX_WIDTH <= picture.width && a.1 + BOX_HEIGHT <= picture.height);
            for b in &picture.boxes[..i] {
                prop_assert!((a.0 - b.0).abs() >= BOX_WIDTH || (a.1 - b.1).abs() >= BOX_HEIGHT);
            }
        }
        for edge in &picture.edges {
            let (from, to) = (picture.boxes[edge.from], picture.boxes[edge.to]);
            let is_before = if direction == Direction::Right { from.0 < to.0 } else { from.1 < to.1 };
            prop_assert!(is_before);
        }
        for band in &picture.bands {
            prop_assert!(band.room > 100.0 && band.title.0 > 0.0 && band.title.1 > 0.0);
            for (i, (x, y)) in picture.boxes.iter().enumerate() {
                let middle = (x + BOX_WIDTH / 2.0, y + BOX_HEIGHT / 2.0);
                prop_assert_eq!(holds(&band.path, middle), drawing.boxes[i].contains(&band.band), "{} {}", i, band.path);
            }
        }
        prop_assert_eq!(lay_out(&drawing, direction), picture, "the same each time");
    }
}

#[test]
fn a_chain_is_one_straight_row_or_column() {
    let drawing = Drawing { boxes: vec![vec![]; 4], edges: vec![line(0, 1), line(1, 2), line(2, 3)] };
    let picture = lay_out(&drawing, Direction::Right);
    assert!(picture.boxes.windows(2).all(|pair| pair[0].1 == pair[1].1 && pair[0].0 < pair[1].0));
    let picture = lay_out(&drawing, Direction::Down);
    assert!(picture.boxes.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1 < pair[1].1));
}

#[test]
fn only_where_bands_begin_or_end_there_is_room_for_them() {
    let boxes = vec![vec![], vec![], vec![0, 1], vec![]];
    let edges = vec![line(0, 1), line(1, 2), line(2, 3)];
    let picture = lay_out(&Drawing { boxes, edges }, Direction::Right);
    let steps: Vec<f64> = picture.boxes.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(steps[0] < steps[1] && steps[1] == steps[2], "{steps:?}");
}
