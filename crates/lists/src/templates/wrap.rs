//! Paragraphs re-flowed to the width of a mail.

/// Columns of a line.
const WIDTH: usize = 70;

/// Re-flows `text` by paragraph: blank lines separate, lines that begin with a blank stay as they are, words stay whole.
/// Where Chinese and Japanese may break, lines may, too.
pub(crate) fn wrap(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut paragraph = String::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            flow(&mut paragraph, &mut out);
            out.push('\n');
        } else if line.starts_with([' ', '\t']) {
            flow(&mut paragraph, &mut out);
            out.push_str(line.trim_end());
            out.push('\n');
        } else {
            let ends_wide = paragraph.chars().next_back().is_some_and(is_ideographic);
            let joined = ends_wide && line.starts_with(is_ideographic);
            if !paragraph.is_empty() && !joined {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim_end());
        }
    }
    flow(&mut paragraph, &mut out);
    out
}

/// Writes a paragraph as lines, and leaves it empty.
fn flow(paragraph: &mut String, out: &mut String) {
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let mut blank = usize::from(column > 0);
        for unit in units(word) {
            let width: usize = unit.chars().map(columns).sum();
            if column > 0 && column + blank + width > WIDTH {
                out.push('\n');
                column = 0;
            } else if blank > 0 {
                out.push(' ');
                column += 1;
            }
            blank = 0;
            out.push_str(unit);
            column += width;
        }
    }
    if column > 0 {
        out.push('\n');
    }
    paragraph.clear();
}

/// The pieces of a word between which a line may end.
fn units(word: &str) -> Vec<&str> {
    let mut units = vec![];
    let mut begin = 0;
    let mut last: Option<char> = None;
    for (at, c) in word.char_indices() {
        if let Some(last) = last
            && (is_ideographic(last) || is_ideographic(c))
            && !NEVER_FIRST.contains(c)
            && !NEVER_LAST.contains(last)
        {
            units.extend(word.get(begin..at));
            begin = at;
        }
        last = Some(c);
    }
    units.extend(word.get(begin..));
    units
}

/// What must not begin a line.
const NEVER_FIRST: &str =
    "、。,.，．・：；！？!?:;)）]］}｝〉》」』】〕〗’”ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…";
/// What must not end one.
const NEVER_LAST: &str = "(（[［{｛〈《「『【〔〖‘“";

fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{20000}'..='\u{3fffd}')
}

fn columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{200b}'..='\u{200f}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{ac00}'..='\u{d7a3}' | '\u{ffe0}'..='\u{ffe6}' => 2,
        c if is_ideographic(c) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_flow_and_the_rest_stays() {
        let word = "fourteen-chars";
        let long = [word; 6].join(" ");
        let wanted = format!("{}\n{}\n", [word; 4].join(" "), [word; 2].join(" "));
        let url = "x".repeat(100);
        for (given, wanted) in [
            (String::new(), String::new()),
            ("a\nb\n\n\nc".into(), "a b\n\n\nc\n".into()),
            (format!("{long}\n"), wanted),
            ("a\n  b\n\tc\nd\ne".into(), "a\n  b\n\tc\nd e\n".into()),
            (format!("see {url} there"), format!("see\n{url}\nthere\n")),
        ] {
            assert_eq!(wrap(&given), wanted);
        }
    }

    #[test]
    fn ideographs_break_anywhere_but_not_before_a_full_stop() {
        let text = format!("{}。\n次の行", "字".repeat(35));
        assert_eq!(wrap(&text), format!("{}\n字。次の行\n", "字".repeat(34)));
        assert!(
            wrap(&"漢字とdev@example.orgの".repeat(9))
                .lines()
                .all(|l| l.chars().map(columns).sum::<usize>() <= 70)
        );
        assert_eq!(wrap("мир 日 本"), "мир 日 本\n");
    }
}
