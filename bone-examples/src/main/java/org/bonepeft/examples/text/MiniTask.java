package org.bonepeft.examples.text;

import java.util.List;

/** The tasks of the mini GLUE, in GLUE's own file layouts. */
enum MiniTask {
    COLA("CoLA", List.of("1", "0"), List.of()) {
        @Override
        Example make(Grammar grammar, String genre, String label) {
            return Acceptability.make(grammar, label);
        }

        @Override
        List<String> row(int index, Example example) {
            String mark = example.label().equals("0") ? "*" : "";
            return List.of(
                    example.source(), example.label(), mark, example.sentences().get(0));
        }
    },
    SST2("SST-2", List.of("1", "0"), List.of("sentence", "label")) {
        @Override
        Example make(Grammar grammar, String genre, String label) {
            return Sentiment.make(grammar, label);
        }

        @Override
        List<String> row(int index, Example example) {
            return List.of(example.sentences().get(0), example.label());
        }
    },
    MRPC("MRPC", List.of("1", "0"), List.of("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String")) {
        @Override
        Example make(Grammar grammar, String genre, String label) {
            return Paraphrase.make(grammar, label);
        }

        @Override
        List<String> row(int index, Example example) {
            return List.of(
                    example.label(),
                    Integer.toString(2 * index + 1),
                    Integer.toString(2 * index + 2),
                    example.sentences().get(0),
                    example.sentences().get(1));
        }
    },
    QNLI("QNLI", List.of(Answering.YES, Answering.NO), List.of("index", "question", "sentence", "label")) {
        @Override
        Example make(Grammar grammar, String genre, String label) {
            return Answering.make(grammar, label);
        }

        @Override
        List<String> row(int index, Example example) {
            return List.of(
                    Integer.toString(index),
                    example.sentences().get(0),
                    example.sentences().get(1),
                    example.label());
        }
    },
    MNLI(
            "MNLI",
            List.of(Inference.ENTAILMENT, Inference.NEUTRAL, Inference.CONTRADICTION),
            List.of(
                    "index",
                    "promptID",
                    "pairID",
                    "genre",
                    "sentence1_binary_parse",
                    "sentence2_binary_parse",
                    "sentence1_parse",
                    "sentence2_parse",
                    "sentence1",
                    "sentence2",
                    "label1",
                    "gold_label")) {
        @Override
        Example make(Grammar grammar, String genre, String label) {
            return Inference.make(grammar, genre, label);
        }

        /** The four parses are left empty: nobody reads them. */
        @Override
        List<String> row(int index, Example example) {
            return List.of(
                    Integer.toString(index),
                    Integer.toString(index),
                    index + example.label().substring(0, 1),
                    example.source(),
                    "",
                    "",
                    "",
                    "",
                    example.sentences().get(0),
                    example.sentences().get(1),
                    example.label(),
                    example.label());
        }
    };

    /** The task's folder. */
    final String folder;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    final List<String> labels;

    /** Column names, none for a file without header. */
    @SuppressWarnings("ImmutableEnumChecker")
    final List<String> header;

    MiniTask(String folder, List<String> labels, List<String> header) {
        this.folder = folder;
        this.labels = labels;
        this.header = header;
    }

    /** A random example of a label. */
    abstract Example make(Grammar grammar, String genre, String label);

    /** The cells of a line of the file. */
    abstract List<String> row(int index, Example example);
}
