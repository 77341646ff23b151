//! Today's topics.

use posthaste_mime::{Field, Message, address_entries};

use super::Digest;
use crate::pipeline::without_prefix;

/// Lines of the contents are at most this long, characters.
const WIDTH: usize = 65;
/// A line with the author may be a little longer.
const WITH_AUTHOR: usize = 70;

/// One post in the contents.
pub(super) struct Topic {
    pub(super) subject: String,
    pub(super) author: String,
}

impl Topic {
    pub(super) fn of(digest: &Digest<'_>, post: &Message) -> Self {
        let subject = post.head.text("Subject").unwrap_or_default();
        let subject = without_prefix(&digest.list.settings.subject_prefix, &subject);
        let subject = if subject.trim().is_empty() { digest.say("post.no_subject") } else { subject };
        let from = post.head.get("From").map(Field::unfolded).unwrap_or_default();
        let author = address_entries(&from).first().map(|entry| {
            if entry.name.trim().is_empty() { entry.address.clone() } else { entry.name.clone() }
        });
        Self { subject: one_line(&subject), author: one_line(&author.unwrap_or_default()) }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The contents as text: a heading, a blank line, the topics.
pub(super) fn text(digest: &Digest<'_>) -> String {
    let mut out = format!("{}\n\n", digest.say("digest.topics"));
    for (number, post) in (1..).zip(&digest.posts) {
        let topic = Topic::of(digest, post);
        out.push_str(&entry(number, &topic));
    }
    out
}

fn entry(number: usize, topic: &Topic) -> String {
    let mut lines = fold(&format!("  {number:>2}. "), "      ", &topic.subject, WIDTH);
    if !topic.author.is_empty() {
        let author = format!("({})", topic.author);
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + author.chars().count() <= WITH_AUTHOR => {
                last.push(' ');
                last.push_str(&author);
            }
            _ => lines.push(format!("      {author}")),
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// `text` in lines of at most `width` characters, where it has blanks to break at.
pub(super) fn fold(first: &str, rest: &str, text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let long = "a subject that is so long that it does not fit into one line of the contents";
        for (number, subject, author, wanted) in [
            (1, "Test message 1", "aperson@example.com", "   1. Test message 1 (aperson@example.com)\n"),
            (10, "x", "", "  10. x\n"),
            (100, "x", "a", "  100. x (a)\n"),
            (
                2,
                long,
                "Anne Person",
                "   2. a subject that is so long that it does not fit into one\n      line of the contents (Anne Person)\n",
            ),
            (
                3,
                "a subject that nearly fills one line of the contents here",
                "Anne Person",
                "   3. a subject that nearly fills one line of the contents here\n      (Anne Person)\n",
            ),
        ] {
            let topic = Topic { subject: subject.into(), author: author.into() };
            assert_eq!(entry(number, &topic), wanted);
        }
    }
}
