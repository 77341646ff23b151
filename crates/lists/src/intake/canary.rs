//! The canary at the door: ours is let in, whatever only looks like it is refused.

use posthaste_model::{ForwardPath, ListId, SubAddress};
use posthaste_smtp::Reply;
use posthaste_smtp::server::Transaction;

use super::{Destination, Intake};
use crate::canary::{CANARY_LIST, Keeper, Leg};

/// If `to` is the canary's address, what stands behind its `+`.
fn extension<'a>(to: &'a ForwardPath, keeper: &dyn Keeper) -> Option<&'a str> {
    let (local, domain) = to.as_str().rsplit_once('@')?;
    let (base, extension) = local.split_once('+').unwrap_or((local, ""));
    let name = keeper.name();
    (base.eq_ignore_ascii_case(name.local()) && domain.eq_ignore_ascii_case(name.host())).then_some(extension)
}

impl Intake {
    /// The canary's destination if `to` is its address; one that we did not send is refused for good.
    pub(super) fn canary(&self, to: &ForwardPath) -> Option<Result<Destination, Reply>> {
        let keeper = self.canary.as_deref()?;
        let extension = extension(to, keeper)?;
        Some(match keeper.read(extension) {
            Ok(_) => Ok(Destination {
                list: ListId::new(CANARY_LIST),
                sub: SubAddress::Post,
                extension: extension.to_owned(),
            }),
            Err(why) => {
                tracing::debug!(why, "a canary that is not ours was refused");
                Err(Reply::new(
                    550,
                    (5, 7, 1),
                    format!("This address takes only what we sent ourselves: {why}"),
                ))
            }
        })
    }

    /// Takes a canary: one on its way out becomes an entry like every post, one that came back has done its work.
    pub(super) async fn accept_canary(
        &self,
        transaction: &Transaction,
        to: &ForwardPath,
        destination: Destination,
    ) -> Reply {
        let Some(keeper) = self.canary.as_deref() else {
            return Reply::new(451, (4, 3, 0), "The canary has just been switched off");
        };
        let extension = destination.extension.clone();
        match keeper.read(&extension) {
            Ok(Leg::Out) => {
                let (list, events) = (destination.list.clone(), self.events.clone());
                let counted = move |new| {
                    if new {
                        events.passed(&list);
                    }
                };
                let entry = self.entry(transaction, to, destination);
                if let Err(error) = self.spool.put_with(entry, counted).await {
                    tracing::error!(%error, "cannot accept the canary");
                    return super::accept::trouble(&error);
                }
            }
            Ok(Leg::Back | Leg::Gone) => {}
            Err(why) => return Reply::new(550, (5, 7, 1), why),
        }
        keeper.arrived(&extension);
        Reply::new(250, (2, 1, 5), "The canary has arrived")
    }
}
