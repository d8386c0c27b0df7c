//! Where the PDF lies, and its text.

use crate::Request;
use edge::{App, PdfFailure, Problem, Refusal, Staff, fetch_public, public_url, with_deadline};
use futures_util::StreamExt;
use http::StatusCode;
use pdf_text::{Budget, Document};
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use supabase::{Download, ObjectPath};
use url::Url;

/// Time for the whole download. 50 MB take this long at 14 Mbit/s, which any server has.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(30);

/// Bytes of documents that one isolate holds at once, of the 128 MB it has: one of the largest, or
/// several of the usual few megabytes. Their text is extracted one after the other.
const HELD_MAX_BYTES: u64 = 60_000_000;

/// Where the PDF of a request lies.
pub(crate) enum Address {
    /// In the project's own Storage; fetched as the caller.
    Storage(ObjectPath),
    /// On the public internet; fetched as nobody.
    Public(Url),
}

/// Finds the PDF: `pdf_url`, or that of the masterclass.
pub(crate) async fn address(
    app: &App,
    staff: &Staff,
    request: &Request,
) -> Result<Address, Problem> {
    #[derive(Deserialize)]
    struct Masterclass {
        pdf_url: Option<String>,
    }
    let mut pdf_url = request.pdf_url.clone();
    if let Some(id) = request.masterclass_id {
        let query = app
            .project()
            .from(staff.identity(), "masterclasses")?
            .select("pdf_url")
            .eq("id", id.to_string());
        let found = app.project().rows::<Masterclass>(query).await?;
        let masterclass = found.into_iter().next().ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_FOUND,
                "masterclass_not_found",
                "Cette masterclass n'existe pas. Vérifiez « masterclass_id ».",
                "There is no such masterclass. Check masterclass_id.",
            )
        })?;
        pdf_url = pdf_url.or(masterclass.pdf_url);
    }
    let pdf_url = pdf_url.ok_or_else(|| {
        Problem::unprocessable(
            "masterclass_has_no_pdf",
            "Cette masterclass n'a pas encore de PDF. Téléversez-le, puis renseignez « pdf_url ».",
            "This masterclass has no PDF yet. Upload one, then set pdf_url.",
        )
    })?;
    if let Some(object) = ObjectPath::parse(&pdf_url, app.project().url()) {
        return Ok(Address::Storage(object));
    }
    public_url(&pdf_url).map(Address::Public).map_err(refused)
}

/// Fetches the PDF straight into a reader of its own and gives its text.
pub(crate) async fn read(app: &App, staff: &Staff, address: &Address) -> Result<Document, Problem> {
    let download = async {
        let download = match address {
            Address::Storage(object) => {
                app.project().download(staff.identity(), object).await.map_err(not_in_storage)?
            }
            Address::Public(url) => {
                fetch_public(app.platform(), url.clone()).await.map_err(refused)?
            }
        };
        receive(app, download).await
    };
    let (reader, _held) = with_deadline(app.platform(), DOWNLOAD_LIMIT, download)
        .await
        .ok_or_else(|| unreachable("the download took over 30 s"))??;
    reader.finish().map_err(unreadable)
}

/// Bytes of a document in memory, counted for the whole isolate until this is dropped.
struct Held<'a> {
    all: &'a AtomicU64,
    own: u64,
}

impl Held<'_> {
    /// Counts `bytes` more; 503 where documents of other requests leave no room for them.
    fn add(&mut self, bytes: u64) -> Result<(), Problem> {
        self.own += bytes;
        let all = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if all > HELD_MAX_BYTES && all > self.own {
            return Err(Problem::unavailable("the documents of other requests fill the memory"));
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}

/// Passes the bytes on as they come; the document is never held twice.
async fn receive(
    app: &App,
    mut download: Download,
) -> Result<(Box<dyn edge::PdfReader>, Held<'_>), Problem> {
    let limit = Budget::default().bytes as u64;
    let too_large = || unreadable(pdf_text::Error::TooLarge { limit: limit as usize }.into());
    if download.content_length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut reader = app.platform().open_pdf().map_err(Problem::internal)?;
    let mut held = Held { all: app.pdf_bytes(), own: 0 };
    while let Some(piece) = download.bytes.next().await {
        let piece = piece.map_err(unreachable)?;
        held.add(piece.len() as u64)?;
        if held.own > limit {
            return Err(too_large());
        }
        reader.write(&piece).map_err(unreadable)?;
    }
    Ok((reader, held))
}

fn not_in_storage(error: supabase::Error) -> Problem {
    match &error {
        supabase::Error::Refused { status: 400 | 403 | 404, .. } => Problem::new(
            StatusCode::NOT_FOUND,
            "pdf_not_found",
            "Ce PDF n'existe pas dans le stockage, ou vous n'y avez pas accès.",
            "This PDF is not in Storage, or you have no access to it.",
        )
        .because(&error),
        _ => error.into(),
    }
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Unreachable(_) | Refusal::Status(_) | Refusal::Redirects => unreachable(refusal),
        Refusal::NotHttps | Refusal::Credentials | Refusal::NotPublic => Problem::unprocessable(
            "pdf_url_refused",
            "« pdf_url » doit désigner un objet du stockage du projet ou une adresse https \
             publique.",
            "pdf_url must be an object of the project's Storage or a public https address.",
        )
        .details(json!({ "field": "pdf_url", "reason": refusal.to_string() })),
    }
}

fn unreachable(cause: impl std::fmt::Display) -> Problem {
    Problem::unprocessable(
        "pdf_unreachable",
        "Le PDF n'a pas pu être téléchargé. Vérifiez que l'adresse s'ouvre dans un navigateur, \
         sans connexion.",
        "The PDF could not be downloaded. Check that the address opens in a browser without \
         signing in.",
    )
    .because(cause)
}

/// The answer where the text of a document is too much for the question engine.
pub(crate) fn too_complex(cause: String) -> Problem {
    unreadable(PdfFailure { code: "pdf_too_complex".into(), message: cause })
}

/// The answer for each code of [`pdf_text::Error`].
fn unreadable(failure: PdfFailure) -> Problem {
    let budget = Budget::default();
    let (status, code, french, english) = match failure.code.as_str() {
        "pdf_empty" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "pdf_empty",
            "Le fichier est vide. Téléversez-le de nouveau.".to_owned(),
            "The file is empty. Upload it again.".to_owned(),
        ),
        "not_a_pdf" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "not_a_pdf",
            "Ce fichier n'est pas un PDF. Exportez le document en PDF.".into(),
            "This file is not a PDF. Export the document as PDF.".into(),
        ),
        "pdf_encrypted" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "pdf_encrypted",
            "Ce PDF est protégé par un mot de passe. Enregistrez-le sans mot de passe.".into(),
            "This PDF is protected by a password. Save it without one.".into(),
        ),
        "pdf_damaged" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "pdf_damaged",
            "Ce PDF est endommagé. Exportez-le de nouveau.".into(),
            "This PDF is damaged. Export it again.".into(),
        ),
        "pdf_too_large" => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "pdf_too_large",
            format!("Ce PDF dépasse {} Mo. Réduisez-en les images.", budget.bytes / 1_000_000),
            format!("This PDF is over {} MB. Reduce its images.", budget.bytes / 1_000_000),
        ),
        "pdf_too_many_pages" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "pdf_too_many_pages",
            format!("Ce PDF dépasse {} pages. Découpez-le.", budget.pages),
            format!("This PDF has over {} pages. Split it.", budget.pages),
        ),
        "pdf_has_no_text" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "pdf_has_no_text",
            "Ce PDF ne contient pas de texte ; c'est sans doute une numérisation. Passez-le par \
             une reconnaissance de caractères (OCR)."
                .into(),
            "This PDF holds no text; it is probably a scan. Run it through OCR.".into(),
        ),
        "pdf_too_complex" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "pdf_too_complex",
            "Ce PDF est trop complexe pour être lu. Exportez-le de nouveau depuis sa source."
                .into(),
            "This PDF is too complex to be read. Export it again from its source.".into(),
        ),
        other => return Problem::internal(format!("{other}: {}", failure.message)),
    };
    Problem::new(status, code, french, english).because(failure.message)
}
