//! `cargo xtask licences`: every crate that we build allows us to.

use anyhow::{Result, bail};
use cargo_metadata::Package;

use crate::step::step;
use crate::workspace;

/// `deny.toml` repeats this list for `cargo deny`.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(crate) fn run() -> Result<()> {
    step("licences", || {
        let metadata = workspace::metadata()?;
        let bad: Vec<_> = metadata.packages.iter().filter_map(complaint).collect();
        if !bad.is_empty() {
            bail!("{}\nThe list of good licences is in xtask/src/licences.rs and deny.toml.", bad.join("\n"));
        }
        Ok(())
    })
}

fn complaint(package: &Package) -> Option<String> {
    let name = format!("{} {}", package.name, package.version);
    match &package.license {
        None => Some(format!("{name} names no licence")),
        Some(licence) if !allowed(licence) => {
            Some(format!("{name} is under `{licence}`, which is not on the list"))
        }
        Some(_) => None,
    }
}

/// Is there a way to satisfy this SPDX expression with licences from the list?
fn allowed(expression: &str) -> bool {
    // Old manifests write MIT/Apache-2.0.
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<_> = text.split_whitespace().rev().collect();
    either(&mut words) && words.is_empty()
}

fn either(words: &mut Vec<&str>) -> bool {
    let mut good = both(words);
    while words.pop_if(|word| *word == "OR").is_some() {
        // Not `||` with the call on the right: its words must be used up in any case.
        good |= both(words);
    }
    good
}

fn both(words: &mut Vec<&str>) -> bool {
    let mut good = one(words);
    while words.pop_if(|word| *word == "AND").is_some() {
        good &= one(words);
    }
    good
}

fn one(words: &mut Vec<&str>) -> bool {
    match words.pop() {
        Some("(") => {
            let good = either(words);
            words.pop() == Some(")") && good
        }
        Some(name) => {
            let exception = words.pop_if(|word| *word == "WITH").and_then(|_| words.pop());
            let full =
                exception.map_or_else(|| name.to_owned(), |exception| format!("{name} WITH {exception}"));
            ALLOWED.contains(&full.as_str())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "(Apache-2.0 OR MIT) AND BSD-3-Clause",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "",
            "(MIT",
            "MIT)",
            "GPL-2.0 WITH Classpath-exception-2.0",
            "MIT MIT",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    #[test]
    fn cargo_deny_has_the_same_list() {
        let deny = std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
        for licence in ALLOWED {
            assert!(deny.contains(&format!("\"{licence}\"")), "deny.toml lacks {licence}");
        }
    }
}
