use std::collections::HashMap;

use posthaste_model::{Action, Address, Preferences, Role};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, JoinType, QueryResult};
use uuid::Uuid;

use super::bans::{Bans, Scope};
use super::words::{self, unword, unword_opt};
use super::{people, preferences};
use crate::error::Fault;
use crate::tables::{Address as A, Member as M, PostingRecord as R, User as U};
use crate::{Store, StoreError};

/// A post is not asked about more addresses than these: longer To and Cc fields are no discussion.
const MOST_ADDRESSED: usize = 500;

/// What the database knows about the people of one post.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PostingFacts {
    /// What the senders are to the list, in the order of the senders: by that address itself, then by others of the
    /// same user.
    pub memberships: Vec<Membership>,
    /// What those named in To and Cc are to the list, by just these addresses.
    pub addressed: Vec<Membership>,
    /// The senders who are banned.
    pub banned: Vec<Banned>,
}

/// One address in one role on the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The address that was asked about.
    pub address: Address,
    /// The address of the membership, if it is another one of the same user.
    pub via: Option<Address>,
    /// In which role.
    pub role: Role,
    /// The member's key.
    pub member: Uuid,
    /// The name; may be empty.
    pub display_name: String,
    /// What happens to this person's posts; `None` is "as the list says".
    pub moderation_action: Option<Action>,
    /// The preferences that hold: of the member, else of the address, else of the user.
    pub preferences: Preferences,
    /// How many posts of this membership were accepted; counted up to a hundred.
    pub accepted_posts: u64,
}

/// A sender who is banned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Banned {
    /// The sender.
    pub address: Address,
    /// The ban that met it, as it was typed.
    pub entry: String,
    /// Where that ban holds.
    pub scope: Scope,
}

impl Store {
    /// What the rules must know of a post to a list: its senders (envelope and header), and whom it names in To and Cc
    /// (of which only the first 500 are looked up).
    pub async fn posting_facts(
        &self,
        list: Uuid,
        senders: &[Address],
        addressed: &[Address],
    ) -> Result<PostingFacts, StoreError> {
        let addressed: Vec<_> = addressed.iter().take(MOST_ADDRESSED).collect();
        self.reading(async |db| {
            let keys: Vec<_> = senders.iter().chain(addressed.iter().copied()).map(Address::key).collect();
            let known = people::find(&db, &keys).await?;
            let users: Vec<_> =
                senders.iter().filter_map(|a| known.get(a.key())).filter_map(|k| k.user).collect();
            let mut query = query(list);
            query.and_where(
                Expr::col((A::Table, A::Id)).is_in(known.values().map(|k| k.id)).or(Expr::col((
                    A::Table,
                    A::User,
                ))
                .is_in(users)),
            );
            let rows: Vec<_> = db.query_all(&query).await?.iter().map(read).collect::<Result<_, _>>()?;
            let bans = Bans::load_for(&db, list, senders).await?;
            Ok(PostingFacts {
                memberships: senders.iter().flat_map(|sender| of_person(sender, &known, &rows)).collect(),
                addressed: addressed.iter().flat_map(|address| direct(address, &rows)).cloned().collect(),
                banned: senders.iter().filter_map(|sender| banned(sender, &bans)).collect(),
            })
        })
        .await
    }
}

fn direct<'a>(
    address: &'a Address,
    rows: &'a [(Option<Uuid>, Membership)],
) -> impl Iterator<Item = &'a Membership> {
    rows.iter().map(|(_, row)| row).filter(move |row| row.address == *address)
}

fn of_person(
    sender: &Address,
    known: &HashMap<String, people::Known>,
    rows: &[(Option<Uuid>, Membership)],
) -> Vec<Membership> {
    let mut found: Vec<_> = direct(sender, rows).cloned().collect();
    let user = known.get(sender.key()).and_then(|k| k.user);
    for (_, row) in rows.iter().filter(|(u, row)| user.is_some() && *u == user && row.address != *sender) {
        found.push(Membership { address: sender.clone(), via: Some(row.address.clone()), ..row.clone() });
    }
    found
}

fn banned(sender: &Address, bans: &Bans) -> Option<Banned> {
    let ban = bans.find(sender)?;
    Some(Banned { address: sender.clone(), entry: ban.entry.clone(), scope: ban.scope })
}

fn query(list: Uuid) -> SelectStatement {
    let mut query = Query::select();
    query
        .column((A::Table, A::Spelling))
        .column((A::Table, A::User))
        .column((M::Table, M::Role))
        .column((M::Table, M::Id))
        .column((M::Table, M::DisplayName))
        .column((A::Table, A::DisplayName))
        .column((M::Table, M::ModerationAction))
        .column((R::Table, R::Accepted));
    preferences::select(&mut query, M::Table, 'm');
    preferences::select(&mut query, A::Table, 'a');
    preferences::select(&mut query, U::Table, 'u');
    query
        .from(M::Table)
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
        .join(JoinType::LeftJoin, U::Table, Expr::col((U::Table, U::Id)).equals((A::Table, A::User)))
        .join(JoinType::LeftJoin, R::Table, Expr::col((R::Table, R::Member)).equals((M::Table, M::Id)))
        .and_where(Expr::col((M::Table, M::List)).eq(list))
        .order_by((M::Table, M::Id), Order::Asc)
        .take()
}

/// A membership by its own address, and the user behind it.
fn read(row: &QueryResult) -> Result<(Option<Uuid>, Membership), Fault> {
    let name: String = row.try_get_by_index(4)?;
    let display_name = if name.is_empty() { row.try_get_by_index(5)? } else { name };
    let [member, address, user] =
        [preferences::read(row, 'm')?, preferences::read(row, 'a')?, preferences::read(row, 'u')?];
    Ok((
        row.try_get_by_index(1)?,
        Membership {
            address: words::address(&row.try_get_by_index::<String>(0)?)?,
            via: None,
            role: unword(row.try_get_by_index(2)?)?,
            member: row.try_get_by_index(3)?,
            display_name,
            moderation_action: unword_opt(row.try_get_by_index(6)?)?,
            preferences: member.or(&address).or(&user),
            accepted_posts: row.try_get_by_index::<Option<i64>>(7)?.unwrap_or_default().unsigned_abs(),
        },
    ))
}
