//! What is wrong with a text somebody wants to use.

use super::variables::is_known;
use super::{address, catalogue, files};
use crate::template::names;

/// What is wrong with an address of texts, if anything.
pub fn check_address(uri: &str) -> Option<String> {
    address::read(uri).err()
}

/// What may surprise in a text with this name: variables that stay as written, lines that only built-in texts understand.
pub fn check_text(name: &str, text: &str) -> Vec<String> {
    let mut told = vec![];
    if text.len() > files::LARGEST {
        told.push(format!("the text is longer than {} bytes", files::LARGEST));
    }
    let own = catalogue::entry("en", name).map(|entry| format!("{}\n{}", entry.subject, entry.text));
    let own = own.unwrap_or_default();
    let asked: Vec<_> = own.lines().filter_map(|l| l.strip_prefix('?')?.split(' ').next()).collect();
    let mut unknown: Vec<_> = names(text)
        .into_iter()
        .filter(|n| !is_known(n) && !names(&own).contains(n) && !asked.contains(n))
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    told.extend(unknown.into_iter().map(|n| format!("${n} means nothing in {name} and stays as written")));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_mean_nothing_are_told_of() {
        let name = "list:user:notice:hold";
        assert_eq!(check_text(name, "$subject $listname ${sender} $$x $reasons $hyperkitty_url"), [""; 0]);
        let told = check_text(name, "$sujet $sujet");
        assert_eq!(told, ["$sujet means nothing in list:user:notice:hold and stays as written"]);
        assert!(check_address("gopher://x").is_some_and(|why| why.contains("https://")));
    }
}
