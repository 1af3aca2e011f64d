//! Assigns boxes to columns, and orders the boxes of each column.

use std::collections::BTreeMap;

use super::drawing::Drawing;

/// An item of a column: a box, or an edge passing through.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The column.
    pub column: usize,
    /// The box; `None` for an edge.
    pub node: Option<usize>,
    /// The bands around it, outermost first.
    pub bands: Vec<usize>,
    /// The items in the previous column that lead here.
    pub before: Vec<usize>,
    /// The items in the next column that this leads to.
    pub after: Vec<usize>,
}

/// All items, and the columns as lists of them.
pub(super) struct Columns {
    /// The items; the boxes come first, in their order.
    pub items: Vec<Item>,
    /// The columns, each from top to bottom.
    pub columns: Vec<Vec<usize>>,
    /// For each edge, the items that it passes through between its ends.
    pub ways: Vec<Vec<usize>>,
}

/// An item, and its preferred height.
type Wish = (usize, f64);

/// How many times the order in all columns is improved.
const SWEEPS: usize = 8;

/// Assigns all boxes to columns. Boxes of the same band are adjacent in each column.
pub(super) fn arrange(drawing: &Drawing) -> Columns {
    let ranks = ranks(drawing);
    let mut columns = itemize(drawing, &ranks);
    for sweep in 0..SWEEPS {
        let count = columns.columns.len();
        let order: Vec<usize> =
            if sweep % 2 == 0 { (0..count).collect() } else { (0..count).rev().collect() };
        for column in order {
            let sorted = sort(&columns, column, sweep % 2 == 0);
            columns.columns[column] = sorted;
        }
    }
    columns
}

/// The column of each box: after everything that leads to it; a box that nothing leads to is right before what it leads
/// to.
fn ranks(drawing: &Drawing) -> Vec<usize> {
    let count = drawing.boxes.len();
    let mut ranks = vec![0; count];
    // There are no cycles, so each round settles at least one more box.
    for _ in 0..count {
        let mut is_settled = true;
        for line in drawing.edges.iter().filter(|line| line.from != line.to) {
            if ranks[line.to] <= ranks[line.from] {
                ranks[line.to] = ranks[line.from] + 1;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    for node in 0..count {
        let leads_to = drawing.edges.iter().filter(|line| line.from == node).map(|line| ranks[line.to]);
        if let (Some(next), false) = (leads_to.min(), drawing.edges.iter().any(|line| line.to == node)) {
            ranks[node] = usize::saturating_sub(next, 1);
        }
    }
    ranks
}

fn itemize(drawing: &Drawing, ranks: &[usize]) -> Columns {
    let item = |column, node, bands: &[usize]| Item {
        column,
        node,
        bands: bands.to_vec(),
        before: Vec::new(),
        after: Vec::new(),
    };
    let mut items: Vec<Item> =
        drawing.boxes.iter().enumerate().map(|(i, bands)| item(ranks[i], Some(i), bands)).collect();
    let mut ways = Vec::new();
    for line in &drawing.edges {
        let mut way = Vec::new();
        let mut last = line.from;
        for column in ranks[line.from] + 1..ranks[line.to].max(ranks[line.from] + 1) {
            items.push(item(column, None, &line.bands));
            let new = items.len() - 1;
            join(&mut items, last, new);
            way.push(new);
            last = new;
        }
        join(&mut items, last, line.to);
        ways.push(way);
    }
    let count = items.iter().map(|item| item.column + 1).max().unwrap_or_default();
    let mut columns = vec![Vec::new(); count];
    items.iter().enumerate().for_each(|(i, item)| columns[item.column].push(i));
    Columns { items, columns, ways }
}

fn join(items: &mut [Item], from: usize, to: usize) {
    items[from].after.push(to);
    items[to].before.push(from);
}

/// The items of a column, sorted by the positions of their neighbours on one side.
fn sort(columns: &Columns, column: usize, is_forward: bool) -> Vec<usize> {
    let mut height = BTreeMap::new();
    for list in &columns.columns {
        // Columns of different lengths are aligned at their middles.
        let middle = list.len() as f64 / 2.0;
        height.extend(list.iter().enumerate().map(|(i, item)| (*item, i as f64 - middle)));
    }
    let wanted = |item: &usize| {
        let one = &columns.items[*item];
        let neighbours = if is_forward { &one.before } else { &one.after };
        let sum: f64 = neighbours.iter().map(|other| height[other]).sum();
        if neighbours.is_empty() { height[item] } else { sum / neighbours.len() as f64 }
    };
    let list = columns.columns[column].iter().map(|item| (*item, wanted(item))).collect();
    grouped(columns, list, 0).into_iter().map(|(item, _)| item).collect()
}

/// Sorts items that share their bands up to `depth`, keeping those of each deeper band together.
fn grouped(columns: &Columns, list: Vec<Wish>, depth: usize) -> Vec<Wish> {
    let mut groups: Vec<(Option<usize>, Vec<Wish>)> = Vec::new();
    for one in list {
        let band = columns.items[one.0].bands.get(depth).copied();
        match groups.iter_mut().find(|(other, _)| band.is_some() && *other == band) {
            Some((_, group)) => group.push(one),
            None => groups.push((band, vec![one])),
        }
    }
    for (band, group) in &mut groups {
        if band.is_some() {
            *group = grouped(columns, std::mem::take(group), depth + 1);
        }
    }
    let mean = |group: &[Wish]| group.iter().map(|one| one.1).sum::<f64>() / group.len() as f64;
    groups.sort_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)));
    groups.into_iter().flat_map(|(_, group)| group).collect()
}
