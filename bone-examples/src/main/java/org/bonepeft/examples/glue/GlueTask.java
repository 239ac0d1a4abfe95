package org.bonepeft.examples.glue;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A classification task of GLUE (Wang et al. 2019): how its files are laid out and what it is measured by. STS-B is not
 * here: it is a regression.
 *
 * @param title the name as GLUE writes it, which is also its folder's
 * @param textColumns the titles of the one or two columns with sentences, where there is a header
 * @param labelColumn the title of the column with the class; the last one of that name counts
 * @param labels the names of the classes, in the order of the classifier's outputs
 * @param headerless where to find these in a file without a header, by its number of columns
 * @param devFiles the files to evaluate on, the first one to compare by
 * @param metrics the task's own metrics, the first one to compare by
 */
record GlueTask(
        String title,
        List<String> textColumns,
        String labelColumn,
        List<String> labels,
        List<Columns> headerless,
        List<String> devFiles,
        List<Metric> metrics) {

    private static final List<String> BINARY = List.of("0", "1");
    private static final List<String> ENTAILMENT = List.of("entailment", "not_entailment");
    private static final List<String> DEV = List.of("dev.tsv");

    static final GlueTask COLA = new GlueTask(
            "CoLA",
            List.of("sentence"),
            "label",
            BINARY,
            List.of(new Columns(4, List.of(3), 1)),
            DEV,
            List.of(Metric.MATTHEWS));
    static final GlueTask SST2 = new GlueTask(
            "SST-2",
            List.of("sentence"),
            "label",
            BINARY,
            List.of(new Columns(2, List.of(0), 1)),
            DEV,
            List.of(Metric.ACCURACY));
    static final GlueTask MRPC = new GlueTask(
            "MRPC",
            List.of("#1 String", "#2 String"),
            "Quality",
            BINARY,
            List.of(new Columns(5, List.of(3, 4), 0)),
            DEV,
            List.of(Metric.ACCURACY, Metric.F1));
    static final GlueTask QQP = new GlueTask(
            "QQP",
            List.of("question1", "question2"),
            "is_duplicate",
            BINARY,
            List.of(new Columns(6, List.of(3, 4), 5)),
            DEV,
            List.of(Metric.ACCURACY, Metric.F1));
    static final GlueTask MNLI = new GlueTask(
            "MNLI",
            List.of("sentence1", "sentence2"),
            "gold_label",
            List.of("entailment", "neutral", "contradiction"),
            List.of(new Columns(12, List.of(8, 9), 11), new Columns(16, List.of(8, 9), 15)),
            List.of("dev_matched.tsv", "dev_mismatched.tsv"),
            List.of(Metric.ACCURACY));
    static final GlueTask QNLI = pair("QNLI", List.of("question", "sentence"), ENTAILMENT);
    static final GlueTask RTE = pair("RTE", List.of("sentence1", "sentence2"), ENTAILMENT);
    static final GlueTask WNLI = pair("WNLI", List.of("sentence1", "sentence2"), BINARY);

    private static final List<GlueTask> ALL = List.of(COLA, SST2, MRPC, QQP, MNLI, QNLI, RTE, WNLI);

    private static GlueTask pair(String title, List<String> texts, List<String> labels) {
        List<Columns> headerless = List.of(new Columns(4, List.of(1, 2), 3));
        return new GlueTask(title, texts, "label", labels, headerless, DEV, List.of(Metric.ACCURACY));
    }

    /**
     * Where a file keeps what, columns counted from 0.
     *
     * @param width how many columns each row has
     */
    record Columns(int width, List<Integer> texts, int label) {}

    /** Returns the task of this name, whatever its case and punctuation ({@code SST-2}, {@code sst2}); or none. */
    static Optional<GlueTask> find(String name) {
        return ALL.stream()
                .filter(task -> plain(task.title).equals(plain(name)))
                .findFirst();
    }

    /** Returns the names of all tasks for a message. */
    static String names() {
        return ALL.stream().map(GlueTask::title).collect(Collectors.joining(", "));
    }

    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }

    /** Returns the columns that a header names, or none if the line is no header of this task. */
    Optional<Columns> columnsOfHeader(TsvLine line) {
        List<String> names = line.cells().stream().map(String::strip).toList();
        List<Integer> texts = textColumns.stream().map(names::indexOf).toList();
        int label = names.lastIndexOf(labelColumn);
        return texts.contains(-1) || label < 0
                ? Optional.empty()
                : Optional.of(new Columns(names.size(), texts, label));
    }

    /** Returns the columns of a file without a header, by how many there are, or none. */
    Optional<Columns> columnsOfWidth(int width) {
        return headerless.stream().filter(columns -> columns.width == width).findFirst();
    }

    /** Returns what a file of this task looks like, for a message. */
    String layout() {
        return "a header that names " + String.join(", ", textColumns) + ", " + labelColumn + ", or no header and "
                + headerless.stream()
                        .map(columns -> Integer.toString(columns.width))
                        .collect(Collectors.joining(" or "))
                + " columns";
    }
}
