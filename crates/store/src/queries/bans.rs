use std::collections::HashSet;

use posthaste_model::{Address, Pattern, Timestamp, check_domain};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::words::insert;
use crate::error::Fault;
use crate::tables::Ban as B;
use crate::{Store, StoreError};

/// Where a ban holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// On every list.
    Site,
    /// On one list.
    List(Uuid),
}

impl Scope {
    /// The value of the column `scope`.
    fn key(self) -> Uuid {
        match self {
            Self::Site => Uuid::nil(),
            Self::List(list) => list,
        }
    }

    fn from_key(key: Uuid) -> Self {
        if key.is_nil() { Self::Site } else { Self::List(key) }
    }
}

/// Somebody, or a kind of address, that may neither write nor join.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ban {
    /// Where it holds.
    pub scope: Scope,
    /// An address, `@domain`, or `^` and a regular expression; as it was typed.
    pub entry: String,
}

impl Store {
    /// Bans an address, an `@domain`, or what matches a `^regular expression`. Banned already: nothing happens.
    pub async fn add_ban(&self, scope: Scope, entry: &str, at: Timestamp) -> Result<(), StoreError> {
        let entry = entry.trim();
        let key = checked(entry)?;
        let list = match scope {
            Scope::Site => None,
            Scope::List(list) => Some(list),
        };
        self.writing(|| async {
            let db = self.begin().await?;
            let row = [
                Uuid::now_v7().into(),
                scope.key().into(),
                list.into(),
                entry.into(),
                key.as_str().into(),
                (!entry.starts_with('^')).into(),
                at.as_micros().into(),
            ];
            let columns = [B::Id, B::Scope, B::List, B::Entry, B::Key, B::Exact, B::CreatedAt];
            let mut insert = insert(B::Table, columns, [row]);
            insert.on_conflict(OnConflict::columns([B::Scope, B::Key]).do_nothing_on([B::Id]).to_owned());
            let no_list = StoreError::NoSuchList(scope.key().to_string());
            db.execute(&insert).await.map_err(|e| Fault::reference_means(e, no_list))?;
            db.commit(()).await
        })
        .await
    }

    /// Lifts a ban; says whether there was one.
    pub async fn remove_ban(&self, scope: Scope, entry: &str) -> Result<bool, StoreError> {
        let key = fold(entry.trim());
        self.writing(|| async {
            let db = self.begin().await?;
            let delete = Query::delete()
                .from_table(B::Table)
                .and_where(Expr::col(B::Scope).eq(scope.key()))
                .and_where(Expr::col(B::Key).eq(&key))
                .take();
            let done = db.execute(&delete).await?.rows_affected() > 0;
            db.commit(done).await
        })
        .await
    }

    /// The ban that meets a text in this scope: an address by address, domain or pattern, anything else if it is banned as it
    /// stands. On a list those of the site hold as well.
    pub async fn ban_meeting(&self, scope: Scope, text: &str) -> Result<Option<Ban>, StoreError> {
        let text = text.trim();
        let (key, address) = (fold(text), Address::parse(text).ok());
        let list = scope.key();
        self.reading(async |db| {
            let exact = on_list(list).and_where(Expr::col(B::Key).eq(&key)).limit(1).take();
            if let Some(row) = db.query_one(&exact).await? {
                return Ok(Some(read(&row)?));
            }
            let Some(address) = address else { return Ok(None) };
            let bans = Bans::load_for(&db, list, std::slice::from_ref(&address)).await?;
            Ok(bans.find(&address).cloned())
        })
        .await
    }

    /// The bans of one scope, sorted.
    pub async fn bans(&self, scope: Scope) -> Result<Vec<Ban>, StoreError> {
        let query =
            query().and_where(Expr::col(B::Scope).eq(scope.key())).order_by(B::Key, Order::Asc).take();
        self.reading(async |db| db.query_all(&query).await?.iter().map(read).collect()).await
    }
}

/// Bans that hold on a list, ready to be asked about addresses.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    exact: HashSet<String>,
    exact_entries: Vec<Ban>,
    patterns: Vec<(Pattern, Ban)>,
}

impl Bans {
    /// All of them.
    pub(crate) async fn load(store: &Store, list: Uuid) -> Result<Self, StoreError> {
        let query = on_list(list);
        store.reading(async |db| Ok(Self::collect(db.query_all(&query).await?.iter().map(read))?)).await
    }

    /// Those that could meet these addresses.
    pub(crate) async fn load_for(
        db: &impl ConnectionTrait,
        list: Uuid,
        addresses: &[Address],
    ) -> Result<Self, Fault> {
        let exact = addresses.iter().flat_map(|a| [a.key().to_owned(), domain_key(a)]);
        let query =
            on_list(list).and_where(Expr::col(B::Exact).eq(false).or(Expr::col(B::Key).is_in(exact))).take();
        Self::collect(db.query_all(&query).await?.iter().map(read))
    }

    fn collect(rows: impl Iterator<Item = Result<Ban, Fault>>) -> Result<Self, Fault> {
        let mut bans = Self::default();
        for ban in rows {
            let ban = ban?;
            if ban.entry.starts_with('^') {
                // Checked when it was added; one that another program wrote must not stop the mail.
                match Pattern::parse(&ban.entry) {
                    Ok(pattern) => bans.patterns.push((pattern, ban)),
                    Err(why) => tracing::warn!(entry = ban.entry, why, "a ban is not a regular expression"),
                }
            } else {
                bans.exact.insert(fold(&ban.entry));
                bans.exact_entries.push(ban);
            }
        }
        Ok(bans)
    }

    /// The ban that meets this address; exact ones first, those of the list before those of the site.
    pub(crate) fn find(&self, address: &Address) -> Option<&Ban> {
        let domain = domain_key(address);
        if self.exact.contains(address.key()) || self.exact.contains(&domain) {
            let meets = |ban: &&Ban| {
                let key = fold(&ban.entry);
                key == address.key() || key == domain
            };
            return self.exact_entries.iter().find(meets);
        }
        self.patterns.iter().find(|(pattern, _)| pattern.begins(address.key())).map(|(_, ban)| ban)
    }
}

/// The key of a new ban, if it is one.
fn checked(entry: &str) -> Result<String, StoreError> {
    let good = if entry.starts_with('^') {
        Pattern::parse(entry).map_err(|why| StoreError::BadPattern { pattern: entry.to_owned(), why })?;
        true
    } else if let Some(domain) = entry.strip_prefix('@') {
        check_domain(domain).is_ok()
    } else {
        Address::parse(entry).is_ok()
    };
    // The longest a key column holds on every engine.
    if good && entry.chars().count() <= 255 {
        Ok(fold(entry))
    } else {
        Err(StoreError::BadBan(entry.to_owned()))
    }
}

/// Patterns keep their case, where it means something (`\S` is not `\s`).
fn fold(entry: &str) -> String {
    if entry.starts_with('^') { entry.to_owned() } else { entry.to_lowercase() }
}

fn domain_key(address: &Address) -> String {
    format!("@{}", address.domain().to_lowercase())
}

fn query() -> SelectStatement {
    Query::select().columns([B::Scope, B::Entry]).from(B::Table).take()
}

/// The bans that hold on a list, its own before those of the site.
fn on_list(list: Uuid) -> SelectStatement {
    query()
        .and_where(Expr::col(B::Scope).is_in([Scope::List(list).key(), Scope::Site.key()]))
        .order_by(B::Scope, Order::Desc)
        .order_by(B::Key, Order::Asc)
        .take()
}

fn read(row: &QueryResult) -> Result<Ban, Fault> {
    Ok(Ban { scope: Scope::from_key(row.try_get_by_index(0)?), entry: row.try_get_by_index(1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_checked_and_folded() {
        for (entry, key) in [
            ("Anne@Example.COM", "anne@example.com"),
            ("@Spam.Example", "@spam.example"),
            (r"^.*@\S+\.test$", r"^.*@\S+\.test$"),
        ] {
            assert_eq!(checked(entry).unwrap(), key);
        }
        for bad in ["", "anne", "@", "@x", "^["] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn exact_before_pattern_list_before_site() {
        let list = Uuid::from_u128(1);
        let ban = |scope, entry: &str| Ok(Ban { scope, entry: entry.to_owned() });
        let bans = Bans::collect(
            [
                ban(Scope::List(list), "Anne@Example.com"),
                ban(Scope::List(list), "^bad"),
                ban(Scope::Site, "anne@example.com"),
                ban(Scope::Site, "@example.org"),
                ban(Scope::Site, "^b|x"),
                ban(Scope::Site, "^["),
            ]
            .into_iter(),
        )
        .unwrap();
        let find =
            |text: &str| bans.find(&Address::parse(text).unwrap()).map(|b| (b.scope, b.entry.as_str()));
        assert_eq!(find("ANNE@example.com"), Some((Scope::List(list), "Anne@Example.com")));
        assert_eq!(find("carl@EXAMPLE.org"), Some((Scope::Site, "@example.org")));
        assert_eq!(find("carl@sub.example.org"), None);
        assert_eq!(find("BADge@example.com"), Some((Scope::List(list), "^bad")));
        assert_eq!(find("bert@example.com"), Some((Scope::Site, "^b|x")));
        // Anchored at the beginning, on both sides of the bar.
        assert_eq!(find("maxx@example.com"), None);
    }
}
