//! A request whose right has been proved; what handlers work with.

use std::sync::Arc;

use posthaste_lists::subscription::Desk;
use posthaste_model::{ListId, ListName, MailingList, Timestamp};
use posthaste_store::AuditEntry;
use serde_json::Value as Json;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::api::Api;
use crate::caller::Caller;
use crate::encode::Map;
use crate::fault::Fault;
use crate::form::Form;
use crate::params::{Params, Value};
use crate::settings::Settings;
use crate::version::Version;

/// A part of a collection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slice {
    /// Entries before it; what stands as `start` in the answer.
    pub(crate) skip: u64,
    /// The most entries it has; `u64::MAX` if all are wanted.
    pub(crate) limit: u64,
}

impl Slice {
    /// The entries of it, out of all.
    pub(crate) fn of<T>(self, all: Vec<T>) -> Vec<T> {
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        all.into_iter().skip(size(self.skip)).take(size(self.limit)).collect()
    }
}

/// A request.
pub(crate) struct Call {
    pub(crate) api: Arc<Api>,
    pub(crate) version: Version,
    /// Names and values of the pieces of the path in braces, decoded.
    pub(crate) pieces: Vec<(&'static str, String)>,
    /// What was said besides; what forms read.
    pub(crate) params: Params,
    /// Query and form, where `count`, `page` and `advertised` stand even if the body is JSON.
    pub(crate) paging: Params,
    pub(crate) caller: Caller,
    pub(crate) settings: Arc<Settings>,
    /// The list of the path, once it was asked for.
    pub(crate) list: OnceCell<MailingList>,
}

impl Call {
    /// The piece of the path in these braces; empty if there is none.
    pub(crate) fn piece(&self, name: &str) -> &str {
        self.pieces.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// Wall time.
    pub(crate) fn now(&self) -> Timestamp {
        self.api.clock.now()
    }

    /// A form over what was said.
    pub(crate) fn form(&self) -> Form<'_> {
        Form::new(&self.params)
    }

    /// An absolute link to a path without version: `lists/ant.example.com`. Pieces of it have to be encoded already.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}/{}/{path}", self.settings.base, self.version.name())
    }

    /// An id as a value; under `user_id` and `member_id` only.
    pub(crate) fn id(&self, id: Uuid) -> Json {
        self.version.id(id)
    }

    /// An id as it stands in paths.
    pub(crate) fn uuid_text(&self, id: Uuid) -> String {
        self.version.uuid_text(id)
    }

    /// Reads an id as clients of this version write it.
    pub(crate) fn parse_id(&self, text: &str) -> Option<Uuid> {
        self.version.parse_id(text)
    }

    /// Which part of the collection is wanted; all of it unless told.
    pub(crate) fn page(&self) -> Result<Slice, Fault> {
        slice(&self.paging)
    }

    /// What `?advertised=` says; false if it says nothing.
    pub(crate) fn advertised(&self) -> Result<bool, Fault> {
        let Some(value) = self.paging.text("advertised") else { return Ok(false) };
        match value.as_str() {
            "" | "true" | "True" | "t" | "yes" | "y" | "1" | "on" => Ok(true),
            "false" | "False" | "f" | "no" | "n" | "0" | "off" => Ok(false),
            _ => Err(invalid(
                "The \"advertised\" parameter is invalid. The value of the parameter must be \"true\" or \"false\".",
            )),
        }
    }

    /// The list of the path, by list-id or posting address, both as they are stored; 404 if there is none.
    pub(crate) async fn list(&self) -> Result<MailingList, Fault> {
        let list = self
            .list
            .get_or_try_init(async || find_list(&self.api, self.piece("l")).await?.ok_or(Fault::GONE));
        list.await.cloned()
    }

    /// Writes down what was done. `target` is what it was done to: an address, a setting, a held post. The list is that of
    /// the path.
    pub(crate) async fn audit(
        &self,
        action: &str,
        target: &str,
        was: Json,
        became: Json,
    ) -> Result<(), Fault> {
        let list = self.list.get().map_or("", |list| list.list_id.as_str());
        self.audit_on(list, action, target, was, became).await
    }

    /// The same about another list than that of the path; about none if `list` is empty.
    pub(crate) async fn audit_on(
        &self,
        list: &str,
        action: &str,
        target: &str,
        was: Json,
        became: Json,
    ) -> Result<(), Fault> {
        self.api.store.audit(&self.audit_entry(list, action, target, was, became)).await?;
        Ok(())
    }

    /// Whoever asks, as the audit log names them.
    pub(crate) fn who(&self) -> String {
        format!("{} by REST", self.caller.name)
    }

    /// The desk for memberships, with the caller at it: what is done there stands in the audit log in their name.
    pub(crate) fn desk(&self) -> Desk {
        self.api.desk.on_behalf_of(&self.who())
    }

    /// The same, not written down yet.
    pub(crate) fn audit_entry(
        &self,
        list: &str,
        action: &str,
        target: &str,
        was: Json,
        became: Json,
    ) -> AuditEntry {
        AuditEntry {
            at: self.now(),
            who: self.who(),
            action: action.to_owned(),
            list: list.to_owned(),
            object: target.to_owned(),
            was,
            became,
        }
    }
}

/// The list that clients mean by `spec`; case matters.
pub(crate) async fn find_list(api: &Api, spec: &str) -> Result<Option<MailingList>, Fault> {
    if !spec.contains('@') {
        return Ok(api.store.list_by_id(&ListId::new(spec)).await?);
    }
    let Some(name) = ListName::parse(spec).ok().filter(|name| name.to_string() == spec) else {
        return Ok(None);
    };
    Ok(api.store.list_by_name(&name).await?)
}

/// A resource from its fields; those without a value are left out.
pub(crate) fn resource<const N: usize>(fields: [(&str, Json); N]) -> Map {
    fields
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn invalid(text: &str) -> Fault {
    Fault::Odd { title: "Invalid parameter", text: text.to_owned() }
}

fn slice(paging: &Params) -> Result<Slice, Fault> {
    let number = |name: &str| -> Result<Option<i128>, Fault> {
        let Some(value) = paging.get(name) else { return Ok(None) };
        let text = match value {
            // The last one counts.
            Value::Many(all) => all.last().cloned().unwrap_or_default(),
            other => other.text().unwrap_or_default(),
        };
        let wrong =
            || invalid(&format!("The \"{name}\" parameter is invalid. The value must be an integer."));
        text.trim().parse().map(Some).map_err(|_| wrong())
    };
    let (count, page) = (number("count")?, number("page")?);
    let Some(count) = count else {
        return match page {
            None => Ok(Slice { skip: 0, limit: u64::MAX }),
            Some(_) => Err(invalid("The \"count\" parameter is required when \"page\" is given.")),
        };
    };
    let page = page.unwrap_or(1);
    for (name, number, least) in [("count", count, 0), ("page", page, 1)] {
        if number < least {
            let text = format!("The \"{name} should be a positive integer.\" parameter is invalid. {number}");
            return Err(invalid(&text));
        }
    }
    let narrow = |number: i128| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(Slice { skip: narrow((page - 1).saturating_mul(count)), limit: narrow(count) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sliced(query: &str) -> Result<Slice, Fault> {
        slice(&Params::of_pairs(crate::percent::pairs(query.as_bytes())))
    }

    #[test]
    fn pages() {
        let all = u64::MAX;
        for (query, skip, limit) in [
            ("", 0, all),
            ("count=10&page=3", 20, 10),
            ("count=0&page=1", 0, 0),
            ("count=5", 0, 5),
            ("count=9223372036854775807&page=1", 0, i64::MAX as u64),
            ("count=9223372036854775807&page=9223372036854775807", all, i64::MAX as u64),
        ] {
            assert_eq!(sliced(query), Ok(Slice { skip, limit }), "{query}");
        }
    }

    #[test]
    fn pages_that_are_none() {
        for (query, text) in [
            ("count=-1&page=1", "The \"count should be a positive integer.\" parameter is invalid. -1"),
            ("count=1&page=0", "The \"page should be a positive integer.\" parameter is invalid. 0"),
            ("count=x&page=1", "The \"count\" parameter is invalid. The value must be an integer."),
            ("page=1", "The \"count\" parameter is required when \"page\" is given."),
        ] {
            assert_eq!(sliced(query), Err(invalid(text)), "{query}");
        }
        assert_eq!(Slice { skip: 2, limit: 2 }.of(vec![1, 2, 3, 4, 5]), [3, 4]);
    }
}
