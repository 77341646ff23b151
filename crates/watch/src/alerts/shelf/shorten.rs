//! Which lines of the journal stay when it has grown long.

use std::collections::BTreeSet;

use crate::alerts::Event;

/// The newest lines, `most` octets of them, and whatever belongs to an incident that is among them or among `open`: a story
/// stays whole or goes whole. Lines that cannot be read go.
pub(super) fn shortened(text: &str, most: usize, open: &BTreeSet<u32>) -> String {
    let lines: Vec<(&str, Option<u32>)> = text
        .lines()
        .filter_map(|line| Some((line, serde_json::from_str::<Event>(line).ok()?.incident)))
        .collect();
    let (mut kept, mut octets) = (open.clone(), 0);
    let mut from = lines.len();
    while let Some((line, incident)) = from.checked_sub(1).and_then(|at| lines.get(at)) {
        octets += line.len() + 1;
        if octets > most {
            break;
        }
        kept.extend(incident);
        from -= 1;
    }
    let stays =
        |at: usize, incident: &Option<u32>| at >= from || incident.is_some_and(|id| kept.contains(&id));
    let mut short = String::with_capacity(octets);
    for (_, (line, _)) in lines.iter().enumerate().filter(|(at, (_, incident))| stays(*at, incident)) {
        short.push_str(line);
        short.push('\n');
    }
    short
}

#[cfg(test)]
mod tests {
    use posthaste_model::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::alerts::Happening;

    fn text(incidents: &[Option<u32>]) -> String {
        let line = |id: &Option<u32>| {
            serde_json::to_string(&Event::new(Timestamp::default(), *id, Happening::Seen, "x")).unwrap()
        };
        incidents.iter().map(|id| line(id) + "\n").collect()
    }

    proptest! {
        #[test]
        fn stories_stay_whole_and_open_ones_stay(
            incidents in proptest::collection::vec(proptest::option::of(0_u32..12), 0..120),
            open in proptest::collection::btree_set(0_u32..12, 0..3),
            most in 0_usize..6_000,
        ) {
            let all = text(&incidents);
            let short = shortened(&all, most, &open);
            let kept: Vec<Option<u32>> =
                short.lines().map(|l| serde_json::from_str::<Event>(l).unwrap().incident).collect();
            let count = |of: &[Option<u32>], id: u32| of.iter().filter(|i| **i == Some(id)).count();
            for id in 0..12 {
                let (before, after) = (count(&incidents, id), count(&kept, id));
                prop_assert!(after == before || (after == 0 && !open.contains(&id)), "{id}: {after} of {before}");
            }
            prop_assert!(all.len() > most || short == all);
            prop_assert_eq!(shortened(&short, short.len(), &open), short);
        }
    }

    #[test]
    fn what_cannot_be_read_goes() {
        let all = format!("{{torn\n{}", text(&[Some(1)]));
        assert_eq!(shortened(&all, 1_000, &BTreeSet::new()), text(&[Some(1)]));
    }
}
