//! PDF bytes to text by page, inside declared budgets.
