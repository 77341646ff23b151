//! `posthaste member …`

mod subscribe;
mod topics;

use std::collections::HashSet;
use std::io::BufRead;

use clap::{Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use posthaste_model::{Address, Mailbox, Role};
use serde_json::Value;

use super::output::{BadInput, Exit, Out};
use crate::config::Config;

/// So many members are written at once.
const CHUNK: usize = 5_000;

#[derive(Clone, Copy, ValueEnum, Debug)]
pub(crate) enum RoleName {
    Member,
    Owner,
    Moderator,
    Nonmember,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Owner => Self::Owner,
            RoleName::Moderator => Self::Moderator,
            RoleName::Nonmember => Self::Nonmember,
        }
    }
}

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Add everybody in FILE, one `address` or `Name <address>` a line; who is there already stays as is
    Add {
        /// LIST@DOMAIN
        list: String,
        /// The file; `-` is standard input
        file: String,
        /// As what
        #[arg(long, value_enum, default_value = "member")]
        role: RoleName,
    },
    /// Make everybody in FILE a member, or invite them, and write to them; needs the running server
    Subscribe(subscribe::Options),
    /// Let ADDRESS, whose owner wanted no more questions, be asked to confirm things again
    Unblock {
        /// Which
        address: String,
    },
    /// Make the members of LIST exactly those in FILE
    Sync {
        /// LIST@DOMAIN
        list: String,
        /// The file; `-` is standard input
        file: String,
    },
    /// Show who is on LIST
    Ls {
        /// LIST@DOMAIN
        list: String,
        /// Only these
        #[arg(long, value_enum)]
        role: Option<RoleName>,
    },
    /// Show or set which topics ADDRESS wants to read about
    Topics(topics::Options),
    /// Remove ADDRESS …, or everybody in FILE, from LIST
    Rm {
        /// LIST@DOMAIN
        list: String,
        /// Whom
        addresses: Vec<String>,
        /// A file with one address a line; `-` is standard input
        #[arg(long, value_name = "FILE")]
        file: Option<String>,
        /// As what
        #[arg(long, value_enum, default_value = "member")]
        role: RoleName,
    },
}

pub(crate) async fn run(verb: Verb, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let store = super::store(config).await?;
    match verb {
        Verb::Subscribe(options) => return subscribe::run(&options, config, out),
        Verb::Unblock { address } => return subscribe::unblock(&address, config, out).await,
        Verb::Add { list, file, role } => {
            let list = super::list::find(&store, &list).await?;
            let people = read(&file)?;
            let bar = progress(people.len());
            let (mut added, mut already, mut banned) = (0, 0, vec![]);
            for chunk in people.chunks(CHUNK) {
                let report = store.add_members(list.id, role.into(), chunk, super::now()).await?;
                added += report.added;
                already += report.already;
                banned.extend(report.banned);
                bar.inc(chunk.len() as u64);
            }
            bar.finish_and_clear();
            let became = super::audit::people(people.iter().map(|m| &m.address));
            let object = Role::from(role).name();
            super::audit::note(&store, "add", list.list_id.as_str(), object, Value::Null, became).await;
            let told = format!("{}: {added} added, {already} there already{}", list.name, left_out(&banned));
            out.done(&told, &serde_json::json!({ "added": added, "already": already, "banned": banned }))?;
        }
        Verb::Sync { list, file } => {
            let list = super::list::find(&store, &list).await?;
            let people = read(&file)?;
            let report = store.sync_members(list.id, Role::Member, &people, super::now()).await?;
            let became = super::audit::people(people.iter().map(|m| &m.address));
            super::audit::note(&store, "sync", list.list_id.as_str(), "member", Value::Null, became).await;
            let told = format!(
                "{}: {} added, {} removed, {} stay{}",
                list.name,
                report.added,
                report.removed,
                report.kept,
                left_out(&report.banned)
            );
            let json = serde_json::json!({
                "added": report.added, "removed": report.removed, "kept": report.kept, "banned": report.banned,
            });
            out.done(&told, &json)?;
        }
        Verb::Ls { list, role } => {
            let list = super::list::find(&store, &list).await?;
            let mut members = vec![];
            let mut after = None;
            loop {
                let page = store.members_page(list.id, role.map(Role::from), after, CHUNK as u64).await?;
                let Some(bottom) = page.last() else { break };
                after = Some(bottom.id);
                members.extend(page);
            }
            out.table(
                &["address", "name", "role", "delivery"],
                members.iter().map(|m| {
                    let status = m.preferences.delivery_status.unwrap_or_default();
                    let status = serde_json::to_value(status).unwrap_or_default();
                    let status = status.as_str().unwrap_or_default().to_owned();
                    vec![m.address.to_string(), m.display_name.clone(), m.role.name().into(), status]
                }),
                &members,
            )?;
        }
        Verb::Topics(options) => return topics::run(options, &store, out).await,
        Verb::Rm { list, addresses, file, role } => {
            let list = super::list::find(&store, &list).await?;
            let mut people: Vec<Address> = addresses
                .iter()
                .map(|a| Address::parse(a))
                .collect::<Result<_, _>>()
                .map_err(BadInput::from_error)?;
            if let Some(file) = file {
                people.extend(read(&file)?.into_iter().map(|m| m.address));
            }
            if people.is_empty() {
                return Err(BadInput::new("name at least one address, or a file with --file FILE").into());
            }
            let removed = store.remove_members(list.id, role.into(), &people).await?;
            let absent = people.len() as u64 - removed;
            let (was, object) = (super::audit::people(people.iter()), Role::from(role).name());
            super::audit::note(&store, "remove", list.list_id.as_str(), object, was, Value::Null).await;
            out.done(
                &format!("{}: {removed} removed, {absent} were not there", list.name),
                &serde_json::json!({ "removed": removed, "absent": absent }),
            )?;
        }
    }
    Ok(Exit::Done)
}

/// Everybody in a member file, each once. All lines are read before anybody is added, so that a file with a mistake
/// changes nothing.
fn read(file: &str) -> anyhow::Result<Vec<Mailbox>> {
    let input: Box<dyn BufRead> = if file == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opened =
            std::fs::File::open(file).map_err(|e| BadInput::new(format!("cannot read {file}: {e}")))?;
        Box::new(std::io::BufReader::new(opened))
    };
    let mut people = vec![];
    let mut seen = HashSet::new();
    let mut problems = vec![];
    for (index, line) in input.lines().enumerate() {
        let line = line.map_err(|e| BadInput::new(format!("{file}:{}: {e}", index + 1)))?;
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match Mailbox::parse(&line) {
            Ok(mailbox) => {
                if seen.insert(mailbox.address.key().to_owned()) {
                    people.push(mailbox);
                }
            }
            Err(error) => problems.push(format!("{file}:{}: {error}", index + 1)),
        }
    }
    if problems.is_empty() { Ok(people) } else { Err(BadInput::many("nobody was added", problems).into()) }
}

/// Who was left out because of a ban, if anybody was.
fn left_out(banned: &[Address]) -> String {
    if banned.is_empty() {
        return String::new();
    }
    let names: Vec<_> = banned.iter().take(20).map(Address::as_str).collect();
    let more = if banned.len() > 20 { " …" } else { "" };
    format!(", {} left out because they are banned: {}{more}", banned.len(), names.join(", "))
}

fn progress(length: usize) -> ProgressBar {
    let target = if length > CHUNK { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} members, {per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(length as u64), target).with_style(style)
}
