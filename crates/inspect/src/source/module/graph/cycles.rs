//! Strongly connected components: R. E. Tarjan, Depth-first search and linear graph algorithms (1972), with a stack
//! of its own, since chains of imports may be as long as somebody likes.

/// Components of more than one node, each with one of its shortest cycles.
pub(super) fn of(nodes: usize, edges: &[(usize, usize)]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (from, to) in edges {
        next[*from].push(*to);
    }
    let parts = components(&next);
    parts.into_iter().map(|part| (shortest(&part, &next), part)).map(|(way, part)| (part, way)).collect()
}

const UNSEEN: usize = usize::MAX;

fn components(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut index = vec![UNSEEN; next.len()];
    let mut low = vec![0; next.len()];
    let mut on_stack = vec![false; next.len()];
    let (mut stack, mut found, mut count) = (Vec::new(), Vec::new(), 0);
    for start in 0..next.len() {
        if index[start] != UNSEEN {
            continue;
        }
        // A node and how many of its edges were followed.
        let mut frames = vec![(start, 0)];
        while let Some((node, followed)) = frames.last_mut() {
            let node = *node;
            if *followed == 0 {
                (index[node], low[node]) = (count, count);
                count += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(to) = next[node].get(*followed).copied() {
                *followed += 1;
                if index[to] == UNSEEN {
                    frames.push((to, 0));
                } else if on_stack[to] {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            frames.pop();
            if let Some((above, _)) = frames.last() {
                low[*above] = low[*above].min(low[node]);
            }
            if low[node] == index[node] {
                let mut part = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    part.push(member);
                    if member == node {
                        break;
                    }
                }
                if part.len() > 1 {
                    part.sort_unstable();
                    found.push(part);
                }
            }
        }
    }
    found
}

/// Members from which ways round are looked for: more would find hardly shorter ones.
const STARTS_MAX: usize = 32;
/// Nodes that are visited for it, before the way that was found has to do.
const VISITED_MAX: usize = 50_000;

fn shortest(part: &[usize], next: &[Vec<usize>]) -> Vec<usize> {
    let (mut best, mut visited): (Vec<usize>, usize) = (Vec::new(), 0);
    for start in part.iter().take(STARTS_MAX) {
        if visited > VISITED_MAX && !best.is_empty() {
            break;
        }
        let mut came: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
        let mut queue = std::collections::VecDeque::from([*start]);
        'search: while let Some(node) = queue.pop_front() {
            visited += 1;
            for to in next[node].iter().filter(|to| part.binary_search(to).is_ok()) {
                if to == start {
                    let mut way = vec![node];
                    while way[way.len() - 1] != *start {
                        way.push(came[&way[way.len() - 1]]);
                    }
                    way.reverse();
                    if best.is_empty() || way.len() < best.len() {
                        best = way;
                    }
                    break 'search;
                }
                if !came.contains_key(to) {
                    came.insert(*to, node);
                    queue.push_back(*to);
                }
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cycle_is_found_once() {
        let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (4, 5), (6, 0)];
        let mut found = of(7, &edges);
        found.sort();
        assert_eq!(found, [(vec![0, 1, 2], vec![0, 1, 2]), (vec![3, 4], vec![3, 4])]);
        assert!(of(3, &[(0, 1), (1, 2)]).is_empty());
    }

    #[test]
    fn a_long_chain_needs_no_long_stack() {
        let length = 200_000;
        let mut edges: Vec<_> = (1..length).map(|at| (at - 1, at)).collect();
        edges.push((length - 1, 0));
        let found = of(length, &edges);
        assert_eq!((found.len(), found[0].0.len(), found[0].1.len()), (1, length, length));
    }
}
