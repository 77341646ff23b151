//! Every series, declared once.

use posthaste_lists::Destination;
use posthaste_model::Timestamp;

use super::text::Points;
use super::{Series, Type};
use crate::{StageVitals, TaskVitals, Vitals};

macro_rules! series {
    ($($kind:ident $name:literal [$($label:literal),*] $help:literal => $read:expr;)+) => {
        &[$(Series {
            name: concat!("posthaste_", $name),
            kind: Type::$kind,
            labels: &[$($label),*],
            help: $help,
            read: $read,
        }),+]
    };
}

/// Every series.
pub fn all() -> &'static [Series] {
    SERIES
}

const SERIES: &[Series] = series! {
    Gauge "build_info" ["version"] "Always 1; says which version runs." =>
        |v, p| p.add(&[v.version.as_str()], 1.0);
    Gauge "start_time_seconds" [] "When the process started, seconds since 1970." =>
        |v, p| p.add(&[], v.at.as_secs() as f64 - v.uptime_seconds as f64);
    Gauge "vitals_time_seconds" [] "When these figures were taken, seconds since 1970; old figures mean a stuck watch." =>
        |v, p| p.add(&[], seconds(v.at));
    Gauge "config_reload_failed" [] "1 if the last reload of the configuration was refused and the old one is in force." =>
        |v, p| p.add(&[], flag(v.config_error.is_some()));
    Gauge "lists" [] "Lists that are known." =>
        |v, p| p.add(&[], v.lists as f64);
    Gauge "spool_scanned" [] "1 once everything that was in the spool at the start has been found." =>
        |v, p| p.add(&[], flag(v.scanned));

    Gauge "stage_depth" ["stage"] "Entries that wait for a stage, now or later." =>
        |v, p| stages(v, p, |s| Some(s.depth as f64));
    Gauge "stage_due" ["stage"] "Entries due now and not worked on." =>
        |v, p| stages(v, p, |s| Some(s.due as f64));
    Gauge "stage_leased" ["stage"] "Entries being worked on." =>
        |v, p| stages(v, p, |s| Some(s.leased as f64));
    Gauge "stage_paused" ["stage"] "1 if an administrator lets the stage rest." =>
        |v, p| stages(v, p, |s| Some(flag(s.paused)));
    Gauge "oldest_due_age_seconds" ["stage"] "Age of the oldest entry that is due; 0 if none is. The stage quarantine says how long the oldest entry has been set aside." =>
        |v, p| {
            stages(v, p, |s| Some(s.oldest_due_seconds.unwrap_or(0) as f64));
            p.add(&["quarantine"], v.quarantine.oldest_seconds.unwrap_or(0) as f64);
        };
    Gauge "stage_rate" ["stage"] "Entries that left the stage, a second, over the last minute." =>
        |v, p| stages(v, p, |s| Some(s.rate));
    Gauge "stage_eta_seconds" ["stage"] "When what is due will be gone, by recipients for the stage out; no point while nothing moves or nothing waits." =>
        |v, p| stages(v, p, |s| s.eta_seconds.map(|eta| eta as f64));
    Gauge "waiting_posts" [] "Posts that wait at the stages that deliver." =>
        |v, p| p.add(&[], v.waiting.posts as f64);
    Gauge "waiting_lists" [] "Lists they belong to." =>
        |v, p| p.add(&[], v.waiting.lists as f64);
    Gauge "waiting_recipients" [] "Recipients who wait for planned posts." =>
        |v, p| p.add(&[], v.waiting.recipients as f64);
    Gauge "quarantine_entries" [] "Entries set aside for a person." =>
        |v, p| p.add(&[], v.quarantine.count as f64);

    Gauge "spool_healthy" [] "1 if mail is accepted, 0 if the disk does not let us." =>
        |v, p| p.add(&[], flag(v.disk.trouble.is_none()));
    Gauge "disk_free_bytes" [] "Free octets on the spool's disk." =>
        |v, p| p.add(&[], v.disk.free_bytes as f64);
    Gauge "disk_total_bytes" [] "Octets of the spool's disk." =>
        |v, p| p.add(&[], v.disk.total_bytes as f64);
    Gauge "disk_reserve_bytes" [] "Below this much free, no mail is accepted." =>
        |v, p| p.add(&[], v.disk.reserve_bytes as f64);
    Gauge "disk_free_inodes" [] "Free inodes on the spool's disk." =>
        |v, p| p.add(&[], v.disk.free_inodes as f64);
    Gauge "disk_full_in_seconds" [] "When the reserve is reached if it goes on as in the last hour; no point if it does not shrink." =>
        |v, p| p.maybe(&[], v.disk.full_in_seconds.map(|s| s as f64));

    Gauge "dependency_up" ["name"] "1 while what we need of others (database, relay, dns) answers." =>
        |v, p| v.dependencies.iter().for_each(|d| p.add(&[d.name.as_str()], flag(d.up)));
    Gauge "dependency_since_seconds" ["name"] "Since when it does or does not, seconds since 1970." =>
        |v, p| v.dependencies.iter().for_each(|d| p.add(&[d.name.as_str()], seconds(d.since)));
    Gauge "relay_connections" [] "Open connections to the relay." =>
        |v, p| p.add(&[], v.relay_connections as f64);

    Gauge "tasks_wanted" ["task"] "How many tasks of a name there should be." =>
        |v, p| tasks(v, p, |t| t.wanted as f64);
    Gauge "tasks_running" ["task"] "How many run." =>
        |v, p| tasks(v, p, |t| t.running as f64);
    Counter "task_restarts_total" ["task"] "Deaths, each followed by a new start." =>
        |v, p| tasks(v, p, |t| t.restarts as f64);
    Counter "task_replaced_total" ["task"] "Hung tasks that were replaced." =>
        |v, p| tasks(v, p, |t| t.replaced as f64);
    Gauge "task_stuck_seconds" ["task"] "How long one has been without progress though it has work." =>
        |v, p| tasks(v, p, |t| t.stuck_seconds as f64);

    Gauge "canary_enabled" [] "1 if a canary is configured." =>
        |v, p| p.add(&[], flag(v.canary.enabled));
    Counter "canary_sent_total" [] "Canaries sent." =>
        |v, p| p.add(&[], v.canary.sent as f64);
    Counter "canary_returned_total" [] "Canaries that came back." =>
        |v, p| p.add(&[], v.canary.returned as f64);
    Counter "canary_lost_total" [] "Canaries given up." =>
        |v, p| p.add(&[], v.canary.lost as f64);
    Gauge "canary_missing" [] "Canaries, one after the other, that have been away for more than 60 s." =>
        |v, p| p.add(&[], f64::from(v.canary.missing));
    Gauge "canary_latency_seconds" [] "How long the last one that came back was under way; no point before the first." =>
        |v, p| p.maybe(&[], v.canary.latency_ms.map(|ms| ms as f64 / 1_000.0));
    Gauge "canary_last_returned_seconds" [] "When the last one came back, seconds since 1970; no point before the first." =>
        |v, p| p.maybe(&[], v.canary.last_returned.map(seconds));

    Gauge "alert_path_broken" ["contact", "way"] "1 while this way does not get through: mail, webhook, or the heartbeat, whose contact is empty." =>
        |v, p| v.ways.iter().for_each(|w| p.add(&[w.contact.as_str(), w.way.as_str()], flag(w.broken)));
    Gauge "alert_path_proved_seconds" ["contact", "way"] "When something last got through this way, seconds since 1970; no point before the first time." =>
        |v, p| v.ways.iter().for_each(|w| p.maybe(&[w.contact.as_str(), w.way.as_str()], w.proved.map(seconds)));
    Gauge "ledger_drift" [] "Posts not accounted for (positive) or counted twice (negative); 0 when all is well." =>
        |v, p| p.add(&[], v.ledger.drift as f64);
    Gauge "ledger_drifting_checks" [] "Checks of the ledger in a row with a drift." =>
        |v, p| p.add(&[], f64::from(v.ledger.drifting_checks));
    Gauge "ledger_checked_seconds" [] "When the ledger was last checked, seconds since 1970; no point before the first." =>
        |v, p| p.maybe(&[], v.ledger.checked.map(seconds));
    Gauge "ledger_posts" ["account"] "The ledger of all lists, by account, since the start of the process." =>
        |v, p| v.ledger.total.accounts().iter().for_each(|(name, n)| p.add(&[name], *n as f64));

    Counter "accepted_total" [] "Messages made durable, one for each list address." =>
        |v, p| p.add(&[], v.counters.accepted as f64);
    Counter "duplicates_total" [] "Messages that had been accepted before." =>
        |v, p| p.add(&[], v.counters.duplicates as f64);
    Counter "turned_away_total" [] "Messages not taken for our own trouble; the sender tries again." =>
        |v, p| p.add(&[], v.counters.turned_away as f64);
    Counter "judged_total" ["end"] "What the incoming runner came to: planned, held, rejected, discarded, done." =>
        |v, p| v.counters.judged.iter().for_each(|(end, n)| p.add(&[end.as_str()], *n as f64));
    Counter "posts_done_total" [] "Posts whose last recipient was answered for." =>
        |v, p| p.add(&[], v.counters.posts_done as f64);
    Counter "posts_done_in_time_total" [] "Of these, posts done within 60 s of being accepted." =>
        |v, p| p.add(&[], v.counters.posts_done_in_time as f64);
    Counter "recipients_total" ["fate"] "Recipients: delivered to the relay, deferred (each time), failed." =>
        |v, p| {
            p.add(&["delivered"], v.counters.delivered as f64);
            p.add(&["deferred"], v.counters.deferred as f64);
            p.add(&["failed"], v.counters.failed as f64);
        };
    Counter "relay_replies_total" ["class"] "The relay's answers for recipients: 2xx, 4xx, 5xx, none if the connection broke." =>
        |v, p| v.counters.replies.iter().for_each(|(class, n)| p.add(&[class.as_str()], *n as f64));
    Gauge "destination_recipients" ["domain", "fate"] "The same by domain of the recipient, for the 20 busiest domains; the rest is other. A gauge, since a domain may move between its own line and other." =>
        |v, p| v.counters.destinations.iter().for_each(|(domain, n)| destination(p, domain, *n));

    Histogram "accept_duration_seconds" [] "From the last octet of a message to our answer." =>
        |v, p| p.histogram(&[], &v.latency.accept);
    Histogram "delivery_duration_seconds" [] "From our answer to the last recipient's." =>
        |v, p| p.histogram(&[], &v.latency.delivery);
};

fn stages(vitals: &Vitals, points: &mut Points, figure: fn(&StageVitals) -> Option<f64>) {
    for stage in &vitals.stages {
        points.maybe(&[stage.stage.name()], figure(stage));
    }
}

fn tasks(vitals: &Vitals, points: &mut Points, figure: fn(&TaskVitals) -> f64) {
    for task in &vitals.tasks {
        points.add(&[task.name.as_str()], figure(task));
    }
}

fn destination(points: &mut Points, domain: &str, n: Destination) {
    points.add(&[domain, "delivered"], n.delivered as f64);
    points.add(&[domain, "deferred"], n.deferred as f64);
    points.add(&[domain, "failed"], n.failed as f64);
}

fn flag(on: bool) -> f64 {
    f64::from(u8::from(on))
}

fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1_000_000.0
}
