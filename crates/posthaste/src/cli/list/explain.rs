//! `posthaste list explain LIST < message.eml`: what would become of a post, and why; with `--held` and `--set`, what would
//! have become of those that wait.

use std::sync::Arc;

use clap::Args;
use posthaste_auth::{ArcChain, Checked, Findings, Policy};
use posthaste_lists::facts::Facts;
use posthaste_lists::post::Post;
use posthaste_lists::rules::{Said, Verdict, explain, judge};
use posthaste_lists::{LiveSite, Patterns, Site, Templates, gather, take_password, verify_password};
use posthaste_mime::{Message, crlf, mailboxes};
use posthaste_model::{EntryId, Envelope, ForwardPath, MailingList, ReversePath, SubAddress};
use posthaste_store::{HeldMessage, Store};
use serde_json::{Value, json};

use super::super::output::{BadInput, Exit, Out};
use crate::clock::SystemClock;
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
    /// The host it came from, by its IP address, for SPF; left out: unknown
    #[arg(long, value_name = "IP", conflicts_with = "held")]
    client: Option<std::net::IpAddr>,
    /// Ask no name servers
    #[arg(long)]
    no_dns: bool,
    /// Not one message, but every post that waits for a moderator
    #[arg(long, conflicts_with_all = ["file", "from"])]
    held: bool,
}

/// Everything that judges need.
struct Bench<'a> {
    store: &'a Store,
    site: Site,
    patterns: Patterns,
    templates: Templates,
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
    let mut site = crate::serve::site(config);
    if options.no_dns {
        site.auth.checker = None;
        site.auth.check = false;
    }
    let live = Arc::new(LiveSite::new(site.clone()));
    let templates = crate::texts::templates(config, live, Arc::new(SystemClock::new()));
    let bench = Bench { store, site, patterns: Patterns::default(), templates, list, changed };
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
        let client = options.client.map_or_else(|| "explain".to_owned(), |ip| ip.to_string());
        let envelope = Envelope { reverse_path, forward_path, client, received: now };
        let id = EntryId::new(uuid::Uuid::now_v7());
        let mut post = Post::receive(id, envelope, raw.clone(), SubAddress::Post, &self.list.name);
        let facts = self.facts(&mut post, &raw, &self.changed).await?;
        let (judgement, said) = explain(&post, &self.changed, &facts);
        let found = found(&facts.auth);
        let of_dns: serde_json::Map<_, _> =
            found.iter().map(|(what, says)| ((*what).to_owned(), says.as_str().into())).collect();
        let json = json!({ "verdict": judgement.verdict.name(), "rules": said, "authenticity": of_dns });
        out.table(&["rule", "says", "because"], said.iter().map(row), &json)?;
        if !out.is_json() {
            for (what, says) in &found {
                out.value(&format!("{what}: {says}"), &json)?;
            }
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
        let raw = held.message.clone();
        let mut post = Post::receive(held.id, held.envelope, held.message, SubAddress::Post, &self.list.name);
        let facts = self.facts(&mut post, &raw, &self.list).await?;
        let now = judge(&post, &self.list, &facts).verdict;
        let facts = self.facts(&mut post, &raw, &self.changed).await?;
        Ok((now, judge(&post, &self.changed, &facts).verdict))
    }

    /// What the server would know of this post; `raw` is the message as it came.
    async fn facts(&self, post: &mut Post, raw: &[u8], list: &MailingList) -> anyhow::Result<Facts> {
        let password = list.settings.moderator_password.as_deref().and_then(|hash| {
            let password = take_password(&mut post.message)?;
            Some(verify_password(&password, hash))
        });
        let now = super::super::now();
        let mut facts = gather(self.store, &self.site, &self.patterns, (post, list), now, || ()).await?;
        facts.approved = password.unwrap_or(false);
        facts.auth = self.site.auth.findings(raw, post, list).await;
        if self.site.rules.hold_digests {
            facts.masthead = self.templates.masthead(self.store, list).await?;
        }
        Ok(facts)
    }
}

/// What is known of where the post is from; nothing if nothing that happens to it depends on that.
fn found(findings: &Findings) -> Vec<(&'static str, String)> {
    let mut found = vec![];
    if findings.checked == Checked::Yes {
        found.push(("SPF", findings.spf.name().to_owned()));
        let each = findings
            .signatures
            .iter()
            .map(|s| format!("{} ({}): {}", s.domain, s.selector, s.verdict.name()));
        let signatures: Vec<_> = each.collect();
        let none = || "no signatures".to_owned();
        found.push(("DKIM", if signatures.is_empty() { none() } else { signatures.join(", ") }));
        let chain = match findings.arc {
            ArcChain::None => "none",
            ArcChain::Pass => "pass",
            ArcChain::Fail => "fail",
            ArcChain::Unknown => "nobody can tell",
        };
        found.push(("ARC", chain.to_owned()));
        found.push(("DMARC", findings.dmarc.name().to_owned()));
    }
    let policy = match findings.policy {
        Policy::Unasked => return found,
        Policy::None => "the author's domain wants nothing done",
        Policy::Quarantine => "the author's domain wants what is not from it put aside (quarantine)",
        Policy::Reject => "the author's domain wants what is not from it refused (reject)",
        Policy::Trouble => {
            "the name servers did not tell; it is treated as if the author's domain forbade it"
        }
    };
    found.push(("DMARC policy", policy.to_owned()));
    found
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
