//! Runs every folder of `tests/golden` through rules and pipeline and compares the outcome byte for byte.
//!
//! `POSTHASTE_UPDATE_GOLDEN=1` writes the outcomes instead; read the difference before you commit it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stumble; that is how it fails")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use posthaste_auth::{self as auth, Checked, Findings, Policy, Signature};
use posthaste_lists::facts::{ContentFacts, Facts, MembershipFact, SiteFacts};
use posthaste_lists::pipeline::{ArchiveLinks, Draft, Stop, Vars, render, run};
use posthaste_lists::post::Post;
use posthaste_lists::rules::{Verdict, judge};
use posthaste_mime::crlf;
use posthaste_model::{
    Action, Address, EntryId, Envelope, ForwardPath, ListName, ListSeed, MailingList, Preferences,
    ReversePath, Role, Style, SubAddress, Timestamp,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// `list.json`: everything but the message. What is left out has its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Case {
    /// Why this case exists.
    about: String,
    list: String,
    style: String,
    settings: Map<String, Value>,
    envelope_from: String,
    memberships: Vec<Membership>,
    banned: Vec<(String, String)>,
    elsewhere: Vec<(String, String)>,
    base_url: Option<String>,
    post_number: i64,
    archive: Option<(String, String)>,
    /// The site's word on content filters.
    site_report: bool,
    site_preserve: bool,
    site_limit_filtered: bool,
    /// `in.eml` is taken and `out.eml` written byte for byte, strange line ends and all.
    exact: bool,
    /// What is put behind `in.eml`, and how often; of the outcome the verdict then records only the size.
    append: Option<(String, usize)>,
    /// Record the rules that did not hit, too: one case does, so that a new rule changes one folder and not all.
    misses: bool,
    /// What the DNS says of the author's domain: `none`, `quarantine`, `reject` or `trouble`.
    policy: String,
    /// What Authentication-Results is to say.
    results: Option<String>,
    /// The domain whose signature holds and is the author's, if anybody looked; empty = none holds.
    signed_by: Option<String>,
    remove_dkim_headers: bool,
    /// The recipient whose copy `out.eml` is: address, name, unsubscribe address.
    recipient: Option<(String, String, String)>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            about: String::new(),
            list: "test@example.com".into(),
            style: "legacy-default".into(),
            settings: Map::new(),
            envelope_from: "anne@example.org".into(),
            memberships: vec![Membership { address: "anne@example.org".into(), ..Membership::default() }],
            banned: vec![],
            elsewhere: vec![],
            base_url: None,
            post_number: 1,
            archive: None,
            site_report: false,
            site_preserve: false,
            site_limit_filtered: false,
            exact: false,
            append: None,
            misses: false,
            policy: String::new(),
            results: None,
            signed_by: None,
            remove_dkim_headers: false,
            recipient: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Membership {
    address: String,
    sought: Option<String>,
    role: Role,
    name: String,
    action: Option<Action>,
    preferences: Preferences,
    accepted_posts: u64,
}

impl Default for Membership {
    fn default() -> Self {
        Self {
            address: String::new(),
            sought: None,
            role: Role::Member,
            name: String::new(),
            action: None,
            preferences: Preferences::default(),
            accepted_posts: 0,
        }
    }
}

impl Case {
    fn list(&self) -> MailingList {
        let name = ListName::parse(&self.list).unwrap();
        let at = Timestamp::from_micros(0);
        let style: Style = self.style.parse().unwrap();
        let mut list = ListSeed { name, style, at }.into_list(Uuid::from_u128(1));
        for (key, value) in &self.settings {
            list.settings.set(key, value).unwrap();
        }
        list
    }

    fn auth(&self) -> Findings {
        let sign = |domain: &String| Signature {
            domain: domain.clone(),
            selector: "s".into(),
            verdict: auth::Verdict::Pass,
        };
        Findings {
            checked: if self.signed_by.is_some() { Checked::Yes } else { Checked::No },
            signatures: self.signed_by.iter().filter(|d| !d.is_empty()).map(sign).collect(),
            aligned_signature: self.signed_by.as_ref().is_some_and(|d| !d.is_empty()),
            policy: match self.policy.as_str() {
                "" => Policy::Unasked,
                "none" => Policy::None,
                "quarantine" => Policy::Quarantine,
                "reject" => Policy::Reject,
                "trouble" => Policy::Trouble,
                other => panic!("no policy {other:?}"),
            },
            results: self.results.clone(),
            ..Findings::default()
        }
    }

    fn facts(&self) -> Facts {
        let address = |text: &str| Address::parse(text).unwrap();
        Facts {
            now: Timestamp::from_micros(0),
            memberships: self
                .memberships
                .iter()
                .map(|m| MembershipFact {
                    sought: address(m.sought.as_ref().unwrap_or(&m.address)),
                    address: address(&m.address),
                    role: m.role,
                    member: Uuid::from_u128(2),
                    display_name: m.name.clone(),
                    moderation_action: m.action,
                    preferences: m.preferences.clone(),
                    accepted_posts: m.accepted_posts,
                })
                .collect(),
            banned: self.banned.iter().map(|(who, ban)| (address(who), ban.clone())).collect(),
            elsewhere: self.elsewhere.iter().map(|(list, who)| (list.clone(), address(who))).collect(),
            site: SiteFacts {
                owner: "postmaster@example.com".into(),
                base_url: self.base_url.clone(),
                one_click: self.base_url.is_some(),
                hostname: "mail.example.com".into(),
                software: "Posthaste".into(),
                remove_dkim_headers: self.remove_dkim_headers,
                content: ContentFacts {
                    report: self.site_report,
                    preserve: self.site_preserve,
                    limit_filtered: self.site_limit_filtered,
                },
                ..SiteFacts::default()
            },
            auth: self.auth(),
            post_number: self.post_number,
            ..Facts::default()
        }
    }
}

/// What must be in `verdict.txt` and, for an accepted post, in `out.eml`.
fn outcome(case: &Case, raw: Bytes) -> (String, Option<Bytes>) {
    let (list, facts) = (case.list(), case.facts());
    let envelope = Envelope {
        reverse_path: ReversePath::parse(&case.envelope_from).unwrap(),
        forward_path: ForwardPath::parse(&case.list).unwrap(),
        client: "test".into(),
        received: facts.now,
    };
    let id = EntryId::new(Uuid::from_u128(3));
    let mut post = Post::receive(id, envelope, raw, SubAddress::Post, &list.name);
    let judgement = judge(&post, &list, &facts);
    let mut told = vec![judgement.verdict.name().to_owned(), format!("hits: {}", judgement.hits.join("; "))];
    if case.misses {
        told.push(format!("misses: {}", judgement.misses.join("; ")));
    }
    for reason in judgement.verdict.reasons() {
        told.push(format!("reason: {reason}"));
    }
    if judgement.verdict != Verdict::Accept {
        return (finished(&told), None);
    }
    judgement.stamp(&mut post.message.head);
    if !case.misses {
        post.message.head.remove("X-Mailman-Rule-Misses");
    }
    let mut draft = Draft::new(&post, &list, &facts);
    draft.archive = case
        .archive
        .clone()
        .map(|(list, post)| ArchiveLinks { list, post: Some(post).filter(|p| !p.is_empty()) });
    let outgoing = match run(draft) {
        Ok(outgoing) => outgoing,
        Err(stop) => {
            told.push(stopped(&stop));
            return (finished(&told), None);
        }
    };
    let mut skip: Vec<_> = outgoing.skip.iter().cloned().collect();
    skip.sort();
    told.push(format!("bare subject: {}\npersonal: {}", outgoing.bare_subject, outgoing.personal));
    for address in skip {
        told.push(format!("skip: {address}"));
    }
    for note in &outgoing.notes {
        told.push(format!("note: {note}"));
    }
    let (email, name, url) = case.recipient.clone().unwrap_or_default();
    let vars = Vars {
        user_email: email.to_lowercase(),
        user_delivered_to: email,
        user_name: name,
        user_language: "English".into(),
        unsubscribe_url: url,
    };
    (finished(&told), Some(Bytes::from(render(&outgoing.segments, &vars).concat())))
}

fn stopped(stop: &Stop) -> String {
    let (what, reason) = match stop {
        Stop::Discard(reason) => ("discard", reason),
        Stop::Reject(reason) => ("reject", reason),
        Stop::Hold(reason) => ("hold", reason),
        Stop::Forward(reason) => ("forward", reason),
        Stop::Preserve(reason) => ("preserve", reason),
    };
    format!("pipeline: {what} by {}: {reason}", reason.rule)
}

fn finished(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").canonicalize().unwrap()
}

#[test]
fn every_case_comes_out_as_recorded() {
    let update = std::env::var_os("POSTHASTE_UPDATE_GOLDEN").is_some();
    let mut folders: Vec<_> =
        fs::read_dir(golden()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 25, "only {} cases", folders.len());
    let mut wrong = vec![];
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let json = fs::read_to_string(folder.join("list.json")).unwrap_or_else(|_| "{}".into());
        let case: Case = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{name}/list.json: {e}"));
        assert!(!case.about.is_empty(), "{name}/list.json does not say what the case is about");
        // Files have plain line ends, the wire has CRLF.
        let mut raw = fs::read(folder.join("in.eml")).unwrap();
        if let Some((text, times)) = &case.append {
            raw.extend_from_slice(text.repeat(*times).as_bytes());
        }
        let raw = Bytes::from(raw);
        let (mut verdict, out) = outcome(&case, if case.exact { raw } else { crlf(raw) });
        let out = out.map(|out| {
            if case.exact {
                return out.to_vec();
            }
            assert_eq!(crlf(out.clone()), out, "{name}: a line does not end in CRLF");
            out.iter().copied().filter(|b| *b != b'\r').collect::<Vec<u8>>()
        });
        let out = match (out, &case.append) {
            (Some(out), Some(_)) => {
                verdict.push_str(&format!("size: {}\n", out.len()));
                None
            }
            (out, _) => out,
        };
        let (verdict_file, out_file) = (folder.join("verdict.txt"), folder.join("out.eml"));
        if update {
            fs::write(&verdict_file, &verdict).unwrap();
            match &out {
                Some(out) => fs::write(&out_file, out).unwrap(),
                None => drop(fs::remove_file(&out_file)),
            }
            continue;
        }
        let recorded = fs::read_to_string(&verdict_file).unwrap_or_default();
        if recorded != verdict {
            wrong.push(format!("{name}/verdict.txt\n--- recorded\n{recorded}--- now\n{verdict}"));
        }
        let recorded = fs::read(&out_file).ok();
        if recorded != out {
            let text = |b: &Option<Vec<u8>>| {
                b.as_ref().map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
            };
            wrong.push(format!("{name}/out.eml\n--- recorded\n{}--- now\n{}", text(&recorded), text(&out)));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
