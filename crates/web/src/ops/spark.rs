use crate::seen::Trend;
use crate::words;

/// The picture's size, in its own units.
const WIDTH: usize = 120;
const HEIGHT: usize = 28;

/// A small picture of the last hours.
pub(crate) struct Spark {
    /// The line, for `points` of SVG's polyline.
    pub(crate) line: String,
    /// The same closed along the ground, to be filled.
    pub(crate) area: String,
    /// The same in words.
    pub(crate) words: String,
}

impl Spark {
    /// `None` while there are fewer than two figures.
    pub(crate) fn new(trend: &Trend) -> Option<Self> {
        let figures = thin(&trend.depth, WIDTH / 2);
        let last = figures.len().checked_sub(1).filter(|last| *last > 0)?;
        let most = figures.iter().copied().max().unwrap_or(0);
        let high = most.max(1) as f64;
        let points: Vec<String> = figures
            .iter()
            .enumerate()
            .map(|(place, figure)| {
                let x = place as f64 * WIDTH as f64 / last as f64;
                let y = (HEIGHT - 2) as f64 - *figure as f64 / high * (HEIGHT - 4) as f64;
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let line = points.join(" ");
        let span = words::duration(trend.step_seconds * trend.depth.len() as u64);
        let now = trend.depth.last().copied().unwrap_or(0);
        let words = format!("last {span}: now {}, at most {}", words::number(now), words::number(most));
        Some(Self { area: format!("0,{HEIGHT} {line} {WIDTH},{HEIGHT}"), line, words })
    }
}

/// At most `most` figures, each the largest of those it stands for, so that no peak is lost.
fn thin(figures: &[u64], most: usize) -> Vec<u64> {
    let each = figures.len().div_ceil(most).max(1);
    figures.chunks(each).map(|chunk| chunk.iter().copied().max().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use posthaste_model::Stage;

    use super::*;

    fn spark(depth: &[u64]) -> Option<Spark> {
        Spark::new(&Trend { stage: Stage::Out, step_seconds: 60, depth: depth.to_vec() })
    }

    #[test]
    fn pictures() {
        assert!(spark(&[]).is_none());
        assert!(spark(&[7]).is_none());
        let flat = spark(&[0, 0, 0]).unwrap();
        assert_eq!(flat.line, "0.0,26.0 60.0,26.0 120.0,26.0");
        let peak = spark(&[0, 1_200, 3]).unwrap();
        assert_eq!(peak.line, "0.0,26.0 60.0,2.0 120.0,25.9");
        assert_eq!(peak.area, "0,28 0.0,26.0 60.0,2.0 120.0,25.9 120,28");
        assert_eq!(peak.words, "last 3 min: now 3, at most 1,200");
    }

    #[test]
    fn thinning_keeps_the_peak() {
        let mut figures = vec![1; 10_000];
        figures[7_777] = 99;
        let thin = thin(&figures, 60);
        assert!(thin.len() <= 60 && thin.contains(&99), "{thin:?}");
    }
}
