//! The server itself, domains and queues: rows 1-12 and 59-66.

use super::Route;
use crate::right::Kind::{Members, Moderate, Read, Settings};
use crate::right::Right;
use crate::version::Versions;
use crate::{domains, plugins, queues, reserved, system};

pub(super) const ROUTES: &[Route] = &[
    Route::new(1, "system", Right::site(Read, Settings))
        .get(|c| Box::pin(async move { Ok(system::versions(&c)) })),
    Route::new(1, "system/versions", Right::site(Read, Settings))
        .get(|c| Box::pin(async move { Ok(system::versions(&c)) })),
    Route::new(2, "system/configuration", Right::site(Settings, Settings))
        .get(|c| Box::pin(async move { Ok(system::configuration(&c)) })),
    Route::new(3, "system/configuration/{section}", Right::site(Settings, Settings))
        .get(|c| Box::pin(async move { system::section(&c) })),
    Route::new(4, "system/preferences", Right::site(Read, Settings))
        .get(|c| Box::pin(async move { Ok(system::preferences(&c)) })),
    Route::new(5, "system/pipelines", Right::site(Read, Settings))
        .get(|c| Box::pin(async move { Ok(system::pipelines(&c)) })),
    Route::new(6, "system/chains", Right::site(Read, Settings))
        .get(|c| Box::pin(async move { Ok(system::chains(&c)) })),
    Route::new(7, "domains", Right::site(Read, Settings))
        .get(|c| Box::pin(domains::all(c)))
        .post(|c| Box::pin(domains::create(c))),
    Route::new(8, "domains/{d}", Right::domain(Read, Settings))
        .get(|c| Box::pin(domains::show(c)))
        .patch(|c| Box::pin(domains::patch(c)))
        .put(|c| Box::pin(domains::put(c)))
        .delete(|c| Box::pin(domains::remove(c))),
    Route::new(10, "domains/{d}/owners", Right::domain(Members, Settings))
        .get(|c| Box::pin(domains::owners(c)))
        .post(|c| Box::pin(domains::add_owners(c)))
        .delete(|c| Box::pin(domains::remove_owners(c))),
    Route::new(59, "queues", Right::site(Read, Settings)).get(|c| Box::pin(async move { queues::all(&c) })),
    Route::new(60, "queues/{name}", Right::site(Moderate, Settings))
        .get(|c| Box::pin(async move { queues::show(&c) }))
        .post(|c| Box::pin(queues::inject(c))),
    Route::new(61, "queues/{name}/{file}", Right::site(Moderate, Settings))
        .delete(|c| Box::pin(queues::remove(c))),
    Route::new(62, "plugins", Right::site(Read, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(async move { plugins::all(&c) })),
    Route::new(63, "plugins/{name}", Right::site(Read, Settings))
        .only(Versions::V31)
        .get(|c| Box::pin(async move { plugins::show(&c) })),
    Route::new(64, "templates/{fqdn}/{template}", Right::site(Read, Settings))
        .only(Versions::V30)
        .get(|c| Box::pin(async move { plugins::template(&c) })),
    Route::new(64, "templates/{fqdn}/{template}/{language}", Right::site(Read, Settings))
        .only(Versions::V30)
        .get(|c| Box::pin(async move { plugins::template(&c) })),
    Route::new(65, "reserved/uids/orphans", Right::site(Settings, Settings))
        .delete(|c| Box::pin(async move { Ok(reserved::forget_orphans(&c)) })),
    Route::new(66, "reserved/reset", Right::site(Settings, Settings))
        .get(|c| Box::pin(async move { Ok(reserved::reset(&c)) })),
];
