//! CSV as results come: a header and numbers, read well enough to show and to plot.

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

/// The cells of one line (RFC 4180, without line breaks inside quotes).
fn cells(line: &str, separator: char) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

impl Table {
    /// Reads a text; commas, semicolons and tabs are told apart by the first line.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty());
        let first = lines.next()?;
        let separator = [',', ';', '\t'].into_iter().max_by_key(|separator| first.matches(*separator).count())?;
        let header: Vec<String> = cells(first, separator).into_iter().map(|name| name.trim().to_owned()).collect();
        let rows = lines.map(|line| {
            let mut row = cells(line, separator);
            row.resize(header.len(), String::new());
            row
        });
        Some(Self { rows: rows.collect(), header })
    }

    /// The numbers of a column; `None` when a cell is none.
    #[must_use]
    pub fn numbers(&self, column: usize) -> Option<Vec<f64>> {
        self.rows.iter().map(|row| row.get(column)?.trim().parse().ok()).collect()
    }

    /// Columns that are all numbers: the first is what the others are plotted over.
    #[must_use]
    pub fn series(&self) -> Vec<(String, Vec<f64>)> {
        (0..self.header.len()).filter_map(|column| Some((self.header[column].clone(), self.numbers(column)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn numbers_and_words() {
        let table = Table::parse("time;x;note\n0;1.5;\"a;\"\"b\"\"\"\n1;2e3;c\n").unwrap_or_default();
        assert_eq!(table.header, ["time", "x", "note"]);
        assert_eq!(table.rows[0][2], "a;\"b\"");
        assert_eq!(table.numbers(1), Some(vec![1.5, 2000.0]));
        assert_eq!(table.series().len(), 2);
        assert_eq!(Table::parse(""), None);
    }
}
