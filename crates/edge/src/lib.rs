//! What every function shares: callers, errors, CORS, limits, request ids, logs.
