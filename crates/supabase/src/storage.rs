//! Objects of the project's Storage, read as the caller.

use crate::deadline::within;
use crate::{Error, Identity, Project, sendable};
use futures_util::{Stream, StreamExt};
use std::pin::Pin;
use url::Url;

const STORAGE: &str = "storage";

/// Where an object lies: a bucket and a path inside it, already percent-encoded for a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPath(String);

impl ObjectPath {
    /// Reads the address of an object of *this* project, in any form a front end may hold:
    /// `https://<project>/storage/v1/object/{public,authenticated,sign}/<bucket>/<path>`, the same
    /// without the middle word, or just `<bucket>/<path>`.
    ///
    /// `None` when the address is not one of this project's Storage. A signature in the address
    /// is dropped: the object is fetched as the caller, so the policies decide.
    pub fn parse(address: &str, project: &Url) -> Option<Self> {
        const OBJECTS: &str = "/storage/v1/object/";
        let url = match Url::parse(address) {
            Ok(url) => url,
            // Not absolute: a bucket and a path. Joined under the prefix, so that `..` is
            // resolved here and cannot climb out of it.
            Err(url::ParseError::RelativeUrlWithoutBase)
                if !address.starts_with(['/', '\\', '?', '#']) =>
            {
                project.join(OBJECTS).ok()?.join(&format!("./{address}")).ok()?
            }
            Err(_) => return None,
        };
        if url.origin() != project.origin() {
            return None;
        }
        let path = url.path().strip_prefix(OBJECTS)?;
        let path = ["public/", "authenticated/", "sign/"]
            .iter()
            .find_map(|kind| path.strip_prefix(kind))
            .unwrap_or(path);
        let (bucket, object) = path.split_once('/')?;
        // PostgreSQL, where Storage keeps the names, has no U+0000 in a text: it would fail there.
        let well_formed = !bucket.is_empty()
            && !object.is_empty()
            && !path.contains("%00")
            && path.split('/').all(|part| !part.is_empty());
        well_formed.then(|| Self(path.to_owned()))
    }
}

/// The bytes of a body as they arrive.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Vec<u8>, String>> + Send>>;

/// A body that is being received.
pub struct Download {
    /// What the server announced, in bytes.
    pub content_length: Option<u64>,
    /// The bytes, in the pieces they come in.
    pub bytes: ByteStream,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("content_length", &self.content_length)
            .finish_non_exhaustive()
    }
}

impl Project {
    /// Starts to download an object as `identity`.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 404 where it does not exist or the caller may not see it.
    pub async fn download(
        &self,
        identity: Identity<'_>,
        object: &ObjectPath,
    ) -> Result<Download, Error> {
        let address = self.address(&format!("/storage/v1/object/authenticated/{}", object.0));
        let request = self.http().get(address).headers(self.headers(identity)?);
        // The answer's head; its body takes as long as the caller allows.
        let call = sendable(async move {
            let answer =
                request.send().await.map_err(|cause| Error::unreachable(STORAGE, cause))?;
            let status = answer.status();
            if !status.is_success() {
                let body =
                    answer.bytes().await.map_err(|cause| Error::unreachable(STORAGE, cause))?;
                return Err(Error::from_answer(STORAGE, status.as_u16(), &body));
            }
            Ok(Download { content_length: answer.content_length(), bytes: stream(answer) })
        });
        within(self.timer(), STORAGE, call).await
    }
}

fn stream(answer: reqwest::Response) -> ByteStream {
    let bytes = answer.bytes_stream().map(|piece| {
        piece.map(|bytes| bytes.to_vec()).map_err(|cause| cause.without_url().to_string())
    });
    #[cfg(target_arch = "wasm32")]
    let bytes = send_wrapper::SendWrapper::new(bytes);
    Box::pin(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str) -> Option<String> {
        let project = Url::parse("https://abc.supabase.co").unwrap();
        ObjectPath::parse(address, &project).map(|path| path.0)
    }

    #[test]
    fn every_form_of_an_object_address_gives_the_same_path() {
        let forms = [
            "https://abc.supabase.co/storage/v1/object/public/masterclass-pdfs/m1/cours.pdf",
            "https://abc.supabase.co/storage/v1/object/authenticated/masterclass-pdfs/m1/cours.pdf",
            "https://abc.supabase.co/storage/v1/object/sign/masterclass-pdfs/m1/cours.pdf?token=x",
            "https://abc.supabase.co/storage/v1/object/masterclass-pdfs/m1/cours.pdf",
            "masterclass-pdfs/m1/cours.pdf",
        ];
        for form in forms {
            assert_eq!(parse(form).as_deref(), Some("masterclass-pdfs/m1/cours.pdf"), "{form}");
        }
    }

    #[test]
    fn an_address_outside_the_projects_storage_is_not_an_object() {
        let others = [
            "https://evil.example/storage/v1/object/masterclass-pdfs/a.pdf",
            "http://abc.supabase.co/storage/v1/object/masterclass-pdfs/a.pdf",
            "https://abc.supabase.co:444/storage/v1/object/masterclass-pdfs/a.pdf",
            "https://abc.supabase.co/auth/v1/user",
            "https://abc.supabase.co/storage/v1/object/../../../auth/v1/admin/users",
            "https://abc.supabase.co/storage/v1/object/%2e%2e/%2e%2e/rest/v1/questions",
            "../../rest/v1/questions",
            "masterclass-pdfs/../../../../rest/v1/questions",
            "/etc/passwd",
            "//evil.example/a/b",
            "\\\\evil.example\\a",
            "masterclass-pdfs",
            "masterclass-pdfs/",
            "masterclass-pdfs/\0/cours.pdf",
            "masterclass-pdfs/%00.pdf",
            "https://abc.supabase.co/storage/v1/object/masterclass-pdfs/cours%00.pdf",
            "",
        ];
        for other in others {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_with_spaces_and_accents_is_encoded() {
        assert_eq!(
            parse("masterclass-pdfs/m1/trésorerie 2026.pdf").as_deref(),
            Some("masterclass-pdfs/m1/tr%C3%A9sorerie%202026.pdf")
        );
    }
}
