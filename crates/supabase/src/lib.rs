//! PostgREST, Storage and Auth of a Supabase project over HTTP; verification of access tokens.
