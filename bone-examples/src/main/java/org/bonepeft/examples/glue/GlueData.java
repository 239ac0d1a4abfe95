package org.bonepeft.examples.glue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bonepeft.BoneException;

/**
 * The rows of one task.
 *
 * @param dev one set or more by name, the first one to compare by; never empty
 * @param notes what the user should know about how the rows came about
 */
record GlueData(GlueTask task, List<Example> train, Map<String, List<Example>> dev, List<String> notes) {
    private static final int HELD_OUT = 10;

    /**
     * Reads {@code train.tsv} and the dev files of a folder. Without a dev file, every tenth row of the shuffled
     * training rows (always the same ones) becomes the dev set, and a note says so.
     *
     * @throws BoneException if the folder or its {@code train.tsv} is missing, or a file does not fit
     * @throws IOException if a file cannot be read
     */
    static GlueData read(GlueTask task, Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new BoneException("no such folder: " + folder + " (expected there: train.tsv and "
                    + String.join(", ", task.devFiles()) + " of " + task.title() + ")");
        }
        Path trainFile = folder.resolve("train.tsv");
        if (!Files.isRegularFile(trainFile)) {
            throw new BoneException("no such file: " + trainFile);
        }
        List<Example> train = GlueFile.read(task, trainFile);
        Map<String, List<Example>> dev = new LinkedHashMap<>();
        for (String name : task.devFiles()) {
            if (Files.exists(folder.resolve(name))) {
                dev.put(name.replace(".tsv", ""), GlueFile.read(task, folder.resolve(name)));
            }
        }
        return dev.isEmpty() ? split(task, folder, train) : new GlueData(task, train, dev, List.of());
    }

    private static GlueData split(GlueTask task, Path folder, List<Example> rows) {
        String missing = "no " + String.join(" or ", task.devFiles()) + " in " + folder;
        if (rows.size() < HELD_OUT) {
            throw new BoneException(missing + ", and train.tsv has too few rows to hold some out: " + rows.size());
        }
        List<Example> shuffled = new ArrayList<>(rows);
        Collections.shuffle(shuffled, new Random(0));
        int size = rows.size() / HELD_OUT;
        String note =
                String.format("%s: %,d of the %,d rows of train.tsv are held out as dev", missing, size, rows.size());
        return new GlueData(
                task,
                List.copyOf(shuffled.subList(size, shuffled.size())),
                Map.of("held-out", List.copyOf(shuffled.subList(0, size))),
                List.of(note));
    }
}
