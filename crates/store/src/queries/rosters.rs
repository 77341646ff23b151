//! Who is what on which list, as overviews show it: in order, counted, page by page.

use std::collections::HashMap;

use posthaste_model::{Action, Address, DeliveryMode, DeliveryStatus, ListId, Role, Timestamp};
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, IntoIden, JoinType, LikeExpr, Order, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::recipients::{first_set, or_default};
use super::words::{unword, unword_opt, word};
use crate::error::Fault;
use crate::tables::{
    Address as A, BounceStanding as S, MailingList as L, Member as M, MemberByUser as B, Preference as P,
    User as U,
};
use crate::{ROWS, Store, StoreError};

/// A membership with everything an overview shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RosterRow {
    /// The membership's key.
    pub id: Uuid,
    /// The list's key.
    pub list: Uuid,
    /// The list's name for ever.
    pub list_id: ListId,
    /// In which role.
    pub role: Role,
    /// The address, lower case.
    pub email: String,
    /// The address as its owner spells it.
    pub spelling: String,
    /// The name: of the membership, else the address, else the user; may be empty.
    pub display_name: String,
    /// What happens to this person's posts; `None` = as the list says.
    pub moderation_action: Option<Action>,
    /// How this person gets the list, whichever level says so.
    pub delivery_mode: DeliveryMode,
    /// The key of the user the address belongs to.
    pub user: Option<Uuid>,
    /// It belongs to the user, and follows the preferred address.
    pub by_user: bool,
    /// Days on which mail came back.
    pub bounce_score: u64,
    /// When mail came back last.
    pub last_bounce: Option<Timestamp>,
    /// Warnings since delivery was switched off for it.
    pub warnings: u64,
    /// The last of them.
    pub last_warning: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Whom an overview is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subscriber {
    /// Whoever has this address.
    Address(Address),
    /// Every address of this user.
    User(Uuid),
    /// Whose address or name fits: `*` stands for any run of characters, case does not matter. Without a `*` the address
    /// must be exactly this.
    Like(String),
}

/// Which memberships are wanted: those for which everything given is true.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RosterWanted {
    /// On this list.
    pub list: Option<Uuid>,
    /// In one of these roles; none given is any.
    pub roles: Vec<Role>,
    /// Of this person.
    pub subscriber: Option<Subscriber>,
    /// With this action; `Some(None)` is none of their own.
    pub moderation_action: Option<Option<Action>>,
    /// Who gets the list so, whichever level says it.
    pub delivery_mode: Option<DeliveryMode>,
    /// Whose delivery stands so, whichever level says it.
    pub delivery_status: Option<DeliveryStatus>,
}

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RosterOrder {
    /// By list-id, address, role (member, owner, moderator, nonmember).
    Address,
    /// By list-id, role (owner, moderator, member, nonmember), address.
    Role,
}

impl Store {
    /// The keys of the memberships that are wanted, in order. Sixteen octets each: a crowd is looked up once and then read
    /// in pieces with [`roster_rows`](Self::roster_rows), so that nobody is read twice or left out meanwhile.
    pub async fn roster_ids(
        &self,
        wanted: &RosterWanted,
        order: RosterOrder,
        skip: u64,
        limit: u64,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut query = which(wanted);
        query.column((M::Table, M::Id)).order_by((L::Table, L::ListId), Order::Asc);
        match order {
            RosterOrder::Address => {
                let roles = [Role::Member, Role::Owner, Role::Moderator];
                query.order_by((A::Table, A::Key), Order::Asc).order_by_expr(place(roles), Order::Asc)
            }
            RosterOrder::Role => {
                let roles = [Role::Owner, Role::Moderator, Role::Member];
                query.order_by_expr(place(roles), Order::Asc).order_by((A::Table, A::Key), Order::Asc)
            }
        };
        slice(&mut query, skip, limit);
        self.reading(async |db| {
            db.query_all(&query).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
        })
        .await
    }

    /// How many memberships are wanted.
    pub async fn roster_count(&self, wanted: &RosterWanted) -> Result<u64, StoreError> {
        let query = which(wanted).expr(Expr::col((M::Table, M::Id)).count()).take();
        self.reading(async |db| match db.query_one(&query).await? {
            Some(row) => Ok(row.try_get_by_index::<i64>(0)?.unsigned_abs()),
            None => Ok(0),
        })
        .await
    }

    /// The memberships with these keys, in their order; who is gone is left out.
    pub async fn roster_rows(&self, ids: &[Uuid]) -> Result<Vec<RosterRow>, StoreError> {
        let mut found = HashMap::with_capacity(ids.len());
        for chunk in ids.chunks(ROWS) {
            let query = rows().and_where(Expr::col((M::Table, M::Id)).is_in(chunk.iter().copied())).take();
            let rows: Vec<RosterRow> =
                self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await?;
            found.extend(rows.into_iter().map(|row| (row.id, row)));
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }
}

/// A part of the rows of a query, in its order. The numbers may be as large as they like.
pub(super) fn slice(query: &mut SelectStatement, skip: u64, limit: u64) {
    let most = i64::MAX.unsigned_abs();
    if skip == 0 && limit >= most {
        return;
    }
    query.limit(Ord::min(limit, most)).offset(Ord::min(skip, most));
}

/// Where a role stands in an order; what is not named comes last.
pub(super) fn place(roles: [Role; 3]) -> SimpleExpr {
    let role = || Expr::col((M::Table, M::Role));
    let [first, second, third] = roles.map(Role::name);
    Expr::case(role().eq(first), 1).case(role().eq(second), 2).case(role().eq(third), 3).finally(4).into()
}

fn which(wanted: &RosterWanted) -> SelectStatement {
    let mut query = Query::select();
    query
        .from(M::Table)
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
        .inner_join(L::Table, Expr::col((L::Table, L::Id)).equals((M::Table, M::List)));
    let by_preference = wanted.delivery_mode.is_some() || wanted.delivery_status.is_some();
    if by_preference || matches!(wanted.subscriber, Some(Subscriber::Like(_))) {
        let user = Expr::col((U::Table, U::Id)).equals((A::Table, A::User));
        query.join(JoinType::LeftJoin, U::Table, user);
    }
    if let Some(list) = wanted.list {
        query.and_where(Expr::col((M::Table, M::List)).eq(list));
    }
    if !wanted.roles.is_empty() {
        query.and_where(Expr::col((M::Table, M::Role)).is_in(wanted.roles.iter().map(|role| role.name())));
    }
    match &wanted.subscriber {
        None => {}
        Some(Subscriber::Address(address)) => {
            query.and_where(Expr::col((A::Table, A::Key)).eq(address.key()));
        }
        Some(Subscriber::User(user)) => {
            query.and_where(Expr::col((A::Table, A::User)).eq(*user));
        }
        Some(Subscriber::Like(text)) => {
            query.and_where(fits(&text.to_lowercase()));
        }
    }
    match &wanted.moderation_action {
        None => {}
        Some(None) => {
            query.and_where(Expr::col((M::Table, M::ModerationAction)).is_null());
        }
        Some(Some(action)) => {
            query.and_where(Expr::col((M::Table, M::ModerationAction)).eq(word(action)));
        }
    }
    if let Some(mode) = &wanted.delivery_mode {
        query.and_where(or_default(P::DeliveryMode, "regular").eq(word(mode)));
    }
    if let Some(status) = &wanted.delivery_status {
        query.and_where(or_default(P::DeliveryStatus, "enabled").eq(word(status)));
    }
    query
}

/// `text` is lower case.
fn fits(text: &str) -> SimpleExpr {
    let key = Expr::col((A::Table, A::Key));
    if !text.contains('*') {
        return key.eq(text);
    }
    let mut pattern = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match c {
            '*' => pattern.push('%'),
            '%' | '_' | '\\' => pattern.extend(['\\', c]),
            c => pattern.push(c),
        }
    }
    let like = || LikeExpr::new(pattern.clone()).escape('\\');
    let names = [
        (M::Table.into_iden(), M::DisplayName.into_iden()),
        (A::Table.into_iden(), A::DisplayName.into_iden()),
        (U::Table.into_iden(), U::DisplayName.into_iden()),
    ];
    names.into_iter().fold(key.like(like()), |either, name| {
        either.or(SimpleExpr::from(Func::lower(Expr::col(name))).like(like()))
    })
}

fn rows() -> SelectStatement {
    let mut query = Query::select();
    query
        .expr_as(Expr::col((M::Table, M::Id)), "r_id")
        .expr_as(Expr::col((M::Table, M::List)), "r_list")
        .expr_as(Expr::col((L::Table, L::ListId)), "r_list_id")
        .expr_as(Expr::col((M::Table, M::Role)), "r_role")
        .expr_as(Expr::col((A::Table, A::Key)), "r_key")
        .expr_as(Expr::col((A::Table, A::Spelling)), "r_spelling")
        .expr_as(Expr::col((M::Table, M::DisplayName)), "r_name")
        .expr_as(Expr::col((A::Table, A::DisplayName)), "r_address_name")
        .expr_as(Expr::col((U::Table, U::DisplayName)), "r_user_name")
        .expr_as(Expr::col((M::Table, M::ModerationAction)), "r_action")
        .expr_as(first_set(P::DeliveryMode), "r_mode")
        .expr_as(Expr::col((A::Table, A::User)), "r_user")
        .expr_as(Expr::col((B::Table, B::User)), "r_by_user")
        .expr_as(Expr::col((S::Table, S::Score)), "r_score")
        .expr_as(Expr::col((S::Table, S::LastBounce)), "r_last_bounce")
        .expr_as(Expr::col((S::Table, S::Warnings)), "r_warnings")
        .expr_as(Expr::col((S::Table, S::LastWarning)), "r_last_warning")
        .expr_as(Expr::col((M::Table, M::CreatedAt)), "r_created_at")
        .from(M::Table)
        .inner_join(A::Table, Expr::col((A::Table, A::Id)).equals((M::Table, M::Address)))
        .inner_join(L::Table, Expr::col((L::Table, L::Id)).equals((M::Table, M::List)))
        .join(JoinType::LeftJoin, U::Table, Expr::col((U::Table, U::Id)).equals((A::Table, A::User)))
        .join(JoinType::LeftJoin, B::Table, Expr::col((B::Table, B::Member)).equals((M::Table, M::Id)))
        .join(JoinType::LeftJoin, S::Table, Expr::col((S::Table, S::Member)).equals((M::Table, M::Id)))
        .take()
}

fn read(row: &QueryResult) -> Result<RosterRow, Fault> {
    let names = [
        row.try_get_by::<String, _>("r_name")?,
        row.try_get_by("r_address_name")?,
        row.try_get_by::<Option<String>, _>("r_user_name")?.unwrap_or_default(),
    ];
    let number = |name: &str| {
        Ok::<_, Fault>(row.try_get_by::<Option<i64>, _>(name)?.unwrap_or_default().unsigned_abs())
    };
    let moment =
        |name: &str| Ok::<_, Fault>(row.try_get_by::<Option<i64>, _>(name)?.map(Timestamp::from_micros));
    Ok(RosterRow {
        id: row.try_get_by("r_id")?,
        list: row.try_get_by("r_list")?,
        list_id: ListId::new(row.try_get_by::<String, _>("r_list_id")?),
        role: unword(row.try_get_by("r_role")?)?,
        email: row.try_get_by("r_key")?,
        spelling: row.try_get_by("r_spelling")?,
        display_name: names.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        moderation_action: unword_opt(row.try_get_by("r_action")?)?,
        delivery_mode: unword_opt(row.try_get_by("r_mode")?)?.unwrap_or_default(),
        user: row.try_get_by("r_user")?,
        by_user: row.try_get_by::<Option<Uuid>, _>("r_by_user")?.is_some(),
        bounce_score: number("r_score")?,
        last_bounce: moment("r_last_bounce")?,
        warnings: number("r_warnings")?,
        last_warning: moment("r_last_warning")?,
        created_at: Timestamp::from_micros(row.try_get_by("r_created_at")?),
    })
}
