//! Something we need of others does not answer. A cause, not a page: its owner hears of it too.

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

const HOLD: Duration = Duration::from_mins(2);

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let down = view.vitals.dependencies.iter().filter(|d| !d.up);
    down.map(|d| {
        let said = d.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        let text = format!("{} ({}) does not answer{said}", d.name, d.address);
        let mut finding = Finding::new(Alert::DependencyDown, Level::Degraded, d.since, text)
            .about(d.name.clone())
            .look("posthaste depends")
            .after(HOLD);
        finding.owner.clone_from(&d.owner);
        finding
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, well};
    use super::*;

    #[test]
    fn the_owner_stands_in_it() {
        let mut vitals = well();
        vitals.dependencies[1].up = false;
        vitals.dependencies[1].error = Some("connection refused".into());
        vitals.dependencies[1].owner = Some("mail@example.org".into());
        let said = of(judge, &vitals);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].text, "relay (mx.example.org:25) does not answer: connection refused");
        assert_eq!(said[0].owner.as_deref(), Some("mail@example.org"));
        assert_eq!(said[0].level, Level::Degraded, "a cause never pages");
    }
}
