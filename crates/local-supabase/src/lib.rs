//! A Supabase project on this machine, without Docker.
