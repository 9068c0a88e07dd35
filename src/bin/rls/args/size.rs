//! Sizes such as `512`, `64k`, `8MiB`, `20G`.

/// Parses a number of bytes; `k`, `M`, `G` and `T` are powers of 1000, `Ki`, `Mi`, `Gi` and `Ti` of 1024, each with or
/// without `B`.
///
/// # Errors
/// What is expected, for clap.
pub fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 9] = [
        ("", 1),
        ("k", 1000),
        ("m", 1000 * 1000),
        ("g", 1000 * 1000 * 1000),
        ("t", 1000 * 1000 * 1000 * 1000),
        ("ki", 1 << 10),
        ("mi", 1 << 20),
        ("gi", 1 << 30),
        ("ti", 1 << 40),
    ];
    let expected = || "expected a number of bytes, or one with its unit, such as 512M or 20GiB".to_owned();
    let text = text.trim();
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor).ok_or_else(expected)?;
    let number: u64 = digits.parse().map_err(|_| expected())?;
    number.checked_mul(*factor).filter(|bytes| *bytes > 0).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_with_and_without_units() {
        let cases = [("512", 512), ("64k", 64_000), ("64KB", 64_000), ("8MiB", 8 << 20), ("20 G", 20_000_000_000)];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "-1", "1.5G", "G", "8x", "99999999999T"] {
            let expected = "expected a number of bytes, or one with its unit, such as 512M or 20GiB";
            assert_eq!(parse_size(text).expect_err(text), expected);
        }
    }
}
