//! The one answer to a mail of commands.

use std::time::Duration;

use posthaste_model::SubAddress;
use posthaste_spool::NewEntry;
use posthaste_store::{Budget, Spending, Spent, StoreError};

use super::{Commands, Said, Session, answer_id};
use crate::notices::{MembershipLetter, reply_fields};
use crate::subscription::target::fold_target;
use crate::templates::Wording;

const DAY: Duration = Duration::from_hours(24);
/// Answers an address gets from one list within a day where it expected none (P36).
const UNEXPECTED: Budget = Budget { per_target: 1, target_span: DAY, per_scope: u64::MAX, scope_span: DAY };

/// What came of all of them.
#[derive(Default)]
pub(super) struct Results {
    pub(super) lines: Vec<String>,
    pub(super) unprocessed: Vec<String>,
    pub(super) ignored: Vec<String>,
    /// There were parts that are no text.
    pub(super) others: bool,
    pub(super) stopped: bool,
    pub(super) forced: bool,
    /// How many commands were worked on.
    pub(super) done: usize,
}

impl Results {
    pub(super) fn add(&mut self, said: Said) {
        self.lines.extend(said.lines);
        self.stopped |= said.stop;
        self.forced |= said.forced;
        self.done += 1;
    }

    /// True if there is to be an answer.
    pub(super) fn wanted(&self, quiet: bool) -> bool {
        !quiet || self.forced
    }
}

impl Commands {
    /// The answer; `None` if the sender had enough of them.
    pub(super) async fn reply(
        &self,
        session: &Session<'_>,
        results: &Results,
    ) -> Result<Option<NewEntry>, StoreError> {
        let (tools, list, sender) = (&self.station.tools, session.list, &session.sender.address);
        let target = fold_target(sender);
        let (kind, target, budget) = if session.quiet {
            let target: String = format!("{} {target}", list.list_id).chars().take(255).collect();
            ("unexpected answer", target, UNEXPECTED)
        } else {
            // To commands, over all lists.
            ("answer", target, Budget { per_target: tools.site.get().commands.answers, ..UNEXPECTED })
        };
        let id = answer_id(session.entry);
        let now = tools.clock.now();
        let spending = Spending { id: id.uuid(), kind, target, scope: String::new(), at: now };
        if tools.store.spend(&spending, &budget).await? != Spent::Granted {
            tracing::info!("no answer: this sender had enough of them today");
            return Ok(None);
        }
        let to = [sender.to_string()];
        let letter = MembershipLetter {
            deed: id,
            purpose: "results",
            list,
            from: list.name.address(SubAddress::Request),
            to: posthaste_mime::format_mailbox(&session.sender.name, sender.as_str()),
            recipients: &to,
            wording: Wording {
                subject: self.phrase(session, "command.subject", &[("list", &list.name.to_string())]),
                text: self.text(session, results),
            },
            answer: true,
            extra: reply_fields(session.message),
        };
        Ok(letter.into_entry(&tools.site.get(), now))
    }

    fn text(&self, session: &Session<'_>, results: &Results) -> String {
        let say = |key| self.phrase(session, key, &[]);
        let head = &session.message.head;
        let field = |name| head.text(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let mut lines = vec![
            self.phrase(session, "command.intro", &[("list", &session.list.name.to_string())]),
            String::new(),
            format!("- {}", say("command.original")),
        ];
        for name in ["From", "Subject", "Date", "Message-ID"] {
            let value = field(name).unwrap_or_else(|| "n/a".to_owned());
            lines.push(format!("    {name}: {value}"));
        }
        let mut block = |title: String, of: &[String]| {
            if !of.is_empty() {
                lines.extend([String::new(), format!("- {title}")]);
                lines.extend(of.iter().map(|line| format!("    {line}")));
            }
        };
        let mut said = results.lines.clone();
        if said.is_empty() && results.unprocessed.is_empty() {
            said.push(say("command.nothing"));
        }
        if results.others {
            said.push(say("command.other_parts"));
        }
        block(say("command.results"), &said);
        block(say("command.unprocessed"), &results.unprocessed);
        let most = self.station.tools.site.get().commands.lines.to_string();
        block(self.phrase(session, "command.ignored", &[("lines", &most)]), &results.ignored);
        lines.extend([String::new(), format!("- {}", say("command.done")), String::new()]);
        lines.join("\n")
    }
}
