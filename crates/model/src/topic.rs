use serde::{Deserialize, Serialize};

use crate::Pattern;

/// Something a list talks about. Members may choose which of these they want to read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Topic {
    /// What it is called, in X-Topics and by who chooses it.
    pub name: String,
    /// Regular expressions, one a line: a post is about it if one of them matches its Subject or Keywords.
    pub pattern: String,
    /// What it is, for people.
    pub description: String,
}

impl Topic {
    /// Reads `NAME: PATTERN`. The error says what is wrong.
    pub fn parse_line(line: &str) -> Result<Self, String> {
        let (name, pattern) = line.split_once(':').ok_or_else(|| format!("{line:?} is not NAME: PATTERN"))?;
        let topic = Self {
            name: name.trim().to_owned(),
            pattern: pattern.trim().to_owned(),
            description: String::new(),
        };
        topic.check()?;
        Ok(topic)
    }

    /// The same, one topic a line; lines with one name make one topic.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, String> {
        let mut topics: Vec<Self> = vec![];
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let next = Self::parse_line(line)?;
            match topics.iter_mut().find(|t| t.name == next.name) {
                Some(same) => same.pattern = format!("{}\n{}", same.pattern, next.pattern),
                None => topics.push(next),
            }
        }
        Ok(topics)
    }

    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let name = &self.name;
        if name.trim().is_empty() || name.chars().count() > 100 || name.contains([',', ':', '*', '\r', '\n'])
        {
            return Err(format!(
                "{name:?} cannot be the name of a topic: 1 to 100 characters are needed, without comma, colon, asterisk"
            ));
        }
        if self.pattern.trim().is_empty() {
            return Err(format!("the topic {name:?} has no pattern"));
        }
        for line in self.pattern.lines() {
            Pattern::parse(line).map_err(|why| {
                format!("the topic {name:?} has a pattern {line:?} that will not do: {why}")
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_one_name_are_one_topic() {
        let topics = Topic::parse_lines("Bugs: ^bug\n\nNews : announce: \nBugs:crash").unwrap();
        let told: Vec<_> = topics.iter().map(|t| (t.name.as_str(), t.pattern.as_str())).collect();
        assert_eq!(told, [("Bugs", "^bug\ncrash"), ("News", "announce:")]);
        for (line, says) in [
            ("Bugs", "NAME: PATTERN"),
            (": x", "name of a topic"),
            ("a,b: x", "name of a topic"),
            ("a:", "no pattern"),
            ("a: (", "unclosed"),
        ] {
            let error = Topic::parse_lines(line).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
