//! Members, users, addresses, and what waits for a moderator: rows 20-26 and 36-54.

use super::Route;
use crate::preferences;
use crate::right::Kind::{Members, Moderate};
use crate::right::Right;
use crate::{addresses, held, members, requests, users};

pub(super) const ROUTES: &[Route] = &[
    Route::new(20, "lists/{l}/{role}/{e}", Right::list(Members, Members))
        .get(|c| Box::pin(members::one::show(c)))
        .patch(|c| Box::pin(members::one::patch(c)))
        .delete(|c| Box::pin(members::one::remove(c))),
    Route::new(21, "lists/{l}/held", Right::list(Moderate, Moderate)).get(|c| Box::pin(held::all(c))),
    Route::new(22, "lists/{l}/held/count", Right::list(Moderate, Moderate)).get(|c| Box::pin(held::count(c))),
    Route::new(23, "lists/{l}/held/{id}", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(held::show(c)))
        .post(|c| Box::pin(held::decide(c))),
    Route::new(24, "lists/{l}/requests", Right::list(Moderate, Moderate)).get(|c| Box::pin(requests::all(c))),
    Route::new(25, "lists/{l}/requests/count", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(requests::count(c))),
    Route::new(26, "lists/{l}/requests/{t}", Right::list(Moderate, Moderate))
        .get(|c| Box::pin(requests::show(c)))
        .post(|c| Box::pin(requests::decide(c))),
    Route::new(36, "addresses", PEOPLE).get(|c| Box::pin(addresses::all(c))),
    Route::new(37, "addresses/{e}", PEOPLE)
        .get(|c| Box::pin(addresses::show(c)))
        .patch(|c| Box::pin(addresses::patch(c)))
        .delete(|c| Box::pin(addresses::remove(c))),
    Route::new(38, "addresses/{e}/memberships", PEOPLE).get(|c| Box::pin(addresses::memberships(c))),
    Route::new(39, "addresses/{e}/preferences", PEOPLE)
        .get(|c| Box::pin(async move { preferences::show(&c, &addresses::level(&c).await?).await }))
        .patch(|c| Box::pin(async move { preferences::patch(&c, &addresses::level(&c).await?).await }))
        .put(|c| Box::pin(async move { preferences::put(&c, &addresses::level(&c).await?).await }))
        .delete(|c| Box::pin(async move { preferences::reset(&c, &addresses::level(&c).await?).await })),
    Route::new(40, "addresses/{e}/verify", PEOPLE).post(|c| Box::pin(addresses::verify(c))),
    Route::new(40, "addresses/{e}/unverify", PEOPLE).post(|c| Box::pin(addresses::unverify(c))),
    Route::new(41, "addresses/{e}/user", PEOPLE)
        .get(|c| Box::pin(addresses::owner::show(c)))
        .post(|c| Box::pin(addresses::owner::link(c)))
        .put(|c| Box::pin(addresses::owner::replace(c)))
        .delete(|c| Box::pin(addresses::owner::unlink(c))),
    Route::new(42, "members", Right::named(Members, Members))
        .get(|c| Box::pin(members::all(c)))
        .post(|c| Box::pin(members::create(c))),
    Route::new(43, "members/find", Right::named(Members, Members))
        .get(|c| Box::pin(members::find(c)))
        .post(|c| Box::pin(members::find(c))),
    Route::new(44, "members/{m}", PEOPLE)
        .get(|c| Box::pin(members::one::show(c)))
        .patch(|c| Box::pin(members::one::patch(c)))
        .delete(|c| Box::pin(members::one::remove(c))),
    Route::new(45, "members/{m}/preferences", PEOPLE)
        .get(|c| Box::pin(async move { preferences::show(&c, &members::one::level(&c).await?).await }))
        .patch(|c| Box::pin(async move { preferences::patch(&c, &members::one::level(&c).await?).await }))
        .put(|c| Box::pin(async move { preferences::put(&c, &members::one::level(&c).await?).await }))
        .delete(|c| Box::pin(async move { preferences::reset(&c, &members::one::level(&c).await?).await })),
    Route::new(46, "members/{m}/all/preferences", PEOPLE).get(|c| Box::pin(members::one::effective(c))),
    Route::new(47, "users", PEOPLE).get(|c| Box::pin(users::all(c))).post(|c| Box::pin(users::create(c))),
    Route::new(48, "users/find", PEOPLE).get(|c| Box::pin(users::find(c))),
    Route::new(49, "users/{u}", PEOPLE)
        .get(|c| Box::pin(users::show(c)))
        .patch(|c| Box::pin(users::patch(c)))
        .put(|c| Box::pin(users::put(c)))
        .delete(|c| Box::pin(users::remove(c))),
    Route::new(50, "users/{u}/addresses", PEOPLE)
        .get(|c| Box::pin(users::addresses::all(c)))
        .post(|c| Box::pin(users::addresses::add(c))),
    Route::new(51, "users/{u}/preferred_address", PEOPLE)
        .get(|c| Box::pin(users::preferred::show(c)))
        .post(|c| Box::pin(users::preferred::set(c)))
        .delete(|c| Box::pin(users::preferred::clear(c))),
    Route::new(52, "users/{u}/preferences", PEOPLE)
        .get(|c| Box::pin(async move { preferences::show(&c, &users::level(&c).await?).await }))
        .patch(|c| Box::pin(async move { preferences::patch(&c, &users::level(&c).await?).await }))
        .put(|c| Box::pin(async move { preferences::put(&c, &users::level(&c).await?).await }))
        .delete(|c| Box::pin(async move { preferences::reset(&c, &users::level(&c).await?).await })),
    Route::new(53, "users/{u}/login", PEOPLE).post(|c| Box::pin(users::login(c))),
    Route::new(54, "owners", PEOPLE).get(|c| Box::pin(users::owners(c))),
];

/// Who people are concerns the whole site.
const PEOPLE: Right = Right::site(Members, Members);
