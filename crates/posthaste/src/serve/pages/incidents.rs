use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use posthaste_watch::alerts::{Event, Happening, journal};
use posthaste_web::{Grade, Incident, Line};
use tokio::runtime::Handle;

/// So many are shown, the newest first.
const SHOWN: usize = 50;
/// How old what was read may be.
const FRESH: Duration = Duration::from_secs(3);

/// What happened lately, from the journal of the alerts. Read in the background, never by who asks.
pub(super) struct Incidents {
    state: PathBuf,
    runtime: Handle,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    incidents: Vec<Incident>,
    read: Option<Instant>,
    reading: bool,
}

impl Incidents {
    /// Of the server with this state folder, in the runtime that may read files.
    pub(super) fn new(state: PathBuf) -> Self {
        Self { state, runtime: Handle::current(), known: Arc::default() }
    }

    /// As last read.
    pub(super) fn all(&self) -> Vec<Incident> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.reading && known.read.is_none_or(|read| read.elapsed() > FRESH) {
            known.reading = true;
            let (state, shared) = (self.state.clone(), self.known.clone());
            self.runtime.spawn_blocking(move || {
                let incidents = journal(&state).map(|events| of(&events)).unwrap_or_default();
                *shared.lock().unwrap_or_else(PoisonError::into_inner) =
                    Known { incidents, read: Some(Instant::now()), reading: false };
            });
        }
        known.incidents.clone()
    }
}

/// The incidents that somebody was told of, the newest first.
fn of(events: &[Event]) -> Vec<Incident> {
    let mut stories: BTreeMap<u32, Vec<&Event>> = BTreeMap::new();
    for event in events {
        if let Some(id) = event.incident {
            stories.entry(id).or_default().push(event);
        }
    }
    stories.iter().rev().filter_map(|(id, story)| incident(*id, story)).take(SHOWN).collect()
}

fn incident(id: u32, story: &[&Event]) -> Option<Incident> {
    let told = |event: &&&Event| matches!(event.what, Happening::Noticed | Happening::Paged);
    let first = story.first()?;
    let title = headline(&story.iter().find(told)?.text);
    let drill = story.iter().any(|event| event.text.starts_with("DRILL"));
    let about_mail = story.iter().filter(told).any(|event| event.text.to_lowercase().contains("list mail"));
    let paged = story.iter().any(|event| event.what == Happening::Paged);
    Some(Incident {
        id: id.to_string(),
        title: if drill { format!("Drill: {title}") } else { title },
        grade: if paged { Grade::Critical } else { Grade::Degraded },
        public: about_mail && !drill,
        began: first.at,
        ended: story.iter().rev().find(|event| event.what == Happening::Closed).map(|event| event.at),
        lines: story.iter().map(|event| Line { at: event.at, what: line(event) }).collect(),
    })
}

/// The first sentence, without level and host before it.
fn headline(text: &str) -> String {
    let words = text.lines().next().unwrap_or_default();
    let words = words.split_once(": ").map_or(words, |(_, words)| words);
    let words = words.split_once(". ").map_or(words, |(first, _)| first);
    let mut letters = words.chars();
    let begin = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{begin}{}", letters.as_str().trim_end_matches('.'))
}

fn line(event: &Event) -> String {
    match &event.who {
        Some(who) => format!("{:?} ({who}): {}", event.what, event.text),
        None => format!("{:?}: {}", event.what, event.text),
    }
}

#[cfg(test)]
mod tests {
    use posthaste_model::Timestamp;

    use super::*;

    fn event(minute: u64, incident: Option<u32>, what: Happening, text: &str) -> Event {
        Event::new(Timestamp::default().plus(Duration::from_mins(minute)), incident, what, text)
    }

    #[test]
    fn stories_out_of_the_journal() {
        let paged =
            "CRITICAL lists.example.org: list mail is NOT being delivered since 14:35:31. 6 posts wait.";
        let events = [
            event(0, None, Happening::Started, "alerts watch again"),
            event(1, Some(1), Happening::Seen, "DependencyDown"),
            event(2, Some(1), Happening::Passed, "healed"),
            event(3, Some(2), Happening::Seen, "MailNotDelivered"),
            event(4, Some(3), Happening::Noticed, "DEGRADED host: 2 posts are set aside."),
            event(5, Some(2), Happening::Paged, paged),
            event(9, Some(2), Happening::Closed, "well again"),
            event(10, Some(4), Happening::Paged, "DRILL CRITICAL host: list mail is NOT being delivered."),
        ];
        let found = of(&events);
        let told: Vec<_> =
            found.iter().map(|i| (i.id.as_str(), i.title.as_str(), i.grade, i.public)).collect();
        assert_eq!(
            told,
            [
                ("4", "Drill: List mail is NOT being delivered", Grade::Critical, false),
                ("3", "2 posts are set aside", Grade::Degraded, false),
                ("2", "List mail is NOT being delivered since 14:35:31", Grade::Critical, true),
            ]
        );
        assert_eq!((found[1].ended, found[2].lines.len()), (None, 3));
        assert_eq!(found[2].ended, Some(events[6].at));
    }
}
