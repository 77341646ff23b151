//! What was measured, what was promised, and whether it held. Pure.

use std::time::Duration;

use serde::Serialize;

/// What is promised under one fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Promise {
    /// Its number in the list of promises.
    pub(super) name: &'static str,
    /// It shows in the vitals after at most this time; `None`: there is nothing to be seen.
    pub(super) detect: Option<Duration>,
    /// Mail is delivered again this long after the cause has gone.
    pub(super) resume: Duration,
    /// At most so many copies come twice.
    pub(super) duplicates: u64,
}

/// What was measured.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Measured {
    /// Posts that were accepted.
    pub(super) accepted: usize,
    /// Copies that never came.
    pub(super) lost: u64,
    /// Copies that came again.
    pub(super) duplicated: u64,
    /// Replies that blamed the sender for our trouble.
    pub(super) blamed: Vec<String>,
    /// How long after the stroke the vitals showed it.
    pub(super) detected: Option<Duration>,
    /// How long after the cause had gone something new was delivered.
    pub(super) resumed: Option<Duration>,
    /// Alerts that would have been told to somebody.
    pub(super) told: Vec<String>,
}

/// One line of the drill's table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Row {
    pub(super) fault: &'static str,
    pub(super) database: &'static str,
    pub(super) posts: usize,
    pub(super) lost: u64,
    pub(super) duplicated: u64,
    pub(super) detect_seconds: Option<f64>,
    pub(super) told: Vec<String>,
    pub(super) resume_seconds: Option<f64>,
    pub(super) promise: String,
    /// What was promised and did not hold; empty if all did.
    pub(super) broken: Vec<String>,
}

/// What did not hold; empty if all did.
pub(super) fn broken(promise: &Promise, measured: &Measured) -> Vec<String> {
    let mut broken = vec![];
    if measured.accepted == 0 {
        broken.push("nothing was accepted: there is nothing to judge by".into());
    }
    if measured.lost > 0 {
        broken.push(format!("{} copies lost", measured.lost));
    }
    if measured.duplicated > promise.duplicates {
        broken.push(format!("{} copies came twice", measured.duplicated));
    }
    if let Some(reply) = measured.blamed.first() {
        broken.push(format!("our trouble was answered with {reply:?} (P7)"));
    }
    if let Some(limit) = promise.detect {
        match measured.detected {
            None => broken.push("nobody saw it".into()),
            Some(after) if after > limit => {
                broken.push(format!("seen after {:.1} s only", after.as_secs_f64()));
            }
            Some(_) => {}
        }
    }
    match measured.resumed {
        None => broken.push("delivery did not come back".into()),
        Some(after) if after > promise.resume => {
            broken.push(format!("delivery came back after {:.1} s only", after.as_secs_f64()));
        }
        Some(_) => {}
    }
    broken
}

impl Promise {
    /// In words.
    fn text(&self) -> String {
        let twice = match self.duplicates {
            0 => "none twice".to_owned(),
            most => format!("at most {most} twice"),
        };
        let seen = self.detect.map_or(String::new(), |after| format!(", seen in {} s", after.as_secs()));
        format!("{}: none lost, {twice}{seen}, back in {} s", self.name, self.resume.as_secs())
    }
}

impl Row {
    pub(super) const HEAD: [&'static str; 9] =
        ["fault", "database", "posts", "lost", "twice", "seen after", "told", "back after", "promise"];

    pub(super) fn new(
        fault: &'static str,
        database: &'static str,
        promise: &Promise,
        measured: &Measured,
    ) -> Self {
        let seconds = |time: Option<Duration>| time.map(|t| (t.as_secs_f64() * 10.0).round() / 10.0);
        Self {
            fault,
            database,
            posts: measured.accepted,
            lost: measured.lost,
            duplicated: measured.duplicated,
            detect_seconds: seconds(measured.detected),
            told: measured.told.clone(),
            resume_seconds: seconds(measured.resumed),
            promise: promise.text(),
            broken: broken(promise, measured),
        }
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let seconds = |time: Option<f64>| time.map_or("–".to_owned(), |t| format!("{t:.1} s"));
        let verdict = match self.broken.as_slice() {
            [] => format!("kept. {}", self.promise),
            broken => format!("BROKEN: {}. {}", broken.join("; "), self.promise),
        };
        let told = if self.told.is_empty() { "nobody".to_owned() } else { self.told.join(", ") };
        vec![
            self.fault.into(),
            self.database.into(),
            self.posts.to_string(),
            self.lost.to_string(),
            self.duplicated.to_string(),
            seconds(self.detect_seconds),
            told,
            seconds(self.resume_seconds),
            verdict,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMISE: Promise = Promise {
        name: "P10",
        detect: Some(Duration::from_secs(15)),
        resume: Duration::from_secs(5),
        duplicates: 0,
    };

    fn good() -> Measured {
        Measured {
            accepted: 3,
            detected: Some(Duration::from_secs(2)),
            resumed: Some(Duration::from_secs(1)),
            ..Measured::default()
        }
    }

    #[test]
    fn a_promise_is_broken_by_each_of_these() {
        let late = Some(Duration::from_mins(1));
        let cases = [
            (good(), ""),
            (Measured { accepted: 0, ..good() }, "nothing was accepted"),
            (Measured { lost: 1, ..good() }, "1 copies lost"),
            (Measured { duplicated: 2, ..good() }, "2 copies came twice"),
            (Measured { blamed: vec!["550 no".into()], ..good() }, "550 no"),
            (Measured { detected: None, ..good() }, "nobody saw it"),
            (Measured { detected: late, ..good() }, "seen after 60.0 s"),
            (Measured { resumed: None, ..good() }, "did not come back"),
            (Measured { resumed: late, ..good() }, "came back after 60.0 s"),
        ];
        for (measured, wanted) in cases {
            let said = broken(&PROMISE, &measured).join("; ");
            assert!(
                said.contains(wanted) && said.is_empty() == wanted.is_empty(),
                "{said:?} has no {wanted:?}"
            );
        }
    }

    #[test]
    fn a_line_says_what_was_promised_and_what_was_not_kept() {
        let line = Row::new("x", "sqlite", &PROMISE, &Measured { lost: 1, ..good() }).cells().join("|");
        assert!(
            line.contains("BROKEN: 1 copies lost. P10: none lost, none twice, seen in 15 s, back in 5 s"),
            "{line}"
        );
    }
}
