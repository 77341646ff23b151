//! An accepted post is not accounted for (P8). Nothing excuses it, no window hides it.

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

/// Checks in a row, a minute apart, that must agree.
const CHECKS: u32 = 2;

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let ledger = &view.vitals.ledger;
    if ledger.drift == 0 || ledger.drifting_checks < CHECKS {
        return vec![];
    }
    let text = match ledger.drift {
        lost if lost > 0 => format!("{lost} accepted posts are not accounted for"),
        twice => format!("{} posts are accounted for twice", -twice),
    };
    let since = ledger.checked.unwrap_or(view.vitals.at);
    let finding = Finding::new(Alert::LedgerDrift, Level::Critical, since, text);
    vec![finding.look("posthaste ledger").after(Duration::from_mins(1)).armed(true)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, well};
    use super::*;

    #[test]
    fn drifts() {
        for (drift, checks, says) in [
            (0, 5, None),
            (3, 1, None),
            (3, 2, Some("3 accepted posts are not accounted for")),
            (-1, 2, Some("1 posts are accounted for twice")),
        ] {
            let mut vitals = well();
            (vitals.ledger.drift, vitals.ledger.drifting_checks) = (drift, checks);
            let said = of(judge, &vitals);
            assert_eq!(said.first().map(|f| f.text.as_str()), says, "{drift} {checks}");
        }
    }
}
