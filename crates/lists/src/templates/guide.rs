//! The guide to texts, made from what the program itself uses.

use super::variables::EVERYWHERE;
use super::{Templates, catalogue};
use crate::template::{PER_RECIPIENT, names};

const HEAD: &str = "\
# The texts people get

Every mail Posthaste writes itself, and what stands above and under posts, is a text with a name. Each can be replaced for the
site, for a domain, for a list, and for readers of one language:

```text
posthaste template ls
posthaste template show list:user:notice:welcome --list dev@lists.example.org
posthaste template set list:user:notice:welcome welcome.txt --list dev@lists.example.org
posthaste template set list:member:regular:footer --uri 'https://texts.example.org/$list_id/$language'
posthaste template rm list:user:notice:welcome --list dev@lists.example.org
posthaste template check
```

## Where a text is looked for

1. In the database: what was set for the list, then for its domain, then for the site; of these, one for the reader's language
   before one for all.
2. In files below `[paths] templates` (`templates` in the state folder unless set), for each language in turn (the reader's, the
   list's, the site's, English): `lists/LIST-ID/LANGUAGE/NAME.txt`, `domains/HOST/LANGUAGE/NAME.txt`, `site/LANGUAGE/NAME.txt`,
   then the built-in text of that language. A file `list:member:generic:footer.txt` is the footer of posts and digests.
3. Among the built-in texts.

Header and footer of posts: the text set for the list, then the settings `header` and `footer`, then the rest.

An address that does not answer within five seconds, or a file that cannot be read, is passed over; the log says so. What was
fetched is kept for an hour, and longer while its address does not answer. A page that is not there (404) is an empty text.

Addresses may be `https://…`, `http://…`, `file:///PATH` and `mailman:///[LIST/][LANGUAGE/]NAME`; `$list_id`, `$listname`,
`$domain_name` and `$language` are filled in before.

## How a text is written

`$name` or `${name}` stands for a value, `$$` for a dollar; a name that means nothing stays as written. A text that begins with a
line `Subject: …` and a blank line brings its own subject. Texts for people are wrapped at 70 columns, but for lines that begin with
a blank.
";

/// The guide, as Markdown.
pub fn templates_guide() -> String {
    let list = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|n| format!("`${n}`")).collect::<Vec<_>>().join(", ")
    };
    let mut out = HEAD.to_owned();
    out.push_str(&format!("\nIn every text: {}.\n", list(&mut EVERYWHERE.iter().copied())));
    out.push_str(&format!(
        "\nIn header and footer of posts of which each member gets a copy of their own (setting `personalize`): {}.\n",
        list(&mut PER_RECIPIENT.iter().copied())
    ));
    let languages: Vec<_> = Templates::languages().into_iter().map(|l| format!("`{l}`")).collect();
    out.push_str(&format!("\nBuilt-in texts are in {}.\n", languages.join(", ")));
    out.push_str("\n## All texts\n\n| text | variables of its own |\n|---|---|\n");
    for name in catalogue::names() {
        let Some(entry) = catalogue::entry("en", name) else { continue };
        let whole = format!("{}\n{}", entry.subject, entry.text);
        let asked = entry.text.lines().filter_map(|l| l.strip_prefix('?')?.split(' ').next());
        let mut own: Vec<&str> = names(&whole).into_iter().chain(asked).collect();
        own.retain(|n| !EVERYWHERE.contains(n));
        own.sort_unstable();
        own.dedup();
        out.push_str(&format!("| `{name}` | {} |\n", list(&mut own.into_iter())));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `POSTHASTE_UPDATE_DOCS=1` writes the page.
    #[test]
    fn the_page_is_what_the_texts_say() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/templates.md");
        if std::env::var_os("POSTHASTE_UPDATE_DOCS").is_some() {
            std::fs::write(&page, templates_guide()).unwrap();
        }
        let found = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(
            found == templates_guide(),
            "write it again: POSTHASTE_UPDATE_DOCS=1 cargo test -p posthaste-lists guide"
        );
    }
}
