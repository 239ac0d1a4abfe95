package org.bonepeft.examples.report;

import java.util.ArrayList;
import java.util.List;

/** A table of text: the first column to the left, the others to the right, as wide as their widest cell. */
public final class TextTable {
    private final List<List<String>> rows = new ArrayList<>();

    /** Creates a table with these column titles. */
    public TextTable(List<String> titles) {
        rows.add(List.copyOf(titles));
    }

    /**
     * Adds a row.
     *
     * @throws IllegalArgumentException if it has not one cell for each title
     */
    public void add(List<String> cells) {
        if (cells.size() != rows.get(0).size()) {
            throw new IllegalArgumentException(
                    cells.size() + " cells for " + rows.get(0).size() + " columns: " + cells);
        }
        rows.add(List.copyOf(cells));
    }

    /** Returns the lines, a rule below the titles, each ended by a line feed. */
    @Override
    public String toString() {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int c = 0; c < widths.length; c++) {
                widths[c] = Math.max(widths[c], row.get(c).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            line(text, rows.get(r), widths);
            if (r == 0) {
                List<String> rule = new ArrayList<>();
                for (int width : widths) {
                    rule.add("-".repeat(width));
                }
                line(text, rule, widths);
            }
        }
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < widths.length; c++) {
            String blanks = " ".repeat(widths[c] - cells.get(c).length());
            line.append(c == 0 ? "" : "  ");
            line.append(c == 0 ? cells.get(c) + blanks : blanks + cells.get(c));
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }
}
