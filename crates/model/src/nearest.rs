/// The candidate with the smallest edit distance to `typed`, if that distance is at most a third of its length.
///
/// For messages that say "did you mean".
pub fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(typed, candidate), candidate))
        .min()
        .filter(|(d, candidate)| *d <= candidate.len().div_ceil(3))
        .map(|(_, candidate)| candidate)
}

/// Edits from one to the other, in bytes: insert, delete, replace, or swap two neighbours (Levenshtein's distance with
/// the commonest slip of the fingers counted once).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut above: Vec<usize> = Vec::new();
    let mut before_x = None;
    for (i, x) in a.bytes().enumerate() {
        let mut next = vec![i + 1];
        let mut before_y = None;
        for (j, y) in b.bytes().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&row, j) + usize::from(x != y)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if before_x == Some(y) && before_y == Some(x) {
                best = best.min(at(&above, j.wrapping_sub(1)) + 1);
            }
            next.push(best);
            before_y = Some(y);
        }
        above = std::mem::replace(&mut row, next);
        before_x = Some(x);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, d) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "ac", 1),
            ("kitten", "sitting", 3),
            ("tsl", "tls", 1),
            ("wlecmoe", "welcome", 2),
        ] {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
    }

    #[test]
    fn only_what_is_near() {
        let names = ["listen", "owner", "port"];
        assert_eq!(nearest("lsten", names.into_iter()), Some("listen"));
        assert_eq!(nearest("zzzzzz", names.into_iter()), None);
    }
}
