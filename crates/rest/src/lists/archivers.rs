//! Which of the site's archivers keep the posts of a list.

use crate::call::Call;
use crate::lists::config::apply;
use crate::reply::{Answer, Reply};
use crate::valid;

/// GET lists/{l}/archivers: a truth value for each, and no other key.
pub(crate) async fn get(call: Call) -> Answer {
    let list = call.list().await?;
    let off = &list.settings.disabled_archivers;
    let names = call.settings.archivers.clone();
    let map = names.into_iter().map(|name| {
        let on = !off.contains(&name);
        (name, on.into())
    });
    Ok(Reply::Resource(map.collect()))
}

/// PATCH lists/{l}/archivers.
pub(crate) async fn patch(call: Call) -> Answer {
    change(call, false).await
}

/// PUT lists/{l}/archivers.
pub(crate) async fn put(call: Call) -> Answer {
    change(call, true).await
}

async fn change(call: Call, all: bool) -> Answer {
    let list = call.list().await?;
    let names = call.settings.archivers.clone();
    let mut wanted = vec![];
    let mut form = call.form();
    for name in &names {
        let on = if all { form.required(name, valid::bool) } else { form.optional(name, valid::bool) };
        wanted.extend(on.map(|on| (name, on)));
    }
    form.check()?;
    apply(&call, &list, |settings| {
        for (name, on) in &wanted {
            settings.disabled_archivers.retain(|off| off != *name);
            if !on {
                settings.disabled_archivers.push((*name).clone());
            }
        }
        Ok(())
    })
    .await?;
    Ok(Reply::Done)
}
