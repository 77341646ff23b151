use std::collections::HashMap;

/// A post of a thread, as far as its place matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Branch<'a> {
    /// Its name within the thread.
    pub name: &'a str,
    /// The name of the post it answers.
    pub parent: Option<&'a str>,
}

/// Where a post stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// Which of those given.
    pub index: usize,
    /// How many it answers one after the other; 0 for the first.
    pub depth: usize,
}

/// The order in which a thread is read: each post before its answers, answers in the order they are given here. Every post
/// comes once, whatever the parents say.
pub fn arrange(posts: &[Branch<'_>]) -> Vec<Placed> {
    let places: HashMap<&str, usize> = posts.iter().enumerate().map(|(at, post)| (post.name, at)).collect();
    let mut answers: Vec<Vec<usize>> = vec![vec![]; posts.len()];
    let mut roots = vec![];
    for (at, post) in posts.iter().enumerate() {
        match post.parent.and_then(|parent| places.get(parent)).filter(|parent| **parent != at) {
            Some(parent) => answers.get_mut(*parent).into_iter().for_each(|list| list.push(at)),
            None => roots.push(at),
        }
    }
    let mut placed = Vec::with_capacity(posts.len());
    let mut seen = vec![false; posts.len()];
    // Those that a circle of parents would hide come last, each as if it answered nobody.
    for root in roots.into_iter().chain(0..posts.len()) {
        let mut stack = vec![Placed { index: root, depth: 0 }];
        while let Some(next) = stack.pop() {
            if seen.get_mut(next.index).is_none_or(|seen| std::mem::replace(seen, true)) {
                continue;
            }
            placed.push(next);
            let below = answers.get(next.index).map(Vec::as_slice).unwrap_or_default();
            stack.extend(below.iter().rev().map(|index| Placed { index: *index, depth: next.depth + 1 }));
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(posts: &[(&str, &str)]) -> Vec<(usize, usize)> {
        let posts: Vec<_> = posts
            .iter()
            .map(|(name, parent)| Branch { name, parent: (!parent.is_empty()).then_some(*parent) })
            .collect();
        arrange(&posts).into_iter().map(|placed| (placed.index, placed.depth)).collect()
    }

    #[test]
    fn answers_follow_what_they_answer() {
        assert_eq!(order(&[]), []);
        assert_eq!(
            order(&[("a", ""), ("b", "a"), ("c", "a"), ("d", "b"), ("e", "gone")]),
            [(0, 0), (1, 1), (3, 2), (2, 1), (4, 0)]
        );
        assert_eq!(order(&[("a", "a"), ("b", "c"), ("c", "b")]), [(0, 0), (1, 0), (2, 1)]);
    }

    proptest! {
        #[test]
        fn every_post_once_and_after_its_parent(parents in proptest::collection::vec(0_usize..60, 1..50)) {
            let names: Vec<String> = (0..parents.len()).map(|n| n.to_string()).collect();
            let wanted: Vec<String> = parents.iter().map(ToString::to_string).collect();
            let posts: Vec<_> =
                names.iter().zip(&wanted).map(|(name, parent)| Branch { name, parent: Some(parent) }).collect();
            let placed = arrange(&posts);
            let mut indexes: Vec<_> = placed.iter().map(|p| p.index).collect();
            let at = |index: usize| indexes.iter().position(|i| *i == index).unwrap();
            for placed in placed.iter().filter(|placed| placed.depth > 0) {
                prop_assert!(at(parents[placed.index]) < at(placed.index));
            }
            indexes.sort_unstable();
            prop_assert_eq!(indexes, (0..parents.len()).collect::<Vec<_>>());
        }

        #[test]
        fn a_chain_of_any_length_costs_no_stack(length in 4_000_usize..5_000) {
            let names: Vec<String> = (0..length).map(|n| n.to_string()).collect();
            let posts: Vec<_> = names.iter().enumerate().map(|(at, name)| Branch {
                name, parent: at.checked_sub(1).and_then(|before| names.get(before)).map(String::as_str),
            }).collect();
            let placed = arrange(&posts);
            prop_assert_eq!(placed.last().map(|last| last.depth), Some(length - 1));
        }
    }
}
