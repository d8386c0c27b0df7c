//! Who writes the questions. Whoever it is, each is checked against the document afterwards.

use crate::answer::Numbered;
use crate::request::{WantedEngine, WantedLanguage};
use crate::source::too_complex;
use crate::store::fits;
use crate::{Answer, Engine, Request, Warning};
use edge::{App, Language, Problem};
use mcq::{Generated, Page, Question, Reviewed};
use pdf_text::Document;
use serde_json::json;
use std::time::Duration;
use supabase::sendable;
use uuid::Uuid;

/// Name of the embedded engine in answers; its version is that of the question rules.
const EMBEDDED_MODEL: &str = concat!("griot-mcq-", env!("CARGO_PKG_VERSION"));

/// Questions about `document`, checked, in the order of their pages, keys spread over A to D.
pub(crate) async fn write(
    app: &App,
    request: &Request,
    document: &Document,
    reader: Language,
) -> Result<Answer, Problem> {
    let pages: Vec<Page> = document
        .pages
        .iter()
        .map(|page| Page { number: page.number, text: page.text.clone() })
        .collect();
    let seed = request.seed.unwrap_or_else(random_seed);
    let mut writer = Writer {
        request,
        pages: &pages,
        detected: app.platform().detect_language(&pages).map_err(too_complex)?,
        seed,
        warnings: Warnings { reader, said: Vec::new() },
    };
    writer.warnings.unread_pages(document);

    let mut by_openai = None;
    if let Some(client) = openai_client(app, request.engine)? {
        by_openai = Some(writer.ask_openai(app, &client).await);
    }
    let (model, mut questions) = by_openai.unwrap_or_default();
    let engine = if questions.is_empty() { Engine::Embedded } else { Engine::Openai };
    let missing = request.count.saturating_sub(questions.len());
    let mut language = writer.wanted_language();
    if missing > 0 {
        if engine == Engine::Embedded {
            language = writer.detected;
        }
        let Generated { questions: more, warnings } =
            match writer.embedded(app, missing, &questions) {
                Ok(generated) => generated,
                // What OpenAI wrote has been paid for, and stands.
                Err(cause) if engine == Engine::Openai => {
                    log_failure(app, &cause);
                    Generated::default()
                }
                Err(cause) => return Err(too_complex(cause)),
            };
        for warning in &warnings {
            writer.warnings.of_embedded(warning);
        }
        if engine == Engine::Openai && !more.is_empty() {
            writer.warnings.completed(more.len());
        }
        // Each engine has reviewed its own; the embedded one was told what to avoid.
        questions.extend(more);
    }
    if questions.is_empty() {
        return Err(Problem::unprocessable(
            "no_questions_found",
            "Ce document ne contient pas de phrases dont on puisse tirer des questions. Utilisez \
             un support qui explique le sujet en phrases complètes.",
            "This document has no sentences that questions could be made of. Use a document that \
             explains the subject in complete sentences.",
        ));
    }
    if questions.len() < request.count {
        writer.warnings.too_few(request.count, questions.len());
    }
    questions.truncate(request.count);
    questions.sort_by_key(|question| question.evidence.page);
    let questions = app.platform().balance_keys(&questions, seed).map_err(Problem::internal)?;
    Ok(Answer {
        engine,
        model: model.filter(|_| engine == Engine::Openai).unwrap_or_else(|| EMBEDDED_MODEL.into()),
        language,
        pages: document.page_count,
        seed,
        questions: questions
            .into_iter()
            .map(|question| Numbered {
                id: request.masterclass_id.map(|_| Uuid::new_v4()),
                question,
            })
            .collect(),
        warnings: writer.warnings.said,
    })
}

/// The client for OpenAI, where it is wanted and there is a key.
fn openai_client(app: &App, wanted: WantedEngine) -> Result<Option<openai::Client>, Problem> {
    let config = app.config();
    match (wanted, &config.openai_api_key) {
        (WantedEngine::Embedded, _) | (WantedEngine::Auto, None) => Ok(None),
        (WantedEngine::Openai, None) => Err(Problem::unprocessable(
            "openai_not_configured",
            "Aucune clé OpenAI n'est configurée. Choisissez « engine »: « embedded » ou demandez \
             à l'administrateur de définir OPENAI_API_KEY.",
            "No OpenAI key is configured. Choose engine \"embedded\", or ask the administrator to \
             set OPENAI_API_KEY.",
        )),
        (_, Some(key)) => {
            let key = openai::ApiKey::new(key).map_err(Problem::internal)?;
            openai::Client::new(app.http().clone(), config.openai_base_url.as_str(), key)
                .map(Some)
                .map_err(Problem::internal)
        }
    }
}

struct Writer<'a> {
    request: &'a Request,
    pages: &'a [Page],
    detected: mcq::Language,
    seed: u64,
    warnings: Warnings,
}

impl Writer<'_> {
    fn wanted_language(&self) -> mcq::Language {
        match self.request.language {
            WantedLanguage::Auto => self.detected,
            WantedLanguage::Fr => mcq::Language::Fr,
            WantedLanguage::En => mcq::Language::En,
        }
    }

    /// The model that answered and its questions, already reviewed.
    async fn ask_openai(
        &mut self,
        app: &App,
        client: &openai::Client,
    ) -> (Option<String>, Vec<Question>) {
        let options = openai::Options {
            count: self.request.count,
            language: self.wanted_language(),
            model: app.config().openai_model.clone(),
            seed: self.seed,
            limits: openai::Limits::default(),
        };
        let host = Host(app.clone());
        let made = sendable(openai::generate(client, self.pages, &options, &host)).await;
        for warning in &made.warnings {
            self.warnings.of_openai(warning);
        }
        let written = made.questions.len();
        let questions: Vec<Question> = made.questions.into_iter().filter(fits).collect();
        if questions.len() < written {
            let dropped = written - questions.len();
            self.warnings.of_openai(&openai::Warning::CandidatesDropped { dropped });
        }
        (made.model, questions)
    }

    /// The embedded engine asks in the document's own language: it quotes, it does not translate.
    fn embedded(
        &mut self,
        app: &App,
        count: usize,
        avoid: &[Question],
    ) -> Result<Generated, String> {
        if avoid.is_empty() && self.wanted_language() != self.detected {
            self.warnings.language_of_document();
        }
        app.platform().generate_questions(
            self.pages,
            &mcq::Options {
                count,
                language: self.detected,
                seed: self.seed,
                avoid: avoid.to_vec(),
            },
        )
    }
}

/// Says in the log why the question engine gave no answer, where the request goes on without it.
fn log_failure(app: &App, cause: &str) {
    let line = json!({"level": "error", "message": format!("the question engine: {cause}")});
    app.platform().log(&line.to_string());
}

struct Host(App);

impl openai::Host for Host {
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        self.0.platform().sleep(duration)
    }

    fn review(
        &self,
        candidates: &[Question],
        pages: &[Page],
        language: mcq::Language,
    ) -> Option<Reviewed> {
        let reviewed = self.0.platform().review_questions(candidates, pages, language);
        reviewed.map_err(|cause| log_failure(&self.0, &cause)).ok()
    }
}

/// Collects warnings in the language of the person who reads them.
struct Warnings {
    reader: Language,
    said: Vec<Warning>,
}

impl Warnings {
    fn say(&mut self, code: &'static str, french: String, english: String) {
        let message = match self.reader {
            Language::French => french,
            Language::English => english,
        };
        self.said.push(Warning { code, message });
    }

    fn unread_pages(&mut self, document: &Document) {
        let missing = (document.page_count as usize).saturating_sub(document.pages.len());
        let unread = missing.max(document.warnings.len());
        if unread > 0 {
            self.say(
                "pages_unread",
                format!("Le texte de {unread} page(s) n'a pas pu être lu en entier."),
                format!("The text of {unread} page(s) could not be read in full."),
            );
        }
    }

    fn too_few(&mut self, asked: usize, found: usize) {
        self.say(
            "too_few_questions",
            format!("{asked} questions demandées, {found} assez bonnes pour être gardées."),
            format!("{asked} questions were asked for, {found} were good enough to keep."),
        );
    }

    fn completed(&mut self, count: usize) {
        self.say(
            "completed_by_embedded_engine",
            format!(
                "{count} question(s) viennent du moteur embarqué : OpenAI en a donné trop peu."
            ),
            format!("{count} question(s) are from the embedded engine: OpenAI gave too few."),
        );
    }

    fn language_of_document(&mut self) {
        self.say(
            "language_of_document",
            "Les questions sont dans la langue du document : le moteur embarqué cite, il ne \
             traduit pas."
                .into(),
            "The questions are in the document's language: the embedded engine quotes, it does \
             not translate."
                .into(),
        );
    }

    fn of_embedded(&mut self, warning: &mcq::Warning) {
        match warning {
            mcq::Warning::OtherLanguage { count } => self.say(
                "other_language",
                format!("{count} question(s) portent sur des passages en une autre langue."),
                format!("{count} question(s) are about passages in another language."),
            ),
            // Said once, for both engines together, or answered as an error.
            mcq::Warning::TooFewQuestions { .. } | mcq::Warning::NoUsableText => {}
        }
    }

    fn of_openai(&mut self, warning: &openai::Warning) {
        match warning {
            openai::Warning::DocumentShortened { percent_shown } => self.say(
                "document_shortened",
                format!(
                    "Le document est long : {percent_shown} % du texte, répartis sur tout le \
                     document, ont été lus."
                ),
                format!(
                    "The document is long: {percent_shown} % of the text, spread over the whole \
                     document, was read."
                ),
            ),
            openai::Warning::CandidatesDropped { dropped } => self.say(
                "candidates_dropped",
                format!("{dropped} question(s) proposées ont été écartées à la vérification."),
                format!("{dropped} proposed question(s) were dropped when checked."),
            ),
            openai::Warning::GaveUp { cause } => self.say(
                "openai_gave_up",
                format!("OpenAI n'a pas répondu comme attendu ({cause})."),
                format!("OpenAI did not answer as expected ({cause})."),
            ),
            // Said once, after the embedded engine has completed what is missing.
            openai::Warning::TooFewQuestions { .. } => {}
        }
    }
}

/// A seed for who gave none; JavaScript holds 53 bits exactly.
fn random_seed() -> u64 {
    (Uuid::new_v4().as_u128() as u64) >> 11
}
