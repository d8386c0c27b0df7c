//! Text of a document to multiple-choice questions, each bound to its evidence; item-writing checks.
