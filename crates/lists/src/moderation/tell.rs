//! Telling moderators of a post that waits, each with links and an address of their own.

use posthaste_spool::NewEntry;

use super::Desk;
use crate::notices::{About, Held, held_for_moderator};
use crate::runners::{Tools, Trouble};

/// The notices about a post that was held under this number, one to each moderator: the rights in it are theirs alone.
pub(crate) async fn tell_moderators(
    tools: &Tools,
    held: &Held<'_>,
    number: i64,
    about: &About,
) -> Result<Vec<NewEntry>, Trouble> {
    let (site, list) = (tools.site.get(), held.list);
    let languages = [list.settings.preferred_language.as_str(), site.default_language.as_str()];
    let number_text = number.to_string();
    let mut letters = vec![];
    for moderator in Desk::new(tools.store.clone()).moderators(list, &site).await? {
        let links = site.moderating.as_ref();
        let actions =
            links.map(|l| l.actions(&list.list_id, number, &moderator, &languages)).unwrap_or_default();
        let answers = links.map(|l| l.answer_address(list, number, &moderator));
        let mut vars = about.variables().to_vec();
        vars.push(("actions", &actions));
        vars.push(("token", answers.as_deref().unwrap_or_default()));
        vars.push(("number", &number_text));
        let wording = tools.templates.notice(&tools.store, "list:admin:action:post", list, "", &vars).await?;
        letters.extend(held_for_moderator(&site, held, &moderator, answers.as_deref(), wording));
    }
    Ok(letters)
}
