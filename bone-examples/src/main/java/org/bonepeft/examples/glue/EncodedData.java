package org.bonepeft.examples.glue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.roberta.RobertaConfig;

/**
 * A task's rows as token ids.
 *
 * @param dev the sets to evaluate on by name, the first one to compare by
 * @param maxLength the most tokens a row was allowed
 */
record EncodedData(GlueTask task, EncodedRows train, Map<String, EncodedRows> dev, int maxLength) {
    /**
     * Encodes the rows with the tokenizer of the model's folder, cut to what the model can take.
     *
     * @throws BoneException if there is no tokenizer, or it knows more tokens than the model
     * @throws IOException if the tokenizer cannot be read
     */
    static EncodedData of(GlueData data, Path model, RobertaConfig config, int wantedLength) throws IOException {
        int maxLength = Math.min(wantedLength, config.maxTokens());
        try (TextEncoder encoder = new TextEncoder(model, maxLength)) {
            EncodedRows train = encoder.encode(data.train());
            Map<String, EncodedRows> dev = new LinkedHashMap<>();
            data.dev().forEach((name, rows) -> dev.put(name, encoder.encode(rows)));
            long largest = Stream.concat(Stream.of(train), dev.values().stream())
                    .mapToLong(EncodedRows::largestId)
                    .max()
                    .orElseThrow();
            if (largest >= config.vocabSize()) {
                throw new BoneException(model + ": tokenizer.json makes the token " + largest
                        + ", config.json has vocab_size " + config.vocabSize() + "; they belong to different models");
            }
            return new EncodedData(data.task(), train, dev, maxLength);
        }
    }

    /** Returns what {@link #scores} are: each metric, on each dev set. */
    List<String> scoreTitles() {
        return dev.keySet().stream()
                .flatMap(name -> task.metrics().stream()
                        .map(metric ->
                                dev.size() == 1 ? metric.title() : name.replace("dev_", "") + " " + metric.title()))
                .toList();
    }

    /** Returns each metric on each dev set for what {@code predictor} makes of its rows. */
    List<Double> scores(Function<EncodedRows, int[]> predictor) {
        return dev.values().stream()
                .flatMap(rows -> {
                    int[] predicted = predictor.apply(rows);
                    return task.metrics().stream().map(metric -> metric.of(rows.labels(), predicted));
                })
                .toList();
    }

    /** Returns the most frequent class of the training rows. */
    int mostFrequent() {
        int[] counts = new int[task.labels().size()];
        Arrays.stream(train.labels()).forEach(label -> counts[label]++);
        int best = 0;
        for (int label = 1; label < counts.length; label++) {
            best = counts[label] > counts[best] ? label : best;
        }
        return best;
    }
}
