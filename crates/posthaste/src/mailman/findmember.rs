//! `mailman findmember`

use posthaste_model::{Pattern, Role};
use posthaste_store::BookLine;

use super::house::House;
use super::refusal::refuse;
use super::tell;
use crate::cli::output::Exit;

/// So many addresses are read at once.
const PAGE: u64 = 5_000;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Only memberships in this role
    #[arg(short, long, value_enum, default_value = "all", value_name = "ROLE")]
    role: Which,
    /// A regular expression that fits an address of theirs
    #[arg(value_name = "PATTERN")]
    pattern: String,
}

#[derive(Clone, Copy, clap::ValueEnum, Debug)]
enum Which {
    All,
    Owner,
    Moderator,
    Nonmember,
    Member,
    Administrator,
}

impl Which {
    const fn wants(self, role: Role) -> bool {
        match self {
            Self::All => true,
            Self::Owner => matches!(role, Role::Owner),
            Self::Moderator => matches!(role, Role::Moderator),
            Self::Nonmember => matches!(role, Role::Nonmember),
            Self::Member => matches!(role, Role::Member),
            Self::Administrator => matches!(role, Role::Owner | Role::Moderator),
        }
    }
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let pattern = match Pattern::parse(&options.pattern) {
        Ok(pattern) => pattern,
        Err(why) => return refuse(format!("Invalid pattern: {}: {why}", options.pattern)),
    };
    let store = house.store().await?;
    let (mut hits, mut last): (Vec<BookLine>, Option<String>) = (vec![], None);
    loop {
        let page = store.address_book(last.as_deref(), PAGE).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.key.clone());
        hits.extend(page.into_iter().filter(|line| pattern.is_in(&line.address)));
    }
    let mut found = store.memberships_of(&hits).await?;
    found.retain(|(_, _, role)| options.role.wants(*role));
    let (mut email, mut list) = (None, None);
    let mut text = String::new();
    for (line, id, role) in &found {
        if email != Some(&line.key) {
            text.push_str(&format!("Email: {}\n", line.address));
            (email, list) = (Some(&line.key), None);
        }
        if list != Some(id) {
            text.push_str(&format!("    List: {id}\n"));
            list = Some(id);
        }
        text.push_str(&format!("        MemberRole.{}\n", role.name()));
    }
    if !text.is_empty() {
        tell(text.trim_end_matches('\n'))?;
    }
    Ok(Exit::Done)
}
