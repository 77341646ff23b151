//! `cargo xtask deps`: the picture "who may import whom" of ARCHITECTURE.md, checked against Cargo's own answer.

mod picture;

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, Package};

use self::picture::complaint;
use crate::step::step;
use crate::workspace;

/// One crate asks for another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrow {
    /// The crate that asks.
    from: String,
    /// The crate that is asked for.
    to: String,
    /// For tests only.
    development: bool,
}

pub(crate) fn run() -> Result<()> {
    step("deps", || {
        let metadata = workspace::metadata()?;
        let mut bad: Vec<_> = metadata
            .workspace_packages()
            .into_iter()
            .flat_map(arrows)
            .filter_map(|arrow| complaint(&arrow))
            .collect();
        bad.sort_unstable();
        bad.dedup();
        if !bad.is_empty() {
            bail!(
                "{}\nThe picture is in ARCHITECTURE.md; its checkable form is xtask/src/deps/picture.rs.",
                bad.join("\n")
            );
        }
        Ok(())
    })
}

fn arrows(package: &Package) -> Vec<Arrow> {
    let from = package.name.to_string();
    package
        .dependencies
        .iter()
        .map(|asked| Arrow {
            from: from.clone(),
            to: asked.name.clone(),
            development: asked.kind == DependencyKind::Development,
        })
        .collect()
}
