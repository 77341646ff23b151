use posthaste_model::Stage;
use posthaste_watch::StageVitals;

use super::spark::Spark;
use crate::seen::Seen;
use crate::words;

/// A stage on the page.
pub(crate) struct StageRow {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) depth: String,
    pub(crate) due: String,
    pub(crate) age: String,
    pub(crate) rate: String,
    pub(crate) eta: String,
    pub(crate) paused: bool,
    /// True if what waits there waits too long.
    pub(crate) late: bool,
    pub(crate) spark: Option<Spark>,
}

/// The stages with something to tell, and the names of the others.
pub(super) fn rows(seen: &Seen) -> (Vec<StageRow>, Vec<&'static str>) {
    let mut rows = Vec::new();
    let mut quiet = Vec::new();
    for stage in &seen.vitals.stages {
        let always = matches!(stage.stage, Stage::Incoming | Stage::Out);
        let trend = seen.trend(stage.stage);
        let moved = trend.is_some_and(|trend| trend.depth.iter().any(|depth| *depth > 0));
        if always || stage.depth > 0 || stage.paused || stage.rate > 0.0 || moved {
            rows.push(row(stage, trend.and_then(Spark::new)));
        } else {
            quiet.push(stage.stage.name());
        }
    }
    (rows, quiet)
}

fn row(stage: &StageVitals, spark: Option<Spark>) -> StageRow {
    let delivers = matches!(stage.stage, Stage::Incoming | Stage::Out);
    let limit = if delivers { 60 } else { 900 };
    StageRow {
        name: stage.stage.name(),
        about: about(stage.stage),
        depth: words::number(stage.depth as u64),
        due: words::number((stage.due + stage.leased) as u64),
        age: stage.oldest_due_seconds.map_or("–".into(), words::duration),
        rate: match stage.rate * 60.0 {
            0.0 => "0".into(),
            slow if slow < 10.0 => format!("{slow:.1}"),
            fast => words::number(fast as u64),
        },
        eta: match stage.eta_seconds {
            Some(seconds) => words::duration(seconds),
            None if stage.due + stage.leased == 0 => "–".into(),
            None => "nothing moves".into(),
        },
        paused: stage.paused,
        late: stage.oldest_due_seconds.is_some_and(|age| age > limit),
        spark,
    }
}

fn about(stage: Stage) -> &'static str {
    match stage {
        Stage::Incoming => "accepted, to be judged",
        Stage::Command => "requests by mail",
        Stage::Bounce => "reports of failure",
        Stage::Out => "on its way to members",
        Stage::Archive => "to be archived",
        Stage::Digest => "for the next digest",
        Stage::Notice => "notices to be written",
        Stage::News => "for the news gateway",
    }
}
