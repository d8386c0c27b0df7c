//! POST /api/generate-questions.
