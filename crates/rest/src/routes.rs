//! Every path there is, and what it takes. What is not in this table does not exist.

mod lists;
mod people;
mod site;

use std::pin::Pin;

use crate::call::Call;
use crate::reply::Answer;
use crate::right::{Kind, Right, Scope};
use crate::version::Versions;

/// An answer in the making.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What answers one method: `|c| Box::pin(lists::config::get(c))`.
pub(crate) type Handler = fn(Call) -> Answering;

/// One path.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    /// The row of the path table it belongs to, see `docs/develop/rest-rows.md`.
    pub(crate) row: u8,
    /// Behind the version; `{…}` stands for one piece. Of two paths that fit, the one with fewer braces is meant.
    pub(crate) path: &'static str,
    pub(crate) versions: Versions,
    pub(crate) right: Right,
    pub(crate) get: Option<Handler>,
    pub(crate) post: Option<Handler>,
    pub(crate) put: Option<Handler>,
    pub(crate) patch: Option<Handler>,
    pub(crate) delete: Option<Handler>,
}

impl Route {
    /// A path without methods, in both versions.
    pub(crate) const fn new(row: u8, path: &'static str, right: Right) -> Self {
        let versions = Versions::Both;
        Self { row, path, versions, right, get: None, post: None, put: None, patch: None, delete: None }
    }

    /// In these versions only.
    pub(crate) const fn only(self, versions: Versions) -> Self {
        Self { versions, ..self }
    }

    pub(crate) const fn get(self, handler: Handler) -> Self {
        Self { get: Some(handler), ..self }
    }

    pub(crate) const fn post(self, handler: Handler) -> Self {
        Self { post: Some(handler), ..self }
    }

    pub(crate) const fn put(self, handler: Handler) -> Self {
        Self { put: Some(handler), ..self }
    }

    pub(crate) const fn patch(self, handler: Handler) -> Self {
        Self { patch: Some(handler), ..self }
    }

    pub(crate) const fn delete(self, handler: Handler) -> Self {
        Self { delete: Some(handler), ..self }
    }

    /// The methods it has.
    pub(crate) fn methods(&self) -> Vec<(&'static str, Handler)> {
        let all = [
            ("GET", self.get),
            ("POST", self.post),
            ("PUT", self.put),
            ("PATCH", self.patch),
            ("DELETE", self.delete),
        ];
        all.into_iter().filter_map(|(name, handler)| Some((name, handler?))).collect()
    }

    /// Names and values of the pieces in braces, if the path fits.
    fn matches(&self, pieces: &[String]) -> Option<Vec<(&'static str, String)>> {
        let mut wanted = self.path.split('/');
        let mut found = vec![];
        for piece in pieces {
            let want = wanted.next()?;
            match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
                Some(name) if !piece.is_empty() => found.push((name, piece.clone())),
                None if want == piece => {}
                _ => return None,
            }
        }
        wanted.next().is_none().then_some(found)
    }
}

/// The table, in its three parts.
const ROUTES: [&[Route]; 3] = [site::ROUTES, lists::ROUTES, people::ROUTES];

/// Every route.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    ROUTES.into_iter().flatten()
}

/// The route that fits best, and the pieces in its braces.
pub(crate) fn find(
    pieces: &[String],
    has_version: impl Fn(Versions) -> bool,
) -> Option<(&'static Route, Vec<(&'static str, String)>)> {
    all()
        .filter(|route| has_version(route.versions))
        .filter_map(|route| Some((route, route.matches(pieces)?)))
        .min_by_key(|(_, found)| found.len())
}

/// A line of the table, for whoever checks it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RouteInfo {
    /// The row of the path table.
    pub row: u8,
    /// `GET`, `POST` …
    pub method: &'static str,
    /// Behind the version.
    pub path: &'static str,
    /// True if there is one in version 3.1; else it is one of 3.0 only.
    pub in_31: bool,
    /// What a token needs.
    pub kind: Kind,
    /// Where: `site`, `domain`, `list`, or `named` if a field of the request names the list.
    pub scope: &'static str,
}

/// Every path with every method it has.
pub fn routes() -> Vec<RouteInfo> {
    let mut infos = vec![];
    for route in all() {
        for (method, _) in route.methods() {
            infos.push(RouteInfo {
                row: route.row,
                method,
                path: route.path,
                in_31: route.versions != Versions::V30,
                kind: if method == "GET" { route.right.look } else { route.right.change },
                scope: match route.right.scope {
                    Scope::Site => "site",
                    Scope::Domain(_) => "domain",
                    Scope::List(_) => "list",
                    Scope::Named(_) => "named",
                },
            });
        }
    }
    infos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let mut seen = std::collections::HashSet::new();
        for route in all() {
            assert!(!route.methods().is_empty(), "{} has no method", route.path);
            assert!(
                seen.insert((route.path, route.versions == Versions::V30)),
                "{} is there twice",
                route.path
            );
            if let Scope::List(name) | Scope::Domain(name) = route.right.scope {
                assert!(route.path.contains(&format!("{{{name}}}")), "{}: no {name}", route.path);
            }
            assert!((1..=66).contains(&route.row), "{}: row {}", route.path, route.row);
        }
    }
}
