//! HTML as plain text, for lists that send nothing else. It reads anything, runs nothing, fetches nothing, and takes time
//! in proportion to the text.

mod entity;
mod page;
mod tokens;

use self::page::Page;
use self::tokens::{Token, Tokens};

/// What a page says, as plain text: lines end in LF and are wrapped at 76 columns, links are numbered and listed at the end.
///
/// Scripts, styles, comments and the page's head are left out.
pub fn html_to_text(html: &str) -> String {
    let mut page = Page::default();
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => page.text(&entity::decode(text)),
            Token::Open { name, attributes } => page.open(&name, attributes),
            Token::Close(name) => page.close(&name),
        }
    }
    page.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages() {
        for (html, text) in [
            ("<p>Hello</p>", "Hello\n"),
            ("plain &amp; simple", "plain & simple\n"),
            ("<html><head><title>no</title><style>p{}</style></head><body>  a\n b  </body>", "a b\n"),
            ("<p>one</p><p>two</p>three<br>four", "one\n\ntwo\n\nthree\nfour\n"),
            ("<div>one</div><div>two<div>three</div></div>", "one\ntwo\nthree\n"),
            ("a<script>if (1<2) alert('</p>')</script>b", "ab\n"),
            ("a<!-- <p>no</p> -->b<!DOCTYPE html><?xml x?>c", "abc\n"),
            ("<!--[if mso]><p>no</p><![endif]-->yes", "yes\n"),
            ("<ul><li>one<li>two<ul><li>deep</ul><li>three</ul>", "* one\n* two\n  * deep\n* three\n"),
            ("<ol start=3><li>one</li><li>two</li></ol>", "3. one\n4. two\n"),
            (
                "x<blockquote>said<br>twice<blockquote>first</blockquote></blockquote>y",
                "x\n\n> said\n> twice\n>\n> > first\n\ny\n",
            ),
            ("<pre>  a\n    b &lt;\n</pre>", "  a\n    b <\n"),
            ("<h1>Big</h1>text<h2>Small</h2>", "Big\n\ntext\n\nSmall\n"),
            ("a<hr>b", "a\n------------------------------------------------------------------------\nb\n"),
            (
                "<a href=\"https://x.org/?a=1&amp;b=2\">here</a> and <a href='https://x.org/?a=1&amp;b=2'>there</a>",
                "here [1] and there [1]\n\n[1] https://x.org/?a=1&b=2\n",
            ),
            (
                "<a href=https://x.org/>https://x.org/</a> <a href=mailto:a@b.c>a@b.c</a> <a href=#x>top</a>",
                "https://x.org/ a@b.c top\n",
            ),
            ("<a href=\"javascript:alert(1)\">x</a>", "x\n"),
            ("<img src=x alt=\"A cat\"><img src=y><img src=z alt=''>", "[A cat]\n"),
            ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a  b\n1  2\n"),
            ("a&nbsp;b&#8364;&#x20ac;&euro;&bogus;&#0;&#xd800;&lt", "a\u{a0}b€€€&bogus;\u{fffd}\u{fffd}<\n"),
            ("<b>bold</b> <i>italic</i> <u>x</u>", "bold italic x\n"),
            ("a < b and c > d <3 <", "a < b and c > d <3 <\n"),
            ("<p>unclosed <a href=\"x", "unclosed\n"),
            ("", ""),
            ("<p>&nbsp;</p><div> </div>", ""),
            ("<textarea><b>raw</b></textarea>", "<b>raw</b>\n"),
        ] {
            assert_eq!(html_to_text(html), text, "{html}");
        }
    }

    #[test]
    fn long_lines_are_wrapped_where_they_may_be() {
        let text =
            html_to_text(&format!("<blockquote>{}</blockquote>{}", "word ".repeat(40), "x".repeat(200)));
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.iter().take(3).all(|l| l.starts_with("> word") && l.len() <= 76), "{text}");
        assert_eq!(lines.last().map(|l| l.len()), Some(200));
    }

    #[test]
    fn deep_and_large_pages_take_little_time() {
        let began = std::time::Instant::now();
        for bad in [
            "<blockquote>",
            "<ul><li>",
            "<a href=x>",
            "<",
            "<!--",
            "&",
            "<p ",
            "</x",
            "<script>",
            "<pre>\n",
            "<td>",
        ] {
            let text = html_to_text(&bad.repeat(100_000));
            assert!(text.len() < 20_000_000, "{bad}: {}", text.len());
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn anything_is_read(html in "(<[a-z/!]{0,10}( [a-z]{1,4}=[\"']?[^<]{0,5}[\"']?)?>|&[a-z#0-9]{0,6};?|\\PC{0,10}){0,30}") {
            let text = html_to_text(&html);
            prop_assert!(!text.contains('\r'));
            prop_assert!(text.is_empty() || text.ends_with('\n'));
        }
    }
}
