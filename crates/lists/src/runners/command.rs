//! Mail to `-request`, `-join`, `-leave` and `-confirm`: done, and answered by at most one mail.

mod confirm;
mod help;
mod membership;
mod reply;
mod who;

use posthaste_mime::{Message, mailboxes};
use posthaste_model::{Address, Beat, EntryId, Mailbox, MailingList, Stage, SubAddress};
use posthaste_spool::{Entry, Kind, Leased, NewEntry};
use tokio_util::sync::CancellationToken;

use self::reply::Results;
use super::station::{Craft, Outcome, Station, Tools, Trouble};
use crate::commands::{Command, Line, Problem, read_script};
use crate::notes;
use crate::notices::{WrittenTo, may_answer};
use crate::subscription::target::network_of;
use crate::subscription::{Asking, Desk};

/// The runner of commands. Any number may run side by side.
pub struct Commands {
    station: Station,
    desk: Desk,
}

/// One mail being worked on.
struct Session<'a> {
    entry: &'a Entry,
    list: &'a MailingList,
    message: &'a Message,
    /// Where memberships begin and end, with the sender at it.
    desk: Desk,
    /// Whom it is from, and who gets the answer: what is shown to somebody is shown to that address only.
    sender: Mailbox,
    /// The sender's language; empty = the list's.
    language: String,
    network: String,
    /// The address alone was the command: nothing need be said if all is well.
    quiet: bool,
    /// Mails that go with what was done.
    born: Vec<NewEntry>,
    /// Addresses for which somebody asked to join.
    joining: Vec<Address>,
    leaving: bool,
}

/// What came of one command.
#[derive(Default)]
struct Said {
    lines: Vec<String>,
    /// What follows is not read.
    stop: bool,
    /// The sender has to hear of it, whatever the way it was asked.
    forced: bool,
}

impl Said {
    fn line(text: String) -> Self {
        Self { lines: vec![text], ..Self::default() }
    }

    fn trouble(text: String) -> Self {
        Self { lines: vec![text], stop: true, forced: true }
    }
}

impl Commands {
    /// A runner with these.
    pub fn new(tools: Tools) -> Self {
        Self { desk: Desk::new(tools.clone()), station: Station::new(Stage::Command, tools) }
    }

    /// Works until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        self.station.run(self, stop, beat).await;
    }

    async fn work(&self, entry: &Entry, list: &MailingList, beat: &Beat) -> Result<Outcome, Trouble> {
        let message = Message::parse(entry.message.clone());
        if !is_from_a_person(entry, &message) {
            return Ok(dropped("automatic mail gives no commands"));
        }
        let Some(sender) = sender(entry, &message) else { return Ok(dropped("nobody sent it")) };
        if is_ours(list, &sender.address) {
            return Ok(dropped("the list wrote to itself"));
        }
        let tools = &self.station.tools;
        let known = tools.store.posting_facts(list.id, std::slice::from_ref(&sender.address), &[]).await?;
        let language = known.memberships.into_iter().find_map(|m| m.preferences.preferred_language);
        let sub = entry.notes.get(notes::SUB).and_then(|sub| SubAddress::from_suffix(sub));
        let sub = sub.unwrap_or(SubAddress::Request);
        let mut born = vec![];
        if sub == SubAddress::Request {
            let (answer, enough) = self.station.answer(WrittenTo::Commands, entry, list).await?;
            born.extend(answer);
            if enough {
                let mut outcome = Outcome::answered();
                outcome.born = born;
                return Ok(outcome);
            }
        }
        let extension = entry.notes.get(notes::EXTENSION).map(String::as_str).unwrap_or_default();
        let script = read_script(sub, extension, &message, tools.site.get().commands.lines);
        let mut session = Session {
            entry,
            list,
            message: &message,
            network: network_of(&message, &entry.envelope.client),
            desk: self.desk.on_behalf_of(&format!("{} by mail", sender.address)),
            sender,
            language: language.unwrap_or_default(),
            quiet: script.quiet,
            born,
            joining: vec![],
            leaving: false,
        };
        let mut results = Results { ignored: script.ignored, others: script.others, ..Results::default() };
        for (number, line) in script.lines.into_iter().enumerate() {
            if results.stopped {
                results.unprocessed.push(line.source);
                continue;
            }
            beat.progress();
            let said = self.perform(&mut session, number, line).await?;
            results.add(said);
        }
        let told = serde_json::json!({ "commands": results.done, "answered": results.wanted(session.quiet) });
        if results.wanted(session.quiet)
            && let Some(reply) = self.reply(&session, &results).await?
        {
            session.born.push(reply);
        }
        Ok(Outcome::ended(Kind::Done, told, session.born))
    }

    /// Does what one line asks for.
    async fn perform(&self, session: &mut Session<'_>, number: usize, line: Line) -> Result<Said, Trouble> {
        let command = match line.meant {
            Ok(command) => command,
            Err(problem) => return Ok(self.complain(session, &problem)),
        };
        let asking = Asking {
            deed: session.entry.id.child(&format!("command {number}")),
            list: session.list,
            network: session.network.clone(),
            rationed: true,
        };
        let last = command.is_last();
        let mut said = match command {
            Command::Join { mode, address } => self.join(session, &asking, mode, address).await?,
            Command::Leave => self.leave(session, &asking).await?,
            Command::Set(settings) => self.set(session, &asking, &settings).await?,
            Command::Show => self.show(session).await?,
            Command::Confirm(token) => self.confirm(session, &asking, &token).await?,
            Command::Never(token) => self.never(session, &token).await?,
            Command::Help(about) => self.help(session, about.as_deref()),
            Command::Who(arguments) => self.who(session, arguments).await?,
            Command::Echo(text) => Said::line(format!("echo {text}")),
            Command::End => Said::default(),
        };
        said.stop |= last;
        Ok(said)
    }

    fn complain(&self, session: &Session<'_>, problem: &Problem) -> Said {
        let say = |key, value: &str| self.phrase(session, key, &[("value", value)]);
        match problem {
            Problem::Unknown(word) => Said { forced: true, ..Said::line(say("command.unknown", word)) },
            Problem::Argument(word) => Said::trouble(say("command.bad_argument", word)),
            Problem::Missing(verb) => Said::trouble(say("command.missing_token", verb)),
            Problem::NoToken(word) => Said::trouble(say("command.no_token", word)),
        }
    }

    fn phrase(&self, session: &Session<'_>, key: &'static str, vars: &[(&str, &str)]) -> String {
        let language = if session.language.is_empty() {
            &session.list.settings.preferred_language
        } else {
            &session.language
        };
        self.station.tools.templates.phrase(key, language, vars)
    }
}

impl Craft for Commands {
    async fn step(&self, leased: &Leased, entry: &Entry, beat: &Beat) -> Result<(), Trouble> {
        let list = self.station.list(entry).await?;
        let outcome = match crate::moderation::answered(&self.station.tools, entry, &list).await? {
            Some(answered) => answered,
            None => self.work(entry, &list, beat).await?,
        };
        self.station.conclude(leased, entry, outcome, beat).await
    }
}

/// P36, P38. What calls itself bulk is heard if it asks for an answer in so many words.
fn is_from_a_person(entry: &Entry, message: &Message) -> bool {
    let asks = message.head.text("X-Ack").is_some_and(|v| v.trim().eq_ignore_ascii_case("yes"));
    if !asks {
        return may_answer(&entry.envelope, message);
    }
    let mut bare = message.clone();
    bare.head.remove("Precedence");
    may_answer(&entry.envelope, &bare)
}

/// The author, or who sent it if no author is named.
fn sender(entry: &Entry, message: &Message) -> Option<Mailbox> {
    let from = message.head.get("From").and_then(|f| mailboxes(&f.unfolded()).into_iter().next());
    from.or_else(|| {
        let address = Address::parse(entry.envelope.reverse_path.as_str()).ok()?;
        Some(Mailbox { name: String::new(), address })
    })
}

fn is_ours(list: &MailingList, address: &Address) -> bool {
    let own =
        [SubAddress::Post, SubAddress::Request, SubAddress::Owner, SubAddress::Bounces, SubAddress::Join];
    own.iter().any(|sub| address.key() == list.name.address(*sub))
        || address.key().starts_with(&format!("{}-confirm", list.name.local()))
            && address.key().ends_with(&format!("@{}", list.name.host()))
}

fn dropped(why: &str) -> Outcome {
    Outcome::ended(Kind::Discarded, serde_json::json!({ "reasons": [why] }), vec![])
}

/// The id of the answer to this mail.
fn answer_id(entry: &Entry) -> EntryId {
    entry.id.child("answer")
}
