//! What is a STOP, what is a START, and what is a sentence.

use messaging::Keyword;

#[test]
fn a_keyword_stands_alone_in_any_writing() {
    for text in [
        "STOP",
        "stop",
        "Stop",
        " sToP ",
        "STOP.",
        "Stop !",
        "« Stop »",
        "\"stop\"",
        "*STOP*",
        "_stop_",
        "stop\n",
        "STOP 🙏",
        "🛑 stop",
        "STOP STOP",
        "ARRET",
        "arrêt",
        "ARRÊT",
        "Arrêt.",
        "arre\u{302}t",
        "stopper",
        "STOPPER!",
        "ＳＴＯＰ",
        "\u{200e}STOP",
    ] {
        assert_eq!(Keyword::read(text), Some(Keyword::Stop), "{text:?}");
    }
    for text in ["START", "start", " Start. ", "Reprendre", "REPRENDRE !"] {
        assert_eq!(Keyword::read(text), Some(Keyword::Start), "{text:?}");
    }
}

#[test]
fn politeness_and_the_messages_may_follow() {
    for text in [
        "Stop svp",
        "STOP SVP !",
        "stop merci",
        "Stop, please",
        "Stop les messages",
        "arrêt des messages",
        "Arrêt messages svp",
        "stop all messages",
        "STOP WhatsApp",
        "stopper les messages svp",
    ] {
        assert_eq!(Keyword::read(text), Some(Keyword::Stop), "{text:?}");
    }
    assert_eq!(Keyword::read("start please"), Some(Keyword::Start));
}

#[test]
fn a_sentence_is_no_keyword() {
    for text in [
        "",
        " ",
        "!!!",
        "🛑",
        "je ne veux pas arrêter",
        "ne pas stopper",
        "arrêter",
        "arrêt de bus",
        "stop ou encore ?",
        "stop and go",
        "stop 2",
        "non stop",
        "nonstop",
        "start-up",
        "START-UP",
        "stop-motion",
        "startup",
        "stopp",
        "je veux stopper mon inscription",
        "Bonjour, stop",
        "svp stop",
        "merci",
        "l'arrêt",
        "c’est l’arrêt",
        "stop start",
        "stop les messages svp merci please",
        "Réf. 7F3K-2Q9D",
    ] {
        assert_eq!(Keyword::read(text), None, "{text:?}");
    }
    assert_eq!(Keyword::read(&format!("STOP{}", " ".repeat(200))), None, "too long to be one");
}
