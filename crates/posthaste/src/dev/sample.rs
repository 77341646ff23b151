//! The list a newcomer finds.

use posthaste_model::{Address, Clock, ListName, ListSeed, Mailbox, Role, Style};
use posthaste_store::Store;

use crate::clock::SystemClock;

/// The list.
pub(super) const LIST: &str = "hello@lists.example";
/// Who runs it.
pub(super) const OWNER: &str = "olive@people.example";
/// A member to post as.
pub(super) const ANNE: &str = "anne@people.example";
/// Who is on it.
pub(super) const MEMBERS: [(&str, &str); 3] =
    [(ANNE, "Anne Person"), ("bart@people.example", "Bart Person"), ("cris@people.example", "Cris Person")];

/// Makes list and members unless they are there.
pub(super) async fn create(store: &Store) -> anyhow::Result<()> {
    store.migrate().await?;
    let name = ListName::parse(LIST)?;
    if store.list_by_name(&name).await?.is_some() {
        return Ok(());
    }
    let at = SystemClock::new().now();
    if store.domain(name.host()).await?.is_none() {
        store.add_domain(name.host(), "Lists of the development server", None).await?;
    }
    let seed = ListSeed { name, style: Style::LegacyDefault, at };
    let list = store.create_list(seed, &[Address::parse(OWNER)?]).await?;
    let mut settings = list.settings.clone();
    settings.description = "Say hello".into();
    store.save_settings(list.id, &settings).await?;
    let members: Vec<Mailbox> = MEMBERS
        .iter()
        .map(|(address, name)| Ok(Mailbox { name: (*name).into(), address: Address::parse(address)? }))
        .collect::<anyhow::Result<_>>()?;
    store.add_members(list.id, Role::Member, &members, at).await?;
    Ok(())
}
