//! `posthaste drill`: breaks a scratch instance on purpose, with real components, under load, and measures what is promised.

mod fault;
mod judge;
mod load;
mod run;
mod seed;
mod stand;

use std::time::Duration;

use clap::{Args, ValueEnum};

use self::fault::Kind;
use self::judge::Row;
use self::stand::Engine;
use crate::cli::output::{BadInput, Exit, Out};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// An outage that happened, instead of single faults
    #[arg(value_enum)]
    scenario: Option<Scenario>,
    /// On which database
    #[arg(long, value_enum, default_value_t = Databases::All)]
    database: Databases,
    /// Only this fault; may be said several times [default: all]
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
    /// Each fault lasts about two seconds [default: ten]
    #[arg(long)]
    quick: bool,
    /// Each fault lasts a minute
    #[arg(long, conflicts_with = "quick")]
    long: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Scenario {
    /// lists.wikimedia.org, 7 to 9 March 2023: 49 hours without delivery, and nobody knew
    #[value(name = "seed-2023-03-09")]
    Seed,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Databases {
    All,
    Sqlite,
    Postgres,
    Mariadb,
}

impl Databases {
    fn engines(self) -> Vec<Engine> {
        match self {
            Self::All => vec![Engine::Sqlite, Engine::Postgres, Engine::Mariadb],
            Self::Sqlite => vec![Engine::Sqlite],
            Self::Postgres => vec![Engine::Postgres],
            Self::Mariadb => vec![Engine::Mariadb],
        }
    }
}

/// Runs the drill; fails if a promise is broken.
pub(crate) fn run(options: &Options, out: &Out) -> anyhow::Result<Exit> {
    if let Some(Scenario::Seed) = options.scenario {
        return seed(options.database, out);
    }
    let kinds = options.fault.iter().map(|name| named(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let hold = match (options.quick, options.long) {
        (true, _) => Duration::from_secs(2),
        (_, true) => Duration::from_mins(1),
        _ => Duration::from_secs(10),
    };
    let rows = crate::serve::runtime()?.block_on(async {
        let mut rows = vec![];
        for engine in options.database.engines() {
            let alone = options.database != Databases::All;
            let wanted: Vec<_> = Kind::ALL
                .into_iter()
                .filter(|kind| kinds.is_empty() || kinds.contains(kind))
                .filter(|kind| suits(*kind, engine, alone || !kinds.is_empty()))
                .collect();
            rows.extend(run::all(engine, &wanted, hold).await?);
        }
        anyhow::Ok(rows)
    })?;
    out.table(&Row::HEAD, rows.iter().map(Row::cells), &rows)?;
    Ok(if rows.iter().all(|row| row.broken.is_empty()) { Exit::Done } else { Exit::Failed })
}

/// Plays the outage on each database server.
fn seed(databases: Databases, out: &Out) -> anyhow::Result<Exit> {
    let engines = databases.engines().into_iter().filter(|engine| *engine != Engine::Sqlite);
    let mut plays = vec![];
    crate::serve::runtime()?.block_on(async {
        for engine in engines {
            plays.push(seed::play(engine).await?);
        }
        anyhow::Ok(())
    })?;
    if plays.is_empty() {
        return Err(
            BadInput::new("this outage needs a database server: --database mariadb or postgres").into()
        );
    }
    out.table(&seed::Play::HEAD, plays.iter().flat_map(seed::Play::cells), &plays)?;
    for play in &plays {
        let told = match play.broken.as_slice() {
            [] => "every promise kept".to_owned(),
            broken => format!("BROKEN: {}", broken.join("; ")),
        };
        let (database, posts, lost, twice) = (play.database, play.posts, play.lost, play.duplicated);
        out.problem(&format!("{database}: {posts} posts, {lost} copies lost, {twice} twice; {told}"))?;
    }
    Ok(if plays.iter().all(|play| play.broken.is_empty()) { Exit::Done } else { Exit::Failed })
}

/// Faults of the database need a server; the others are the same on each, and are drilled once unless more is asked for.
fn suits(kind: Kind, engine: Engine, asked: bool) -> bool {
    if kind.is_of_the_database() { engine != Engine::Sqlite } else { engine == Engine::Sqlite || asked }
}

fn named(name: &str) -> anyhow::Result<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.map(Kind::name).into();
        BadInput::new(format!("there is no fault {name:?}; the faults are {}", names.join(", "))).into()
    })
}
