//! The log: to standard error, as text for people or JSON for programs.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::config::{Config, Format, Level};

/// Changes the level of a running server's log.
#[derive(Clone)]
pub(crate) struct LogLevel(Option<reload::Handle<LevelFilter, Registry>>);

impl LogLevel {
    pub(crate) fn set(&self, level: Level) {
        if let Some(handle) = &self.0 {
            let _ = handle.reload(filter(level));
        }
    }
}

/// Begins to log as `config` says.
pub(crate) fn start(config: &Config) -> LogLevel {
    let (level, handle) = reload::Layer::new(filter(config.log.level));
    let registry = tracing_subscriber::registry().with(level);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match config.log.format {
        Format::Text => registry.with(layer.with_target(false)).try_init(),
        Format::Json => registry.with(layer.json()).try_init(),
    };
    LogLevel(started.is_ok().then_some(handle))
}

fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
