//! What the administrator sees at the end: the list of students, and the figures of the class.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::Story;

/// A row of `GET /api/admin/students`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Student {
    /// Their name.
    #[serde(rename(serialize = "name"))]
    full_name: String,
    #[serde(rename(serialize = "pre"))]
    pre_score: i64,
    #[serde(rename(serialize = "post"))]
    post_score: i64,
    #[serde(rename(serialize = "max"))]
    max_score: i64,
    /// (post - pre) / (max - pre); none if the PRE test was all right.
    gain: Option<f64>,
}

/// What `GET /api/admin/overview` says of the masterclass.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    registrations: u64,
    validated: u64,
    /// (mean post - mean pre) / (max - mean pre).
    class_gain: f64,
    /// Mean of the students' own gains.
    mean_individual_gain: f64,
    /// The question that was answered worst in the POST test.
    hardest_question: Hardest,
}

/// A question and the part of its POST answers that were right.
#[derive(Clone, Debug, Serialize)]
struct Hardest {
    question_text: String,
    facility: f64,
    answers: u64,
}

#[derive(Deserialize)]
struct List {
    students: Vec<Student>,
}

#[derive(Deserialize)]
struct Overview {
    registrations: Registrations,
    gain: Gain,
    questions: Vec<Item>,
}

#[derive(Deserialize)]
struct Registrations {
    total: u64,
    validated: u64,
}

#[derive(Deserialize)]
struct Gain {
    class_gain: Option<f64>,
    mean_individual_gain: Option<f64>,
}

#[derive(Deserialize)]
struct Item {
    question_text: String,
    post: Answers,
}

#[derive(Deserialize)]
struct Answers {
    answers: u64,
    facility: Option<f64>,
}

impl Story<'_> {
    /// The students of a masterclass, in the order they registered.
    pub(super) async fn students(&self, admin: &str, masterclass: &str) -> Result<Vec<Student>> {
        let url = format!(
            "{}/admin/students?masterclass_id={masterclass}&sort=registered_at&order=asc",
            self.functions
        );
        let answer = self.call(admin, Method::GET, url, None).await?;
        let list: List =
            serde_json::from_value(answer).context("the list is not as it should be")?;
        Ok(list.students)
    }

    /// The figures of a masterclass, which must be those that follow from its students' scores.
    pub(super) async fn figures(
        &self,
        admin: &str,
        masterclass: &str,
        students: &[Student],
    ) -> Result<Figures> {
        let url = format!("{}/admin/overview?masterclass_id={masterclass}", self.functions);
        let answer = self.call(admin, Method::GET, url, None).await?;
        let overview: Overview =
            serde_json::from_value(answer).context("the overview is not as it should be")?;
        let class_gain = agree("class gain", class_gain(students), overview.gain.class_gain)?;
        let mean_individual_gain = agree(
            "mean individual gain",
            mean_individual_gain(students),
            overview.gain.mean_individual_gain,
        )?;
        let hardest_question = overview
            .questions
            .into_iter()
            .filter_map(|item| {
                let facility = item.post.facility?;
                let (question_text, answers) = (item.question_text, item.post.answers);
                Some(Hardest { question_text, facility, answers })
            })
            .min_by(|one, other| one.facility.total_cmp(&other.facility))
            .context("the overview has no facility of any question")?;
        Ok(Figures {
            registrations: overview.registrations.total,
            validated: overview.registrations.validated,
            class_gain,
            mean_individual_gain,
            hardest_question,
        })
    }
}

/// The figure, if both found the same one, to the four decimals that are answered.
fn agree(what: &str, ours: Option<f64>, theirs: Option<f64>) -> Result<f64> {
    let (ours, theirs) = (ours.context("no student has both tests")?, theirs);
    ensure!(
        theirs.is_some_and(|theirs| (ours - theirs).abs() < 0.000_06),
        "the {what} is {ours:.4} by the students' scores, and {theirs:?} in the overview"
    );
    Ok(ours)
}

/// Hake's gain of the class: of the means, relative to what the class could still learn.
fn class_gain(students: &[Student]) -> Option<f64> {
    let sum = |score: fn(&Student) -> i64| students.iter().map(score).sum::<i64>() as f64;
    let (pre, post) = (sum(|student| student.pre_score), sum(|student| student.post_score));
    let room = sum(|student| student.max_score) - pre;
    (room > 0.0).then(|| (post - pre) / room)
}

/// Hake's gain of each student, averaged over those who could still learn something.
fn mean_individual_gain(students: &[Student]) -> Option<f64> {
    let gains: Vec<f64> = students
        .iter()
        .filter(|student| student.pre_score < student.max_score)
        .map(|student| {
            (student.post_score - student.pre_score) as f64
                / (student.max_score - student.pre_score) as f64
        })
        .collect();
    (!gains.is_empty()).then(|| gains.iter().sum::<f64>() / gains.len() as f64)
}

/// Prints both for a person.
pub fn print(students: &[Student], figures: &Figures) {
    for student in students {
        let gain = student.gain.map_or("–".to_owned(), |gain| format!("{gain:.2}"));
        println!(
            "{:<14} PRE {}/{max}   POST {}/{max}   gain {gain}",
            student.full_name,
            student.pre_score,
            student.post_score,
            max = student.max_score
        );
    }
    println!("Registered {}, validated {}", figures.registrations, figures.validated);
    println!(
        "Gain of the class {:.2}, mean individual gain {:.2}",
        figures.class_gain, figures.mean_individual_gain
    );
    let hardest = &figures.hardest_question;
    println!(
        "Hardest question: {} ({:.0} % of {} answers right)",
        hardest.question_text,
        hardest.facility * 100.0,
        hardest.answers
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn student(pre_score: i64, post_score: i64) -> Student {
        Student { full_name: "x".into(), pre_score, post_score, max_score: 10, gain: None }
    }

    /// Hake (1998), <https://doi.org/10.1119/1.18809>: g = (post - pre) / (max - pre), of the class
    /// by its means.
    #[test]
    fn the_gain_of_the_class_is_not_the_mean_of_the_individual_gains() {
        let class = [student(3, 8), student(5, 9)];
        assert_eq!(class_gain(&class), Some(0.75));
        let mean = mean_individual_gain(&class).unwrap();
        assert!((mean - (5.0 / 7.0 + 4.0 / 5.0) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn perfect_pre_tests_have_no_gain_of_their_own() {
        assert_eq!(mean_individual_gain(&[student(10, 10), student(8, 9)]), Some(0.5));
        assert_eq!(mean_individual_gain(&[student(10, 10)]), None);
        assert_eq!(class_gain(&[student(10, 10)]), None);
    }

    #[test]
    fn figures_that_differ_in_the_fourth_decimal_are_not_the_same() {
        assert!(agree("gain", Some(0.757_142_857), Some(0.7571)).is_ok());
        assert!(agree("gain", Some(0.757_142_857), Some(0.7573)).is_err());
        assert!(agree("gain", Some(0.75), None).is_err());
    }
}
