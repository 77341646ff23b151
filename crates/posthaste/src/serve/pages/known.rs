//! What alerts know, in the words of the pages.

use posthaste_watch::alerts::{AlertState, Level, Overview, Shown};
use posthaste_web::{Acked, Grade, OpenAlert, Window};

/// Those that were told, the worst first.
pub(super) fn alerts(overview: &Overview) -> Vec<OpenAlert> {
    let told = |shown: &&Shown| !matches!(shown.state, AlertState::Pending | AlertState::Ok);
    let mut alerts: Vec<_> = overview.incidents.iter().filter(told).map(alert).collect();
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.grade));
    alerts
}

/// One of them.
pub(super) fn alert(shown: &Shown) -> OpenAlert {
    let grade = match (shown.state, shown.level) {
        (AlertState::Unknown, _) => Grade::Unknown,
        (_, Level::Critical) => Grade::Critical,
        (_, Level::Degraded) => Grade::Degraded,
    };
    let drill = if shown.drill { "A drill: " } else { "" };
    OpenAlert {
        id: shown.id.to_string(),
        name: shown.alert.clone(),
        grade,
        state: shown.state.word().to_lowercase(),
        symptom: shown.symptom && !shown.drill,
        since: shown.since,
        text: format!("{drill}{}", shown.text),
        cause: Some(shown.cause.clone()),
        look: Some(shown.look.clone()),
        owner: Some(shown.owner.clone()).filter(|owner| !owner.is_empty()),
        acked: shown.ack.as_ref().zip(shown.ack_until).map(|(ack, until)| Acked {
            by: ack.by.clone(),
            until,
            note: ack.note.clone(),
        }),
    }
}

/// The maintenance window.
pub(super) fn windows(overview: &Overview) -> Vec<Window> {
    let window = overview.window.iter().map(|window| Window {
        about: window.why.clone(),
        by: window.who.clone(),
        from: window.from,
        until: window.until,
    });
    window.collect()
}
