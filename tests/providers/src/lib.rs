//! Stand-ins for outside providers that check every request against our contract and can be told to fail.
