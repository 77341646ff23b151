//! `posthaste list explain LIST < message.eml`: what would become of a post, and why; with `--held` and `--set`, what would
//! have become of those that wait.

use clap::Args;
use posthaste_lists::facts::Facts;
use posthaste_lists::post::Post;
use posthaste_lists::rules::{Said, Verdict, explain, judge};
use posthaste_lists::{Patterns, Site, gather, take_password, verify_password};
use posthaste_mime::{Message, crlf, mailboxes};
use posthaste_model::{EntryId, Envelope, ForwardPath, MailingList, ReversePath, SubAddress};
use posthaste_store::{HeldMessage, Store};
use serde_json::{Value, json};

use super::super::output::{BadInput, Exit, Out};
use crate::config::Config;

/// Held posts read at once.
const PAGE: u64 = 100;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// LIST@DOMAIN
    list: String,
    /// The message; left out or `-`: standard input
    file: Option<String>,
    /// The envelope sender; left out: the address in From
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// As if this setting were changed; nothing is saved
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Not one message, but every post that waits for a moderator
    #[arg(long, conflicts_with_all = ["file", "from"])]
    held: bool,
}

/// Everything that judges need.
struct Bench<'a> {
    store: &'a Store,
    site: Site,
    patterns: Patterns,
    /// The list as it is.
    list: MailingList,
    /// The list with what `--set` says.
    changed: MailingList,
}

pub(crate) async fn run(options: Options, store: &Store, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let list = super::find(store, &options.list).await?;
    let mut changed = list.clone();
    for change in &options.set {
        let (key, value) = change
            .split_once('=')
            .ok_or_else(|| BadInput::new(format!("--set {change:?}: write KEY=VALUE")))?;
        changed.settings.set(key.trim(), &Value::String(value.to_owned())).map_err(BadInput::from_error)?;
    }
    let site = crate::serve::site(config);
    let bench = Bench { store, site, patterns: Patterns::default(), list, changed };
    if options.held { bench.held(out).await } else { bench.message(&options, out).await }
}

impl Bench<'_> {
    async fn message(&self, options: &Options, out: &Out) -> anyhow::Result<Exit> {
        let raw = match options.file.as_deref() {
            None | Some("-") => {
                let mut raw = vec![];
                std::io::Read::read_to_end(&mut std::io::stdin(), &mut raw)?;
                raw
            }
            Some(file) => {
                std::fs::read(file).map_err(|e| BadInput::new(format!("cannot read {file}: {e}")))?
            }
        };
        let raw = crlf(raw.into());
        let from = if let Some(from) = &options.from {
            from.clone()
        } else {
            let from = Message::parse(raw.clone()).head.get("From").map(|f| mailboxes(&f.unfolded()));
            from.and_then(|m| m.into_iter().next()).map(|m| m.address.to_string()).unwrap_or_default()
        };
        let reverse_path = ReversePath::parse(&from).map_err(BadInput::from_error)?;
        let now = super::super::now();
        let forward_path = ForwardPath::parse(&self.list.name.to_string()).map_err(BadInput::from_error)?;
        let envelope = Envelope { reverse_path, forward_path, client: "explain".into(), received: now };
        let id = EntryId::new(uuid::Uuid::now_v7());
        let mut post = Post::receive(id, envelope, raw, SubAddress::Post, &self.list.name);
        let facts = self.facts(&mut post, &self.changed).await?;
        let (judgement, said) = explain(&post, &self.changed, &facts);
        let json = json!({ "verdict": judgement.verdict.name(), "rules": said });
        out.table(&["rule", "says", "because"], said.iter().map(row), &json)?;
        if !out.is_json() {
            out.value(&format!("\nThe post would be: {}", told(&judgement.verdict)), &json)?;
        }
        Ok(Exit::Done)
    }

    /// What the rules say of every held post, now and with the changed settings.
    async fn held(&self, out: &Out) -> anyhow::Result<Exit> {
        let (mut rows, mut json, mut after) = (vec![], vec![], 0);
        loop {
            let page = self.store.held_page(self.list.id, after, PAGE).await?;
            let Some(bottom) = page.last() else { break };
            after = bottom.number;
            for summary in &page {
                // Decided while we read.
                let Some(held) = self.store.held(summary.id).await? else { continue };
                let (now, then) = self.rejudge(held).await?;
                json.push(json!({
                    "number": summary.number, "sender": summary.sender, "subject": summary.subject,
                    "now": now.name(), "then": then.name(), "because": told(&then),
                }));
                rows.push(vec![
                    summary.number.to_string(),
                    summary.sender.clone(),
                    summary.subject.clone(),
                    now.name().to_owned(),
                    told(&then),
                ]);
            }
        }
        out.table(&["number", "sender", "subject", "now", "then"], rows.into_iter(), &json)?;
        Ok(Exit::Done)
    }

    async fn rejudge(&self, held: HeldMessage) -> anyhow::Result<(Verdict, Verdict)> {
        let mut post = Post::receive(held.id, held.envelope, held.message, SubAddress::Post, &self.list.name);
        let facts = self.facts(&mut post, &self.list).await?;
        let now = judge(&post, &self.list, &facts).verdict;
        let facts = self.facts(&mut post, &self.changed).await?;
        Ok((now, judge(&post, &self.changed, &facts).verdict))
    }

    /// What the server would know of this post, but for what it asks the DNS.
    async fn facts(&self, post: &mut Post, list: &MailingList) -> anyhow::Result<Facts> {
        let password = list.settings.moderator_password.as_deref().and_then(|hash| {
            let password = take_password(&mut post.message)?;
            Some(verify_password(&password, hash))
        });
        let now = super::super::now();
        let mut facts = gather(self.store, &self.site, &self.patterns, (post, list), now, || ()).await?;
        facts.approved = password.unwrap_or(false);
        Ok(facts)
    }
}

fn row(said: &Said) -> Vec<String> {
    let says = match (said.hit, said.asked) {
        (true, true) => said.then.to_owned(),
        (true, false) => format!("(would {})", said.then),
        (false, true) => "go on".to_owned(),
        (false, false) => "(not asked)".to_owned(),
    };
    vec![said.rule.to_string(), says, said.why.clone()]
}

/// The verdict and its reasons on one line.
fn told(verdict: &Verdict) -> String {
    let reasons: Vec<_> = verdict.reasons().iter().map(ToString::to_string).collect();
    if reasons.is_empty() {
        verdict.name().to_owned()
    } else {
        format!("{}: {}", verdict.name(), reasons.join(" "))
    }
}
