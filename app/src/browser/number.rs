//! Numbers as people read them, and sines: a browser can do both, and bringing our own costs a page ten kilobytes. It writes
//! `1e+21` and rounds halves away from zero, where Rust writes all digits and rounds them to even.

/// With so many digits behind the point.
#[must_use]
pub fn fixed(value: f64, digits: u8) -> String {
    #[cfg(feature = "hydrate")]
    return js_sys::Number::from(value).to_fixed(digits).map(String::from).unwrap_or_default();
    #[cfg(not(feature = "hydrate"))]
    format!("{value:.*}", usize::from(digits))
}

/// With a power of ten, and so many digits behind the point.
#[must_use]
pub fn scientific(value: f64, digits: u8) -> String {
    #[cfg(feature = "hydrate")]
    return js_sys::Number::from(value).to_exponential(digits).map(String::from).unwrap_or_default();
    #[cfg(not(feature = "hydrate"))]
    format!("{value:.*e}", usize::from(digits))
}

/// Whole, in the fewest digits that are read as the same number.
#[must_use]
pub fn whole(value: f64) -> String {
    #[cfg(feature = "hydrate")]
    return js_sys::Number::from(value).to_string_with_radix(10).map(String::from).unwrap_or_default();
    #[cfg(not(feature = "hydrate"))]
    value.to_string()
}

/// Sine and cosine of an angle in radians.
#[must_use]
pub fn sine_cosine(angle: f64) -> (f64, f64) {
    #[cfg(feature = "hydrate")]
    return (js_sys::Math::sin(angle), js_sys::Math::cos(angle));
    #[cfg(not(feature = "hydrate"))]
    angle.sin_cos()
}

#[cfg(test)]
mod tests {
    use super::{fixed, scientific, sine_cosine, whole};

    #[test]
    fn numbers() {
        assert_eq!((fixed(1.2345, 2), scientific(1_234_567.0, 3), whole(0.1)), ("1.23".to_owned(), "1.235e6".to_owned(), "0.1".to_owned()));
        let (sine, cosine) = sine_cosine(std::f64::consts::PI);
        assert!(sine.abs() < 1e-9 && (cosine + 1.0).abs() < 1e-9);
    }
}
