//! Questions from OpenAI chat completions: build a request, read a response.
