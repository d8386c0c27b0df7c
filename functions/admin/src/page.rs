//! Pages of a list.

use crate::invalid;
use edge::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The last page that can be asked for by number; further on there are links.
pub(crate) const PAGE_MAX: u32 = 50_000;
/// Rows of a page, at most and where nothing is said.
pub(crate) const PER_PAGE_MAX: u32 = 100;
pub(crate) const PER_PAGE: u32 = 20;

/// Where in the list the answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Pagination {
    /// The page, from 1. Behind a link it only says how many pages of this size lie before.
    #[schema(minimum = 1)]
    pub page: u32,
    /// Rows of a page.
    #[schema(minimum = 1)]
    pub per_page: u32,
    /// Rows in all.
    pub total: u64,
    /// Pages in all.
    pub pages: u64,
    /// Whether `total` was counted; `false` where it is an estimate.
    pub total_is_exact: bool,
}

impl Pagination {
    pub(crate) fn new(page: u32, per_page: u32, total: u64, total_is_exact: bool) -> Self {
        Self {
            page,
            per_page,
            total,
            pages: total.div_ceil(per_page.max(1).into()),
            total_is_exact,
        }
    }
}

/// `page` and `per_page` as they were asked for, or their defaults.
pub(crate) fn asked(
    page: Option<u32>,
    per_page: Option<u32>,
    default: u32,
    most: u32,
) -> Result<(u32, u32), Problem> {
    let page = page.unwrap_or(1);
    if !(1..=PAGE_MAX).contains(&page) {
        return Err(invalid(
            "page",
            &format!("doit être compris entre 1 et {PAGE_MAX} ; au-delà, suivez les liens"),
            &format!("must be between 1 and {PAGE_MAX}; follow the links beyond"),
        ));
    }
    let per_page = per_page.unwrap_or(default);
    if !(1..=most).contains(&per_page) {
        return Err(invalid(
            "per_page",
            &format!("doit être compris entre 1 et {most}"),
            &format!("must be between 1 and {most}"),
        ));
    }
    Ok((page, per_page))
}
