//! No mail is taken in, because the disk under the spool is full or sick (P4, P16).

use std::time::Duration;

use super::super::{Alert, Finding, Level};
use super::View;

pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let Some(why) = &view.vitals.disk.trouble else { return vec![] };
    let finding = Finding::new(Alert::SpoolUnhealthy, Level::Critical, view.vitals.at, why.clone());
    // Mail servers keep what they cannot hand over, for days: a minute of patience costs nobody anything.
    vec![finding.look("posthaste check disk").after(Duration::from_mins(1)).armed(true)]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of, well};
    use super::*;

    #[test]
    fn trouble_is_told_in_its_own_words() {
        let mut vitals = well();
        vitals.disk.trouble = Some("12 MiB free, less than the reserve of 256 MiB".into());
        assert_eq!(of(judge, &vitals)[0].text, "12 MiB free, less than the reserve of 256 MiB");
    }
}
