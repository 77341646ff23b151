//! Posts were set aside because they killed what worked on them; a person must look (P14).

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

const FEW: usize = 10;
const HOLD: Duration = Duration::from_mins(10);

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let quarantine = &view.vitals.quarantine;
    let say = |level| {
        let age = Duration::from_secs(quarantine.oldest_seconds.unwrap_or(0));
        let text =
            format!("{} posts are set aside in quarantine, not lost and not delivered", quarantine.count);
        Finding::new(Alert::Quarantine, level, view.vitals.at.minus(age), text).look("posthaste queue ls")
    };
    let mut said = Vec::new();
    if quarantine.count > 0 {
        said.push(say(Level::Degraded).after(HOLD));
    }
    if quarantine.count > FEW {
        said.push(say(Level::Critical).after(Duration::from_mins(1)));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, well};
    use super::*;

    #[test]
    fn some_and_many() {
        for (count, levels) in
            [(0, vec![]), (10, vec![Level::Degraded]), (11, vec![Level::Degraded, Level::Critical])]
        {
            let mut vitals = well();
            vitals.quarantine.count = count;
            let said: Vec<_> = of(judge, &vitals).iter().map(|f| f.level).collect();
            assert_eq!(said, levels, "{count}");
        }
    }
}
