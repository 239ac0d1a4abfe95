package org.bonepeft.examples.glue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bonepeft.BoneException;

/** Reads the rows of one GLUE file, with or without a header. */
final class GlueFile {
    private GlueFile() {}

    /**
     * Reads a file.
     *
     * @throws BoneException if a row has too few or too many columns or a label the task does not have, or if there is
     *     no row; the message names the line
     * @throws IOException if the file cannot be read
     */
    static List<Example> read(GlueTask task, Path file) throws IOException {
        List<TsvLine> lines = TsvLine.read(file);
        if (lines.isEmpty()) {
            throw new BoneException(file + ": empty; " + task.title() + " has " + task.layout());
        }
        TsvLine first = lines.get(0);
        Optional<GlueTask.Columns> header = task.columnsOfHeader(first);
        GlueTask.Columns columns = header.or(
                        () -> task.columnsOfWidth(first.cells().size()))
                .orElseThrow(() -> new BoneException(
                        file + ", line 1: " + count(first) + "; " + task.title() + " has " + task.layout()));
        List<Example> examples = new ArrayList<>();
        for (TsvLine line : lines.subList(header.isPresent() ? 1 : 0, lines.size())) {
            if (line.cells().size() != columns.width()) {
                throw new BoneException(file + ", line " + line.number() + ": " + count(line) + " where line 1 has "
                        + columns.width() + " (columns end at tabs; a quote is an ordinary character)");
            }
            examples.add(example(task, file, columns, line));
        }
        if (examples.isEmpty()) {
            throw new BoneException(file + ": a header and no row");
        }
        return examples;
    }

    private static Example example(GlueTask task, Path file, GlueTask.Columns columns, TsvLine line) {
        String name = line.cells().get(columns.label()).strip();
        int label = task.labels().indexOf(name);
        if (label < 0) {
            throw new BoneException(file + ", line " + line.number() + ": label \"" + name + "\" is none of "
                    + String.join(", ", task.labels())
                    + (line.number() == 1 ? "; " + task.title() + " has " + task.layout() : ""));
        }
        return new Example(columns.texts().stream().map(line.cells()::get).toList(), label);
    }

    private static String count(TsvLine line) {
        return line.cells().size() == 1 ? "1 column" : line.cells().size() + " columns";
    }
}
