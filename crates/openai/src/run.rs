//! One run of requests: what is kept so far, what it has cost, and what to ask next.

use std::time::Duration;

use mcq::{Page, Question};

use crate::error::Error;
use crate::excerpt::{Excerpt, evenly_spaced};
use crate::generate::{Generation, Host, Options, Warning};
use crate::request::{ChatCompletionRequest, NewQuestions, request_about};
use crate::response::{Completion, Usage};

pub(crate) struct Run<'a> {
    pages: &'a [Page],
    options: &'a Options,
    kept: Vec<Question>,
    attempts: u32,
    failures: u32,
    barren: u32,
    dropped: usize,
    waited: Duration,
    per_request: usize,
    document_tokens: usize,
    percent_sent: usize,
    percent_shown: usize,
    usage: Usage,
    model: Option<String>,
    pub(crate) failure: Option<Error>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(pages: &'a [Page], options: &'a Options) -> Self {
        Self {
            pages,
            options,
            kept: Vec::new(),
            attempts: 0,
            failures: 0,
            barren: 0,
            dropped: 0,
            waited: Duration::ZERO,
            per_request: options.limits.questions_per_request.max(1),
            document_tokens: options.limits.document_tokens,
            percent_sent: 0,
            percent_shown: 0,
            usage: Usage::default(),
            model: None,
            failure: None,
        }
    }

    pub(crate) fn wants_more(&self) -> bool {
        self.kept.len() < self.options.count
            && self.attempts < self.options.limits.attempts
            && self.barren < 2
    }

    pub(crate) fn next_request(&mut self) -> Result<ChatCompletionRequest, Error> {
        let seed = self.options.seed.wrapping_add(u64::from(self.attempts));
        let excerpt = Excerpt::of(self.pages, self.document_tokens, seed);
        self.percent_sent = excerpt.percent_shown();
        let missing = self.options.count.saturating_sub(self.kept.len());
        let wanted = NewQuestions {
            count: (missing + missing.div_ceil(5)).min(self.per_request),
            language: self.options.language,
            model: &self.options.model,
            document_tokens: self.document_tokens,
            avoid: &self.kept,
            seed,
        };
        let request = request_about(self.pages, &excerpt, &wanted)?;
        self.attempts += 1;
        Ok(request)
    }

    pub(crate) fn accept(&mut self, completion: Completion, host: &impl Host) -> Result<(), Error> {
        self.failure = None;
        self.failures = 0;
        self.percent_shown = self.percent_shown.max(self.percent_sent);
        self.usage += completion.usage;
        self.model = Some(completion.model);
        if completion.cut_off {
            self.ask_for_fewer();
        }
        let before = self.kept.len();
        // The kept ones go first, so that a repeated question is the one that is dropped.
        let mut candidates = self.kept.clone();
        candidates.extend(completion.questions);
        let reviewed =
            host.review(&candidates, self.pages, self.options.language).ok_or(Error::Unreviewed)?;
        self.kept = reviewed.kept;
        self.dropped += reviewed.dropped.len() + completion.malformed;
        self.barren = if self.kept.len() > before { 0 } else { self.barren + 1 };
        Ok(())
    }

    /// How long to wait before the next request, or `None` where there must be none.
    pub(crate) fn pause_after(&mut self, error: &Error) -> Option<Duration> {
        self.usage += error.usage();
        if !error.is_retryable() || self.attempts >= self.options.limits.attempts {
            return None;
        }
        self.failures += 1;
        let pause = match error {
            Error::PromptTooLong => {
                self.document_tokens /= 2;
                Duration::ZERO
            }
            Error::CutOff { .. } | Error::Timeout { .. } => {
                self.ask_for_fewer();
                Duration::ZERO
            }
            Error::InvalidJson { .. } | Error::NoMessage { .. } => Duration::ZERO,
            _ => error.retry_after().unwrap_or_else(|| self.doubling_pause()),
        };
        self.waited = self.waited.saturating_add(pause);
        (self.waited <= self.options.limits.total_wait).then_some(pause)
    }

    fn doubling_pause(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(16);
        self.options.limits.first_wait.saturating_mul(1 << doublings)
    }

    fn ask_for_fewer(&mut self) {
        let missing = self.options.count.saturating_sub(self.kept.len());
        self.per_request = (self.per_request.min(missing + missing.div_ceil(5)) / 2).max(1);
    }

    pub(crate) fn finish(self) -> Generation {
        let asked = self.options.count;
        let mut questions = spread(self.kept, asked);
        questions.sort_by_key(|question| question.evidence.page);
        let mut warnings = Vec::new();
        if self.model.is_some() && self.percent_shown < 100 {
            warnings.push(Warning::DocumentShortened { percent_shown: self.percent_shown });
        }
        if self.dropped > 0 {
            warnings.push(Warning::CandidatesDropped { dropped: self.dropped });
        }
        if let Some(error) = &self.failure {
            warnings.push(Warning::GaveUp { cause: error.code().to_owned() });
        }
        if questions.len() < asked {
            warnings.push(Warning::TooFewQuestions { asked, found: questions.len() });
        }
        Generation {
            questions,
            warnings,
            attempts: self.attempts,
            usage: self.usage,
            model: self.model.filter(|name| !name.is_empty()),
            failure: self.failure,
        }
    }
}

/// At most `count` of the questions, left out evenly rather than from the end of the document.
fn spread(questions: Vec<Question>, count: usize) -> Vec<Question> {
    if questions.len() <= count {
        return questions;
    }
    let chosen = evenly_spaced(questions.len(), count, 0);
    let mut index = 0;
    questions
        .into_iter()
        .filter(|_| {
            index += 1;
            chosen.contains(&(index - 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use mcq::{Evidence, Language, Letter, Reviewed};

    use super::*;
    use crate::generate::Limits;

    fn question(choices: [&str; 4], quote: &str) -> Question {
        Question {
            question_text: "Combien d'abeilles vivent dans une colonie forte ?".to_owned(),
            choices: choices.map(str::to_owned).into(),
            correct_choice: Letter::B,
            evidence: Evidence { page: 1, quote: quote.to_owned() },
            flaws: Vec::new(),
        }
    }

    fn completion(question: Question) -> Completion {
        Completion {
            questions: vec![question],
            malformed: 0,
            cut_off: false,
            model: "m".to_owned(),
            usage: Usage::default(),
        }
    }

    /// Reviews, or cannot.
    struct Native(bool);

    impl Host for Native {
        async fn sleep(&self, _: Duration) {}

        fn review(
            &self,
            candidates: &[Question],
            pages: &[Page],
            language: Language,
        ) -> Option<Reviewed> {
            self.0.then(|| mcq::review(candidates.to_vec(), pages, language))
        }
    }

    #[test]
    fn of_two_questions_with_one_stem_the_one_kept_first_stays() {
        let first = "Une colonie forte compte 60000 abeilles au mois de juin.";
        let second = "Une colonie faible compte 12000 abeilles au mois de mars.";
        let pages = [Page { number: 1, text: format!("{first} {second}") }];
        let options = Options {
            count: 5,
            language: Language::Fr,
            model: "m".to_owned(),
            seed: 0,
            limits: Limits::default(),
        };
        let mut run = Run::new(&pages, &options);
        for (choices, quote) in [
            (["30000", "60000", "75000", "90000"], first),
            (["10000", "12000", "15000", "18000"], second),
        ] {
            run.accept(completion(question(choices, quote)), &Native(true)).unwrap();
        }
        let later = question(["1", "2", "3", "4"], first);
        let unreviewed = run.accept(completion(later), &Native(false));
        assert!(matches!(unreviewed, Err(Error::Unreviewed)), "and what was kept stays kept");
        let generation = run.finish();
        let keys: Vec<_> = generation.questions.iter().map(Question::key).collect();
        assert_eq!(keys, ["60000"]);
    }
}
