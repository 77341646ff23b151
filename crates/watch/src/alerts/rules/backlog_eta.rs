//! What waits moves, but will take long.

use std::time::Duration;

use posthaste_model::Stage;

use super::super::{Alert, Finding, Level};
use super::View;

const LONG: u64 = 30 * 60;
const VERY_LONG: u64 = 2 * 3600;
/// A rate of the last minute says little about an hour; let it settle.
const HOLD: Duration = Duration::from_mins(5);

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let stages = [Stage::Incoming, Stage::Out].into_iter().filter_map(|stage| view.vitals.stage(stage));
    let slow = stages.filter_map(|s| Some((s, s.eta_seconds?))).max_by_key(|(_, eta)| *eta);
    let Some((stage, eta)) = slow.filter(|(_, eta)| *eta > LONG) else { return vec![] };
    let level = if eta > VERY_LONG { Level::Critical } else { Level::Degraded };
    let text = format!(
        "{} posts wait at stage {}, at the present rate for {} h {} min",
        stage.depth,
        stage.stage,
        eta / 3600,
        eta % 3600 / 60
    );
    let finding = Finding::new(Alert::BacklogEta, level, view.vitals.at, text);
    vec![finding.look("posthaste queue ls").after(HOLD)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, well};
    use super::*;

    #[test]
    fn hours() {
        for (eta, level) in [
            (None, None),
            (Some(1800), None),
            (Some(1801), Some(Level::Degraded)),
            (Some(7201), Some(Level::Critical)),
        ] {
            let mut vitals = well();
            vitals.stages[Stage::Out.index()].eta_seconds = eta;
            assert_eq!(of(judge, &vitals).first().map(|f| f.level), level, "{eta:?}");
        }
    }
}
