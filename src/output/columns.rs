//! Rows in columns, for people.

/// Lines whose cells stand below each other, two spaces apart, without spaces at the end.
pub fn aligned<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let widths: Vec<usize> =
        (0..N).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()).collect();
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_stand_below_each_other() {
        let rows = [["a".into(), "b".into()], ["long".into(), String::new()]];
        assert_eq!(super::aligned(rows), "a     b\nlong\n");
    }
}
