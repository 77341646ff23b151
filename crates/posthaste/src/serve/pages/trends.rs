use std::collections::VecDeque;
use std::sync::Arc;

use posthaste_model::Stage;
use posthaste_watch::{Sample, Samples};
use posthaste_web::Trend;

/// Minutes of a trend.
const LONGEST: usize = 6 * 60;
/// With fewer minutes than this, the seconds of the last ten minutes tell more.
const FEW: usize = 15;

/// The last hours of every stage; after a first start, the last minutes.
pub(super) fn trends(samples: &Samples) -> Vec<Trend> {
    let (ring, step_seconds) =
        if samples.minutes.len() < FEW { (&samples.seconds, 1) } else { (&samples.minutes, 60) };
    Stage::ALL.iter().map(|stage| Trend { stage: *stage, step_seconds, depth: depth(ring, *stage) }).collect()
}

fn depth(ring: &VecDeque<Arc<Sample>>, stage: Stage) -> Vec<u64> {
    let skipped = ring.len().saturating_sub(LONGEST.max(FEW * 60));
    let figure = |sample: &Arc<Sample>| sample.depth.get(stage.index()).map_or(0, |depth| u64::from(*depth));
    ring.range(skipped..).map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(count: usize, depth: u32) -> VecDeque<Arc<Sample>> {
        let mut all = vec![0; Stage::ALL.len()];
        all[Stage::Out.index()] = depth;
        std::iter::repeat_n(Arc::new(Sample { depth: all, ..Sample::default() }), count).collect()
    }

    #[test]
    fn seconds_until_there_are_minutes() {
        let out = |samples: &Samples| trends(samples).swap_remove(Stage::Out.index());
        let young = out(&Samples { seconds: ring(90, 7), minutes: ring(1, 3) });
        assert_eq!((young.step_seconds, young.depth.len(), young.depth[0]), (1, 90, 7));
        let old = out(&Samples { seconds: ring(600, 7), minutes: ring(4_000, 3) });
        assert_eq!((old.step_seconds, old.depth[0]), (60, 3));
        assert_eq!(trends(&Samples::default()).len(), Stage::ALL.len(), "and none at the very first");
    }
}
