//! Lists and what belongs to one: rows 9, 11-20, 27-35 and 55-58.

use super::Route;
use crate::right::Kind::{Members, Moderate, Read, Settings};
use crate::right::Right;
use crate::version::Versions;
use crate::{bans, lists, uris};

pub(super) const ROUTES: &[Route] = &[
    Route::new(9, "domains/{d}/lists", Right::domain(Read, Settings)).get(|c| Box::pin(lists::of_domain(c))),
    Route::new(11, "domains/{d}/uris", Right::domain(Settings, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(uris::get(c)))
        .patch(|c| Box::pin(uris::patch(c)))
        .put(|c| Box::pin(uris::put(c)))
        .delete(|c| Box::pin(uris::delete(c))),
    Route::new(12, "domains/{d}/uris/{T}", Right::domain(Settings, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(uris::get_one(c)))
        .patch(|c| Box::pin(uris::set_one(c)))
        .put(|c| Box::pin(uris::set_one(c)))
        .delete(|c| Box::pin(uris::delete_one(c))),
    Route::new(13, "lists", Right::site(Read, Settings))
        .get(|c| Box::pin(lists::get(c)))
        .post(|c| Box::pin(lists::post(c))),
    Route::new(14, "lists/styles", Right::site(Read, Settings)).get(|c| Box::pin(lists::styles::get(c))),
    Route::new(15, "lists/find", Right::site(Members, Members))
        .get(|c| Box::pin(lists::find::find(c)))
        .post(|c| Box::pin(lists::find::find(c))),
    Route::new(16, "lists/{l}", Right::list(Read, Settings))
        .get(|c| Box::pin(lists::get_one(c)))
        .delete(|c| Box::pin(lists::delete(c))),
    Route::new(17, "lists/{l}/config", Right::list(Read, Settings))
        .get(|c| Box::pin(lists::config::get(c)))
        .patch(|c| Box::pin(lists::config::patch(c)))
        .put(|c| Box::pin(lists::config::put(c)))
        .delete(|c| Box::pin(lists::config::delete(c))),
    Route::new(18, "lists/{l}/config/{attr}", Right::list(Read, Settings))
        .get(|c| Box::pin(lists::config::get_one(c)))
        .patch(|c| Box::pin(lists::config::patch_one(c)))
        .put(|c| Box::pin(lists::config::put_one(c)))
        .delete(|c| Box::pin(lists::config::delete_one(c))),
    Route::new(19, "lists/{l}/roster/{role}", Right::list(Members, Members))
        .get(|c| Box::pin(lists::roster::get(c)))
        .delete(|c| Box::pin(lists::roster::delete(c))),
    Route::new(27, "lists/{l}/header-matches", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(lists::header_matches::get(c)))
        .post(|c| Box::pin(lists::header_matches::post(c)))
        .delete(|c| Box::pin(lists::header_matches::delete(c))),
    Route::new(28, "lists/{l}/header-matches/{position}", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(lists::header_matches::get_one(c)))
        .patch(|c| Box::pin(lists::header_matches::patch_one(c)))
        .put(|c| Box::pin(lists::header_matches::put_one(c)))
        .delete(|c| Box::pin(lists::header_matches::delete_one(c))),
    Route::new(29, "lists/{l}/header-matches/find", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(lists::header_matches::find(c)))
        .post(|c| Box::pin(lists::header_matches::find(c))),
    Route::new(30, "lists/{l}/archivers", Right::list(Read, Settings))
        .get(|c| Box::pin(lists::archivers::get(c)))
        .patch(|c| Box::pin(lists::archivers::patch(c)))
        .put(|c| Box::pin(lists::archivers::put(c))),
    Route::new(31, "lists/{l}/bans", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(bans::get(c)))
        .post(|c| Box::pin(bans::post(c))),
    Route::new(32, "lists/{l}/bans/{e}", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(bans::get_one(c)))
        .delete(|c| Box::pin(bans::delete(c))),
    Route::new(33, "lists/{l}/digest", Right::list(Read, Settings))
        .get(|c| Box::pin(lists::digest::get(c)))
        .post(|c| Box::pin(lists::digest::post(c))),
    Route::new(34, "lists/{l}/uris", Right::list(Settings, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(uris::get(c)))
        .patch(|c| Box::pin(uris::patch(c)))
        .put(|c| Box::pin(uris::put(c)))
        .delete(|c| Box::pin(uris::delete(c))),
    Route::new(35, "lists/{l}/uris/{T}", Right::list(Settings, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(uris::get_one(c)))
        .patch(|c| Box::pin(uris::set_one(c)))
        .put(|c| Box::pin(uris::set_one(c)))
        .delete(|c| Box::pin(uris::delete_one(c))),
    Route::new(55, "bans", Right::site(Moderate, Moderate))
        .get(|c| Box::pin(bans::get(c)))
        .post(|c| Box::pin(bans::post(c))),
    Route::new(56, "bans/{e}", Right::site(Moderate, Moderate))
        .get(|c| Box::pin(bans::get_one(c)))
        .delete(|c| Box::pin(bans::delete(c))),
    Route::new(57, "uris", Right::site(Settings, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(uris::get(c)))
        .patch(|c| Box::pin(uris::patch(c)))
        .put(|c| Box::pin(uris::put(c)))
        .delete(|c| Box::pin(uris::delete(c))),
    Route::new(58, "uris/{T}", Right::site(Settings, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(uris::get_one(c)))
        .patch(|c| Box::pin(uris::set_one(c)))
        .put(|c| Box::pin(uris::set_one(c)))
        .delete(|c| Box::pin(uris::delete_one(c))),
];
