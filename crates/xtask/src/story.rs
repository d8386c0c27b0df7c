//! The story the demo plays, over the same HTTP a front end uses: a tutor makes a test out of a
//! PDF, two students take it before and after the course, the administrator sees what they learned.
//!
//! Nothing here has a way in of its own: each person signs in and is held by the same policies as
//! any other user. Only the two students' accounts are made with the secret key, because a
//! project that confirms e-mail addresses would wait for a click.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::step::Step;
use figures::{Figures, Student};

mod figures;

/// What `demo --json` prints.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The questions, as the function answered them.
    pub questions: Vec<Question>,
    /// Who wrote them: `openai` or `embedded`.
    pub engine: String,
    /// Pages of the PDF.
    pub pages: u32,
    /// What the function warned of.
    pub warnings: Value,
    /// What each student knew before and after.
    pub students: Vec<Student>,
    /// What the administrator's overview says of the class.
    pub admin: Option<Figures>,
    /// How long each step took, in order.
    pub steps: Vec<Timed>,
}

/// A step and how long it took.
#[derive(Debug, Serialize)]
pub struct Timed {
    step: String,
    seconds: f64,
}

/// A question with its evidence.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Question {
    id: String,
    question_text: String,
    choices: BTreeMap<String, String>,
    correct_choice: String,
    evidence: Evidence,
    flaws: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Evidence {
    page: u32,
    quote: String,
}

/// Plays the story with the project that `environment` names and the PDF at `pdf`.
///
/// # Errors
/// The first call that was not answered as it should be, with the answer's own words.
pub async fn play(environment: &BTreeMap<String, String>, pdf: &Path) -> Result<Told> {
    let story = Story::new(environment)?;
    let mut told = Told {
        questions: Vec::new(),
        engine: String::new(),
        pages: 0,
        warnings: Value::Null,
        students: Vec::new(),
        admin: None,
        steps: Vec::new(),
    };

    let step = Step::start("The tutor signs in");
    let tutor =
        story.sign_in(story.variable("TUTOR_EMAIL")?, story.variable("TUTOR_PASSWORD")?).await?;
    told.timed(step, "");

    let step = Step::start("The tutor uploads the PDF to Storage");
    let masterclass = story.upload(&tutor, pdf).await?;
    told.timed(step, &pdf.display().to_string());

    let step = Step::start("Ten questions are generated");
    let answer = story.generate(&tutor, &masterclass).await?;
    told.timed(step, &format!("{} questions, {} pages", answer.questions.len(), answer.pages));

    let step = Step::start("The tutor reviews the drafts and publishes them");
    story.publish(&tutor, &masterclass, &answer.questions).await?;
    told.timed(step, "");

    let mut learners = Vec::new();
    for (name, known_before, known_after) in [("Awa Mbeng", 3, 8), ("Koffi Adjovi", 5, 9)] {
        let step = Step::start(format!("{name} registers and takes the PRE test"));
        let learner = story.new_student(name).await?;
        let inscription =
            story.register(&learner, &masterclass, &answer.questions, known_before).await?;
        learners.push((name, learner, inscription, known_after));
        told.timed(step, "");
    }

    let step = Step::start("The tutor validates both registrations");
    for (_, _, inscription, _) in &learners {
        story.validate(&tutor, inscription).await?;
    }
    told.timed(step, "");

    for (name, learner, inscription, known_after) in &learners {
        let step = Step::start(format!("{name} takes the POST test"));
        story.submit(learner, &masterclass, inscription, &answer.questions, *known_after).await?;
        told.timed(step, "");
    }

    let step = Step::start("The administrator lists the students, with their scores");
    let admin =
        story.sign_in(story.variable("ADMIN_EMAIL")?, story.variable("ADMIN_PASSWORD")?).await?;
    told.students = story.students(&admin, &masterclass).await?;
    ensure!(told.students.len() == 2, "the list has {} students", told.students.len());
    told.timed(step, "");

    let step = Step::start("The administrator sees what the class learned");
    told.admin = Some(story.figures(&admin, &masterclass, &told.students).await?);
    told.timed(step, "");

    told.questions = answer.questions;
    told.engine = answer.engine;
    told.pages = answer.pages;
    told.warnings = answer.warnings;
    Ok(told)
}

impl Told {
    fn timed(&mut self, step: Step, detail: &str) {
        let name = step.name().to_owned();
        self.record(name, step.done(detail));
    }

    /// Notes how long a step took.
    pub fn record(&mut self, step: String, took: Duration) {
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        self.steps.push(Timed { step, seconds });
    }

    /// Prints the questions and the scores for a person.
    pub fn print(&self) {
        for (number, question) in self.questions.iter().enumerate() {
            println!("\n{}. {}", number + 1, question.question_text);
            for (letter, text) in &question.choices {
                let mark = if *letter == question.correct_choice { "→" } else { " " };
                println!("  {mark} {letter}. {text}");
            }
            println!("    p. {}: « {} »", question.evidence.page, question.evidence.quote);
            if !question.flaws.is_empty() {
                println!("    flaws: {}", question.flaws.join(", "));
            }
        }
        println!("\nEngine: {}", self.engine);
        if let Some(figures) = &self.admin {
            figures::print(&self.students, figures);
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    engine: String,
    pages: u32,
    questions: Vec<Question>,
    warnings: Value,
}

struct Story<'a> {
    environment: &'a BTreeMap<String, String>,
    http: reqwest::Client,
    project: String,
    functions: String,
}

impl<'a> Story<'a> {
    fn new(environment: &'a BTreeMap<String, String>) -> Result<Self> {
        let mut story = Self {
            environment,
            http: reqwest::Client::builder().timeout(Duration::from_secs(120)).build()?,
            project: String::new(),
            functions: String::new(),
        };
        story.project = story.variable("SUPABASE_URL")?.trim_end_matches('/').to_owned();
        story.functions = story.variable("FUNCTIONS_URL")?.trim_end_matches('/').to_owned();
        Ok(story)
    }

    fn variable(&self, name: &str) -> Result<&'a str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("{name} is not set: add it to the environment and run again"))
    }

    /// One call; the answer's own words become the error.
    async fn call(
        &self,
        who: &str,
        method: Method,
        url: String,
        body: Option<Value>,
    ) -> Result<Value> {
        let mut request = self
            .http
            .request(method.clone(), &url)
            .header("apikey", self.variable("SUPABASE_PUBLISHABLE_KEY")?)
            .header("prefer", "return=representation");
        if !who.is_empty() {
            request = request.bearer_auth(who);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request, &method, &url).await
    }

    async fn sign_in(&self, email: &str, password: &str) -> Result<String> {
        let url = format!("{}/auth/v1/token?grant_type=password", self.project);
        let body = json!({ "email": email, "password": password });
        let session = self
            .call("", Method::POST, url, Some(body))
            .await
            .with_context(|| format!("{email} could not sign in"))?;
        text(&session, "access_token")
    }

    /// A new masterclass, unpublished, with the PDF in its folder. Returns its id.
    async fn upload(&self, tutor: &str, pdf: &Path) -> Result<String> {
        let bytes = std::fs::read(pdf)
            .with_context(|| format!("{} cannot be read: check --pdf", pdf.display()))?;
        let title = pdf.file_stem().map_or("masterclass".into(), |name| name.to_string_lossy());
        let url = format!("{}/rest/v1/masterclasses", self.project);
        let rows = self.call(tutor, Method::POST, url, Some(json!({ "title": title }))).await?;
        let id = text(rows.get(0).context("no masterclass came back")?, "id")?;
        let object = format!("masterclass-pdfs/{id}/masterclass.pdf");
        let url = format!("{}/storage/v1/object/{object}", self.project);
        let request = self
            .http
            .post(&url)
            .header("apikey", self.variable("SUPABASE_PUBLISHABLE_KEY")?)
            .header("content-type", "application/pdf")
            .bearer_auth(tutor)
            .body(bytes);
        read(request, &Method::POST, &url).await?;
        let url = format!("{}/rest/v1/masterclasses?id=eq.{id}", self.project);
        self.call(tutor, Method::PATCH, url, Some(json!({ "pdf_url": object }))).await?;
        Ok(id)
    }

    async fn generate(&self, tutor: &str, masterclass: &str) -> Result<Answer> {
        let url = format!("{}/generate-questions", self.functions);
        // A fixed seed: who runs the demo twice sees the same questions.
        let body = json!({ "masterclass_id": masterclass, "count": 10, "seed": 1 });
        let answer = self.call(tutor, Method::POST, url, Some(body)).await?;
        Ok(serde_json::from_value(answer)?)
    }

    /// Reads the drafts back, refuses what does not stand in the bank as it was answered, and
    /// publishes the rest.
    async fn publish(&self, tutor: &str, masterclass: &str, made: &[Question]) -> Result<()> {
        let drafts = format!(
            "{}/rest/v1/questions?masterclass_id=eq.{masterclass}&status=eq.draft",
            self.project
        );
        let url = format!("{drafts}&select=id,question_text,correct_choice,evidence_page");
        let rows = self.call(tutor, Method::GET, url, None).await?;
        for question in made {
            let stored = rows.as_array().into_iter().flatten().any(|row| {
                row["id"] == question.id
                    && row["question_text"] == question.question_text
                    && row["correct_choice"] == question.correct_choice
                    && row["evidence_page"] == question.evidence.page
            });
            ensure!(stored, "the question {:?} was not stored as answered", question.id);
        }
        self.call(tutor, Method::PATCH, drafts, Some(json!({ "status": "published" }))).await?;
        let url = format!("{}/rest/v1/masterclasses?id=eq.{masterclass}", self.project);
        self.call(tutor, Method::PATCH, url, Some(json!({ "published": true }))).await?;
        Ok(())
    }

    /// A student with a confirmed account and a profile. Returns the access token.
    async fn new_student(&self, name: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let first = name.split(' ').next().unwrap_or(name).to_lowercase();
        let (email, password) =
            (format!("{first}-{now}@example.com"), format!("Demo-{now}-mot-de-passe"));
        let secret = self.variable("SUPABASE_SECRET_KEY")?;
        let url = format!("{}/auth/v1/admin/users", self.project);
        let body = json!({ "email": email, "password": password, "email_confirm": true });
        let request = self.http.post(&url).header("apikey", secret).bearer_auth(secret).json(&body);
        let user = read(request, &Method::POST, &url).await?;
        let token = self.sign_in(&email, &password).await?;
        let profile = json!({
            "id": text(&user, "id")?,
            "full_name": name,
            "date_of_birth": "1998-05-17",
            "whatsapp_number": "+24174000000",
        });
        let url = format!("{}/rest/v1/profiles", self.project);
        self.call(&token, Method::POST, url, Some(profile)).await?;
        self.accept_privacy_policy(&token).await?;
        Ok(token)
    }

    /// Agrees to the policy in force, without which nobody registers.
    async fn accept_privacy_policy(&self, student: &str) -> Result<()> {
        let url = format!(
            "{}/rest/v1/privacy_policies?select=version&effective_at=lte.now\
             &order=effective_at.desc&limit=1",
            self.project
        );
        let policies = self.call(student, Method::GET, url, None).await?;
        let version = text(policies.get(0).context("no privacy policy is in force")?, "version")?;
        let url = format!("{}/rest/v1/consents", self.project);
        let consent = json!({ "purpose": "privacy_policy", "version": version, "granted": true });
        self.call(student, Method::POST, url, Some(consent)).await?;
        Ok(())
    }

    /// Opens the PRE test and registers with its answers. Returns the registration's id.
    async fn register(
        &self,
        student: &str,
        masterclass: &str,
        bank: &[Question],
        known: usize,
    ) -> Result<String> {
        let responses = self.answer_test(student, masterclass, "PRE", bank, known).await?;
        let url = format!("{}/rest/v1/rpc/register_for_masterclass", self.project);
        let body = json!({ "masterclass_id": masterclass, "responses": responses });
        let registered = self.call(student, Method::POST, url, Some(body)).await?;
        text(&registered, "inscription_id")
    }

    async fn submit(
        &self,
        student: &str,
        masterclass: &str,
        inscription: &str,
        bank: &[Question],
        known: usize,
    ) -> Result<()> {
        let responses = self.answer_test(student, masterclass, "POST", bank, known).await?;
        let url = format!("{}/rest/v1/rpc/submit_test", self.project);
        let body = json!({ "inscription_id": inscription, "responses": responses });
        self.call(student, Method::POST, url, Some(body)).await?;
        Ok(())
    }

    /// Answers a test as somebody does who knows the first `known` of its questions and is wrong
    /// about the others.
    async fn answer_test(
        &self,
        student: &str,
        masterclass: &str,
        kind: &str,
        bank: &[Question],
        known: usize,
    ) -> Result<Value> {
        let url = format!("{}/rest/v1/rpc/get_test", self.project);
        let body = json!({ "masterclass_id": masterclass, "type": kind });
        let test = self.call(student, Method::POST, url, Some(body)).await?;
        let asked =
            test.get("questions").and_then(Value::as_array).context("the test has no questions")?;
        let mut responses = serde_json::Map::new();
        for (position, question) in asked.iter().enumerate() {
            ensure!(
                question.get("correct_choice").is_none(),
                "the test shows the answer of a question: do not use it"
            );
            let id = text(question, "id")?;
            let key = bank
                .iter()
                .find(|known| known.id == id)
                .map(|known| known.correct_choice.as_str())
                .context("the test asks a question that was not generated")?;
            let wrong = if key == "A" { "B" } else { "A" };
            let answer = if position < known { key } else { wrong };
            responses.insert(id, answer.into());
        }
        Ok(Value::Object(responses))
    }

    async fn validate(&self, tutor: &str, inscription: &str) -> Result<()> {
        let url = format!("{}/rest/v1/inscriptions?id=eq.{inscription}", self.project);
        let rows = self.call(tutor, Method::PATCH, url, Some(json!({ "validated": true }))).await?;
        ensure!(rows.as_array().is_some_and(|rows| rows.len() == 1), "nothing was validated");
        Ok(())
    }
}

/// Sends a request and reads its JSON answer; anything but a success is an error with its words.
async fn read(request: reqwest::RequestBuilder, method: &Method, url: &str) -> Result<Value> {
    let path = url.split('?').next().unwrap_or(url);
    let answer = request.send().await.with_context(|| {
        format!(
            "{method} {path}: no answer; look at .griot/logs, or run `cargo xtask stop`, then again"
        )
    })?;
    let status = answer.status();
    let body = answer.text().await.unwrap_or_default();
    if !status.is_success() {
        bail!("{method} {path} answered {status}: {body}");
    }
    if body.is_empty() || status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).with_context(|| format!("{method} {path} did not answer JSON"))
}

fn text(value: &Value, field: &str) -> Result<String> {
    value
        .get(field)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {field}"))
}
