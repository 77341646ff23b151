/// Quotes within quotes are taken apart so deep; what lies deeper keeps its marks.
const DEEPEST: usize = 8;
/// A signature is so many lines at most.
const SIGNATURE: usize = 40;

/// A piece of a text, as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// Lines as they are.
    Text(String),
    /// What somebody else wrote before.
    Quote(Vec<Self>),
    /// Who writes, behind `-- `.
    Signature(String),
    /// A patch, whose columns matter.
    Patch(String),
}

impl Block {
    /// The blocks of a text.
    pub fn of(text: &str) -> Vec<Self> {
        let text = text.trim_end();
        if is_patch(text) {
            return vec![Self::Patch(text.trim_start_matches('\n').to_owned())];
        }
        let lines: Vec<&str> = text.lines().collect();
        let sign = lines.iter().rposition(|line| matches!(*line, "-- " | "--"));
        let sign = sign.filter(|at| lines.len() - at <= SIGNATURE && *at + 1 < lines.len());
        let (body, signature) = lines.split_at(sign.unwrap_or(lines.len()));
        let mut blocks = level(body, 0);
        if !signature.is_empty() {
            blocks.push(Self::Signature(signature.join("\n")));
        }
        blocks
    }
}

/// True if it is, or holds, the output of `diff -u`.
fn is_patch(text: &str) -> bool {
    let begins = |mark: &str| text.starts_with(mark) || text.contains(&format!("\n{mark}"));
    begins("@@ ") && begins("+++ ") && begins("--- ")
}

/// The line without its first mark of quoting: `> x`, `>x`.
fn quoted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('>').or_else(|| line.strip_prefix(" >"))?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

fn level(lines: &[&str], depth: usize) -> Vec<Block> {
    let mut blocks = vec![];
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let is_quote = depth < DEEPEST && quoted(first).is_some();
        let length =
            rest.iter().take_while(|line| (depth < DEEPEST && quoted(line).is_some()) == is_quote).count();
        let (run, after) = rest.split_at(length.max(1));
        rest = after;
        if is_quote {
            let inner: Vec<&str> = run.iter().filter_map(|line| quoted(line)).collect();
            blocks.push(Block::Quote(level(&inner, depth + 1)));
        } else {
            let text = run.join("\n");
            let text = text.trim_matches('\n').trim_end();
            if !text.trim().is_empty() {
                blocks.push(Block::Text(text.to_owned()));
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Block {
        Block::Text(text.into())
    }

    #[test]
    fn quotes_and_signatures() {
        let given = "Hi,\n\nAnne wrote:\n> one\n> > two\n>> three\n> four\n\nyes\n\n-- \nBart\nAnt Inc.\n";
        assert_eq!(
            Block::of(given),
            [
                text("Hi,\n\nAnne wrote:"),
                Block::Quote(vec![text("one"), Block::Quote(vec![text("two\nthree")]), text("four")]),
                text("yes"),
                Block::Signature("-- \nBart\nAnt Inc.".into()),
            ]
        );
        assert_eq!(Block::of(""), []);
        assert_eq!(Block::of("a\n-- "), [text("a\n--")]);
        let long = format!("a\n-- \n{}", "x\n".repeat(100));
        assert!(!Block::of(&long).iter().any(|b| matches!(b, Block::Signature(_))), "too long for one");
    }

    #[test]
    fn patches_keep_their_columns() {
        let patch = "Subject\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-> one\n+> two\n-- \n2.1";
        assert_eq!(Block::of(patch), [Block::Patch(patch.into())]);
    }

    #[test]
    fn depth_has_an_end() {
        let deep = format!("{} x\n", ">".repeat(100_000)).repeat(3);
        let mut depth = 0;
        let mut blocks = Block::of(&deep);
        while let Some(Block::Quote(inner)) = blocks.pop() {
            blocks = inner;
            depth += 1;
        }
        assert_eq!(depth, DEEPEST);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(given in "([> ]{0,4}[a-c-]{0,3}\n){0,20}") {
            fn gather(blocks: &[Block], out: &mut String) {
                for block in blocks {
                    match block {
                        Block::Quote(inner) => gather(inner, out),
                        Block::Text(text) | Block::Signature(text) | Block::Patch(text) => out.push_str(text),
                    }
                }
            }
            let mut words = String::new();
            gather(&Block::of(&given), &mut words);
            let letters = |text: &str| text.chars().filter(char::is_ascii_lowercase).collect::<String>();
            prop_assert_eq!(letters(&words), letters(&given));
        }
    }
}
