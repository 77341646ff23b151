//! The disk under the spool will be full within a day if it goes on like this.

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

const SOON: u64 = 24 * 3600;

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let disk = &view.vitals.disk;
    let Some(left) = disk.full_in_seconds.filter(|left| *left < SOON && disk.trouble.is_none()) else {
        return vec![];
    };
    let text = format!(
        "the disk under the spool reaches its reserve in {} h {} min ({} MiB free)",
        left / 3600,
        left % 3600 / 60,
        disk.free_bytes >> 20
    );
    let finding = Finding::new(Alert::DiskReserve, Level::Degraded, view.vitals.at, text);
    // A forecast from a burst is no forecast.
    vec![finding.look("posthaste check disk").after(Duration::from_mins(10))]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, well};
    use super::*;

    #[test]
    fn forecasts() {
        for (left, says) in [(None, false), (Some(SOON), false), (Some(SOON - 1), true), (Some(0), true)] {
            let mut vitals = well();
            vitals.disk.full_in_seconds = left;
            assert_eq!(!of(judge, &vitals).is_empty(), says, "{left:?}");
        }
    }
}
