//! The same suite on every engine: each test gets a database of its own.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod engines {
    pub(crate) mod archive;
    pub(crate) mod bounces;
    pub(crate) mod decisions;
    pub(crate) mod digests;
    pub(crate) mod fixture;
    pub(crate) mod giving_up;
    pub(crate) mod lists;
    pub(crate) mod moderation;
    pub(crate) mod overviews;
    pub(crate) mod people;
    pub(crate) mod persons;
    pub(crate) mod posting;
    pub(crate) mod roll;
    pub(crate) mod rules;
    pub(crate) mod schema;
    pub(crate) mod subscription;
}

use engines::fixture::{Case, Engine, run};
use engines::{
    archive, bounces, decisions, digests, giving_up, lists, moderation, overviews, people, persons, posting,
    roll, rules, schema, subscription,
};

/// Every test of the suite.
const SUITE: &[&[Case]] = &[
    schema::CASES,
    lists::CASES,
    people::CASES,
    persons::CASES,
    posting::CASES,
    moderation::CASES,
    decisions::CASES,
    giving_up::CASES,
    digests::CASES,
    subscription::CASES,
    rules::CASES,
    archive::CASES,
    roll::CASES,
    bounces::CASES,
    overviews::CASES,
];

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    run(Engine::sqlite(), SUITE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql() {
    run(Engine::postgresql(), SUITE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb() {
    run(Engine::mariadb(), SUITE).await;
}
