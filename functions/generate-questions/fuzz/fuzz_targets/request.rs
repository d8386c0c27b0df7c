//! Everything a caller sends, read as the function reads it: body, address, language. Nothing may
//! panic, and what is accepted keeps its promises.

#![no_main]

use edge::{Language, parse_json, public_url};
use generate_questions::Request;
use libfuzzer_sys::fuzz_target;
use supabase::ObjectPath;
use url::Url;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = http::HeaderValue::from_bytes(bytes) {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::ACCEPT_LANGUAGE, value);
        let _ = Language::of(&headers);
    }
    let Ok(request) = parse_json::<Request>(bytes) else {
        return;
    };
    if request.check().is_err() {
        return;
    }
    assert!((1..=50).contains(&request.count));
    assert!(request.pdf_url.is_some() || request.masterclass_id.is_some());
    if let Some(address) = &request.pdf_url {
        let project = Url::parse("https://abc.supabase.co").expect("a constant");
        let object = ObjectPath::parse(address, &project);
        if let (Some(object), false) = (&object, address.starts_with("http")) {
            // A relative address stays inside Storage.
            assert!(!format!("{object:?}").contains(".."), "{object:?}");
        }
        if let Ok(url) = public_url(address) {
            assert_eq!(url.scheme(), "https");
        }
    }
});
