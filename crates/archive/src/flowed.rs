//! Text that may be wrapped anew (RFC 3676).

/// Puts the lines of a flowed text together again; each keeps its marks of quoting. `del_sp`: the space at a line's end was
/// put there for this only.
pub(crate) fn unflow(text: &str, del_sp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The line that goes on: its depth.
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let body = line.get(depth..).unwrap_or_default();
        // Stuffed so that nobody takes it for something else (§4.4).
        let body = body.strip_prefix(' ').unwrap_or(body);
        let signature = body == "-- ";
        match open {
            Some(before) if before == depth && !signature => {}
            _ => {
                if !out.is_empty() {
                    out.push('\n');
                }
                out.extend(std::iter::repeat_n('>', depth));
                if depth > 0 {
                    out.push(' ');
                }
            }
        }
        open = (body.ends_with(' ') && !signature).then_some(depth);
        out.push_str(if open.is_some() && del_sp { body.strip_suffix(' ').unwrap_or(body) } else { body });
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_come_together() {
        for (text, del_sp, wanted) in [
            ("one \ntwo\nthree", false, "one two\nthree\n"),
            ("one \ntwo", true, "onetwo\n"),
            ("> a \n> b\n>> c \n> d", false, "> a b\n>> c \n> d\n"),
            (" stuffed\n >not quoted", false, "stuffed\n>not quoted\n"),
            ("x \n-- \nme", false, "x \n-- \nme\n"),
            ("", false, "\n"),
            ("a\n\nb", false, "a\n\nb\n"),
        ] {
            assert_eq!(unflow(text, del_sp), wanted, "{text:?}");
        }
    }
}
