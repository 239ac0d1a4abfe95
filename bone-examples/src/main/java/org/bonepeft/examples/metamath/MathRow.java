package org.bonepeft.examples.metamath;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.BoneException;
import org.bonepeft.examples.lm.JsonRows;
import org.bonepeft.examples.lm.JsonRows.Row;

/**
 * A problem with its solution.
 *
 * @param response the solution with the answer in it, or the answer alone
 * @param type MetaMathQA's type, MATH's, or the data set's name
 */
record MathRow(String query, String response, String type) {
    /** What MATH-500's problems end in, which the prompt says already. */
    private static final String BOXED = "\nPlease reason step by step, and put your final answer within \\boxed{}.";

    /**
     * Reads MetaMathQA ({@code query}, {@code response}, {@code type}), GSM8K ({@code question}, {@code answer}) or MATH
     * ({@code problem}, {@code solution} or {@code answer}), as a JSON array or JSON lines.
     *
     * @param limit the most rows
     * @throws BoneException naming the line that is broken or has other keys
     * @throws IOException if the file cannot be read
     */
    static List<MathRow> read(Path file, int limit) throws IOException {
        return JsonRows.read(file, limit).stream().map(MathRow::of).toList();
    }

    private static MathRow of(Row row) {
        if (row.has("query")) {
            return new MathRow(row.text("query"), row.text("response"), row.text("type", "MetaMath"));
        }
        if (row.has("question")) {
            return new MathRow(row.text("question"), row.text("answer"), row.text("type", "GSM8K"));
        }
        if (row.has("problem")) {
            String problem = row.text("problem");
            return new MathRow(
                    problem.endsWith(BOXED) ? problem.substring(0, problem.length() - BOXED.length()) : problem,
                    row.has("solution") ? row.text("solution") : row.text("answer"),
                    row.has("type") ? "MATH " + row.text("type") : "MATH");
        }
        throw new BoneException(row.where() + ": expected query and response (MetaMathQA), question and answer (GSM8K)"
                + " or problem and solution (MATH); the keys are "
                + row.values().keySet());
    }
}
