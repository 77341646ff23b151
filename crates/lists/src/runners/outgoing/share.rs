//! How much one list may have of what all lists share (P12).

use std::collections::HashMap;

use posthaste_model::ListId;

/// A list may have so many times as many workers as are free.
const GREED: usize = 8;

/// Which lists the workers work for.
#[derive(Debug)]
pub(super) struct Shares {
    workers: usize,
    busy: HashMap<ListId, usize>,
}

impl Shares {
    pub(super) fn new(workers: usize) -> Self {
        Self { workers, busy: HashMap::new() }
    }

    /// Whether one more worker may work for this list.
    pub(super) fn may_take(&self, list: &ListId) -> bool {
        may_take(self.busy.get(list).copied().unwrap_or(0), self.free())
    }

    /// Workers who work for nobody.
    pub(super) fn free(&self) -> usize {
        self.workers.saturating_sub(self.busy.values().sum())
    }

    /// Whether one may be spared for recipients whom the relay may be silent about: the last one is not.
    pub(super) fn may_go_slow(&self) -> bool {
        self.workers <= 1 || self.free() > 1
    }

    pub(super) fn take(&mut self, list: &ListId) {
        *self.busy.entry(list.clone()).or_default() += 1;
    }

    pub(super) fn give_back(&mut self, list: &ListId) {
        if let Some(busy) = self.busy.get_mut(list) {
            *busy -= 1;
            if *busy == 0 {
                self.busy.remove(list);
            }
        }
    }
}

/// Whether a list that has so many workers may have one more of those that are free. However slow its recipients are,
/// some are left for others, and the last one is for a list that has none.
fn may_take(has: usize, free: usize) -> bool {
    has == 0 || (free > 1 && has < GREED * free)
}

/// The lists that have `most` or more of these.
pub(super) fn crowded<'a>(open: impl Iterator<Item = &'a ListId>, most: usize) -> Vec<ListId> {
    let mut counts: HashMap<&ListId, usize> = HashMap::new();
    for list in open {
        *counts.entry(list).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count >= most).map(|(list, _)| list.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many workers each of these lists gets that all want as many as they can, one after the other.
    fn greedy(workers: usize, lists: usize) -> Vec<usize> {
        let mut shares = Shares::new(workers);
        let names: Vec<_> = (0..lists).map(|n| ListId::new(format!("list{n}.example.org"))).collect();
        for name in &names {
            while shares.may_take(name) && shares.busy.values().sum::<usize>() < workers {
                shares.take(name);
            }
        }
        names.iter().map(|name| shares.busy.get(name).copied().unwrap_or(0)).collect()
    }

    #[test]
    fn p12_a_list_that_stalls_leaves_workers_to_the_next() {
        for (workers, wanted) in [
            (20, vec![18, 1, 1]),
            (8, vec![7, 1, 0]),
            (4, vec![3, 1, 0]),
            (2, vec![1, 1, 0]),
            (1, vec![1, 0, 0]),
        ] {
            assert_eq!(greedy(workers, 3), wanted, "{workers} workers");
        }
        assert!(greedy(64, 3).iter().all(|got| *got > 0));
    }

    #[test]
    fn p12_the_last_worker_is_not_for_those_the_relay_is_silent_about() {
        let list = ListId::new("a");
        for (workers, taken, may) in
            [(1, 0, true), (2, 0, true), (2, 1, false), (20, 18, true), (20, 19, false)]
        {
            let mut shares = Shares::new(workers);
            (0..taken).for_each(|_| shares.take(&list));
            assert_eq!(shares.may_go_slow(), may, "{taken} of {workers}");
        }
    }

    #[test]
    fn p12_crowded_lists_are_those_with_their_share() {
        let (a, b) = (ListId::new("a"), ListId::new("b"));
        assert_eq!(crowded([&a, &b, &a].into_iter(), 2), std::slice::from_ref(&a));
        assert!(crowded([&a, &b].into_iter(), 2).is_empty());
    }
}
