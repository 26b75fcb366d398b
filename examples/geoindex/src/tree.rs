//! A k-d tree over points on the unit sphere.
//!
//! It is stored in one array: the middle of each range is the node that splits it, by the
//! coordinates in turn, and the two halves are its subtrees.

use std::collections::BinaryHeap;

use crate::sphere::{self, Point};

/// A point, and its index in the input.
#[derive(Clone, Copy)]
struct Node {
    point: Point,
    index: usize,
}

/// The tree. Points are identified by their index in the input.
pub struct Tree(Vec<Node>);

/// A point that was found: the square of its chord, and its index. Ordered by distance.
#[derive(Clone, Copy, PartialEq)]
struct Found(f64, usize);

impl Eq for Found {}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Tree {
    /// Builds a tree of these points.
    pub fn new(points: impl IntoIterator<Item = Point>) -> Self {
        let mut nodes: Vec<Node> = points
            .into_iter()
            .enumerate()
            .map(|(index, point)| Node { point, index })
            .collect();
        split(&mut nodes, 0);
        Self(nodes)
    }

    /// Returns the indices and distances of the `count` points nearest to `from` and no farther
    /// than `radius` meters, nearest first.
    pub fn nearest(&self, from: Point, count: usize, radius: f64) -> Vec<(usize, f64)> {
        let mut search = Search {
            from,
            count,
            limit: sphere::chord2_of(radius),
            best: BinaryHeap::new(),
        };
        if count > 0 {
            search.visit(&self.0, 0);
        }
        let found = search.best.into_sorted_vec();
        found
            .into_iter()
            .map(|Found(chord2, index)| (index, sphere::arc(chord2)))
            .collect()
    }
}

/// Orders the nodes of a range so that it is a subtree.
fn split(nodes: &mut [Node], axis: usize) {
    if nodes.len() < 2 {
        return;
    }
    let middle = nodes.len() / 2;
    nodes.select_nth_unstable_by(middle, |a, b| a.point[axis].total_cmp(&b.point[axis]));
    let (low, high) = nodes.split_at_mut(middle);
    split(low, (axis + 1) % 3);
    split(&mut high[1..], (axis + 1) % 3);
}

/// A search for the nearest points.
struct Search {
    from: Point,
    count: usize,
    limit: f64,
    best: BinaryHeap<Found>,
}

impl Search {
    fn visit(&mut self, nodes: &[Node], axis: usize) {
        let middle = nodes.len() / 2;
        let Some(node) = nodes.get(middle) else {
            return;
        };
        self.offer(Found(sphere::chord2(self.from, node.point), node.index));
        let across = self.from[axis] - node.point[axis];
        let (low, high) = (&nodes[..middle], &nodes[middle + 1..]);
        let (near, far) = if across < 0.0 {
            (low, high)
        } else {
            (high, low)
        };
        self.visit(near, (axis + 1) % 3);
        if across * across <= self.limit {
            self.visit(far, (axis + 1) % 3);
        }
    }

    fn offer(&mut self, found: Found) {
        if found.0 > self.limit {
            return;
        }
        self.best.push(found);
        if self.best.len() > self.count {
            self.best.pop();
        }
        if self.best.len() == self.count
            && let Some(farthest) = self.best.peek()
        {
            self.limit = farthest.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns points all over the sphere, the same in every run.
    fn points(count: usize) -> Vec<Point> {
        let mut state = 7_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..count)
            .map(|_| sphere::point(next() * 180.0 - 90.0, next() * 360.0 - 180.0))
            .collect()
    }

    #[test]
    fn it_finds_the_same_as_a_linear_search() {
        let points = points(500);
        let tree = Tree::new(points.clone());
        for &from in points.iter().step_by(50) {
            for (count, radius) in [(1, f64::INFINITY), (7, f64::INFINITY), (500, 1_000_000.0)] {
                let mut all: Vec<(usize, f64)> = points
                    .iter()
                    .map(|point| sphere::distance(from, *point))
                    .enumerate()
                    .filter(|(_, distance)| *distance <= radius)
                    .collect();
                all.sort_by(|a, b| a.1.total_cmp(&b.1));
                all.truncate(count);
                assert_eq!(tree.nearest(from, count, radius), all);
            }
        }
    }

    #[test]
    fn an_empty_tree_and_a_count_of_zero_find_nothing() {
        assert!(
            Tree::new([])
                .nearest([1.0, 0.0, 0.0], 3, f64::INFINITY)
                .is_empty()
        );
        assert!(
            Tree::new(points(3))
                .nearest([1.0, 0.0, 0.0], 0, f64::INFINITY)
                .is_empty()
        );
    }
}
