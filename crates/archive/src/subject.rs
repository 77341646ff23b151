/// What a subject is about, for finding answers that name nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topic {
    /// Its words in lower case, without `Re:` and prefixes in brackets.
    pub words: String,
    /// True if it says that it is an answer.
    pub is_answer: bool,
}

/// The ways to say "re", lower case.
const ANSWER: [&str; 12] =
    ["re", "aw", "sv", "vs", "antw", "odp", "res", "rif", "ynt", "回复", "答复", "回覆"];
/// The ways to say "forwarded"; that begins something new.
const FORWARDED: [&str; 5] = ["fwd", "fw", "wg", "tr", "rv"];
/// So many marks are taken off; the rest is part of the subject.
const MARKS: usize = 32;

impl Topic {
    /// Of this subject.
    pub fn of(subject: &str) -> Self {
        let mut rest = subject.trim();
        let mut is_answer = false;
        for _ in 0..MARKS {
            if let Some(after) = bracket(rest) {
                rest = after;
            } else if let Some((after, answers)) = mark(rest) {
                is_answer |= answers;
                rest = after;
            } else {
                break;
            }
        }
        let words = rest.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { words: words.chars().take(255).collect(), is_answer }
    }
}

/// The rest behind `[dev]`, if anything is left.
fn bracket(text: &str) -> Option<&str> {
    let (inside, rest) = text.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim_start();
    (inside.len() <= 80 && !rest.is_empty()).then_some(rest)
}

/// The rest behind `Re:`, `AW[2]:`, `Fwd:`, and whether it answers.
fn mark(text: &str) -> Option<(&str, bool)> {
    let end = text.find([':', '：'])?;
    let (word, rest) = text.split_at(end);
    let rest = rest.trim_start_matches([':', '：']).trim_start();
    let word = word.trim_end().to_lowercase();
    let word =
        word.split(['[', '(', '^']).next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
    let answers = ANSWER.contains(&word);
    (answers || FORWARDED.contains(&word)).then_some((rest, answers))
}

/// A subject as pages show it: without the list's own prefix, wherever that stands (`%d` of it is any number).
pub fn without_prefix(subject: &str, prefix: &str) -> String {
    let prefix = prefix.trim();
    if prefix.is_empty() {
        return tidy(subject);
    }
    let (before, after) = prefix.split_once("%d").unwrap_or((prefix, ""));
    let numbered = prefix.contains("%d");
    let mut out = subject.to_owned();
    // It may have been put there more than once, by programs that did not know it.
    for _ in 0..4 {
        let Some(start) = out.to_ascii_lowercase().find(&before.to_ascii_lowercase()) else { break };
        let Some(rest) = out.get(start + before.len()..) else { break };
        let rest = if numbered { rest.trim_start_matches(|c: char| c.is_ascii_digit()) } else { rest };
        let Some(rest) = rest.strip_prefix(after) else { break };
        let Some(head) = out.get(..start) else { break };
        out = format!("{head}{}", rest.trim_start());
    }
    tidy(&out)
}

/// Text for one line: no control characters, none that turn the direction of what follows, no runs of blanks.
pub fn tidy(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { ' ' } else { c };
    let plain: String = text.chars().filter(|c| !turns(*c)).map(harmless).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// True for the characters that change the direction of the text after them (UAX 9 §2).
pub(crate) fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        for (subject, words, is_answer) in [
            ("Hello  World", "hello world", false),
            ("Re: Hello", "hello", true),
            ("RE : AW[2]: [Dev] re^3: Hello", "hello", true),
            ("[Dev] Re: [x] Hello", "hello", true),
            ("Fwd: Hello", "hello", false),
            ("回复：Hello", "hello", true),
            ("Resurrection: a tale", "resurrection: a tale", false),
            ("[all of it]", "[all of it]", false),
            ("Re:", "", true),
            ("", "", false),
        ] {
            assert_eq!(Topic::of(subject), Topic { words: words.into(), is_answer }, "{subject}");
        }
        assert!(Topic::of(&"Re: ".repeat(10_000)).words.len() <= 255);
    }

    #[test]
    fn prefixes_go() {
        for (subject, prefix, shown) in [
            ("[Dev] Hello", "[Dev] ", "Hello"),
            ("Re: [Dev] Hello", "[Dev] ", "Re: Hello"),
            ("Re: [DEV] Re: [Dev] Hello", "[Dev]", "Re: Re: Hello"),
            ("[Dev 12] Hello", "[Dev %d] ", "Hello"),
            ("Hello", "", "Hello"),
            ("Hel\u{202e}lo\u{7}\r\n x", "", "Hello x"),
        ] {
            assert_eq!(without_prefix(subject, prefix), shown, "{subject}");
        }
    }
}
