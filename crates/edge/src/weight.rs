//! What a caller prefers.

/// The weight among the parameters of a range in `Accept` or `Accept-Language`, in thousandths
/// (RFC 9110, section 12.4.2): 1000 without one, `None` where it cannot be read.
pub fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let q = parameters.find_map(|parameter| {
        parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))
    });
    let Some(q) = q else { return Some(1000) };
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn a_weight_has_three_digits_at_most() {
        for (parameters, thousandths) in [
            ("", Some(1000)),
            ("charset=utf-8", Some(1000)),
            ("level=1;q=0.25", Some(250)),
            ("Q=0", Some(0)),
            ("q=0.", Some(0)),
            ("q=1.000", Some(1000)),
            ("q=0.99999", Some(999)),
            ("q=1.001", None),
            ("q=-0.1", None),
            ("q=0.é", None),
            ("q=x", None),
            ("q=", None),
        ] {
            assert_eq!(weight(parameters.split(';')), thousandths, "{parameters}");
        }
    }
}
