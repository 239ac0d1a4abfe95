package org.bonepeft.examples.glue;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForSequenceClassification;

/** Writes an untrained model of one layer, and a CoLA whose sentences are fine where "not" does not occur. */
final class TinyGlue {
    private static final String[] WORDS = {"not", "the", "a", "cat", "dog", "bird", "sees", "hears", "and", "big"};

    private TinyGlue() {}

    static void writeModel(Path folder) throws IOException {
        Files.createDirectories(folder);
        TinyTokenizer.write(folder, WORDS);
        RobertaConfig config = RobertaConfig.builder()
                .setVocabSize(5 + WORDS.length)
                .setHiddenSize(16)
                .setLayers(1)
                .setHeads(2)
                .setIntermediateSize(24)
                .optMaxPositions(16)
                .optDropout(0, 0)
                .build();
        try (NDManager manager = NDManager.newBaseManager()) {
            RobertaForSequenceClassification.create(config, manager, 7).save(folder);
        }
    }

    static void writeCola(Path folder, int trainRows, int devRows) throws IOException {
        Files.createDirectories(folder);
        Random random = new Random(5);
        Files.write(folder.resolve("train.tsv"), rows(random, trainRows));
        Files.write(folder.resolve("dev.tsv"), rows(random, devRows));
    }

    private static List<String> rows(Random random, int count) {
        return random.ints(count, 2, 9)
                .mapToObj(length -> {
                    boolean fine = random.nextBoolean();
                    String[] words = new String[length];
                    for (int i = 0; i < length; i++) {
                        words[i] = WORDS[1 + random.nextInt(WORDS.length - 1)];
                    }
                    words[random.nextInt(length)] = fine ? "cat" : "not";
                    return "made\t" + (fine ? 1 : 0) + "\t\t" + String.join(" ", words);
                })
                .toList();
    }
}
