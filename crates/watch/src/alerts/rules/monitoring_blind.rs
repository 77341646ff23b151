//! No data is bad data (P28): without vitals, or with a canary that cannot even be sent, nobody knows whether mail
//! comes. First UNKNOWN, then a page.

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

/// Vitals come every second; without any for so long we are blind.
const STALE: Duration = Duration::from_secs(30);
/// UNKNOWN is told two minutes after the last data, and a page follows at five.
const HOLD: Duration = Duration::from_secs(90);
const PAGE: Duration = Duration::from_secs(270);

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let mut said = Vec::new();
    if let Some(seen) = view.memory.seen {
        let dark = view.now.steady.since(seen);
        if dark > STALE {
            let text = format!("the server has told nothing about itself for {} s", dark.as_secs());
            said.extend(both(view.now.wall_of(seen), &text, "vitals"));
        }
    }
    let canary = &view.vitals.canary;
    if let Some(error) = canary.error.as_ref().filter(|_| canary.enabled)
        && !view.memory.explained(view.now.steady)
        && view.vitals.disk.trouble.is_none()
    {
        let text = format!("the canary cannot be sent: {error}");
        said.extend(both(view.vitals.at, &text, "canary"));
    }
    said
}

fn both(since: posthaste_model::Timestamp, text: &str, subject: &str) -> [Finding; 2] {
    [(Level::Degraded, HOLD), (Level::Critical, PAGE)].map(|(level, hold)| {
        Finding::new(Alert::MonitoringBlind, level, since, text)
            .about(subject)
            .look("posthaste status")
            .after(hold)
            .armed(level == Level::Critical)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::Moment;
    use super::super::tests::well;
    use super::super::{Memory, View};
    use super::*;

    #[test]
    fn silence_of_half_a_minute() {
        let vitals = well();
        let memory = Memory { seen: Some(vitals.at), ..Memory::default() };
        for (seconds, says) in [(1, 0), (30, 0), (31, 2)] {
            let steady = vitals.at.plus(Duration::from_secs(seconds));
            let now = Moment { steady, wall: steady };
            let said =
                judge(&View { vitals: &vitals, memory: &memory, paged: false, exit: None, paths: 1, now });
            assert_eq!(said.len(), says, "{seconds}");
        }
    }
}
