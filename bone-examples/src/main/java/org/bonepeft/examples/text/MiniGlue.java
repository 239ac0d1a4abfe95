package org.bonepeft.examples.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The mini GLUE: CoLA, SST-2, MRPC, QNLI and MNLI over generated text, each label equally frequent. No sentence of a
 * dev file is in any training file of its task. The nouns, verbs and adjectives of {@code dev_mismatched} are those
 * that MNLI's training file leaves out.
 */
public final class MiniGlue {
    private static final String TRAIN = "train.tsv";

    private final Map<MiniTask, Map<String, List<Example>>> tasks = new LinkedHashMap<>();
    private final Set<String> devSentences = new HashSet<>();

    /** Generates all tasks; the same seed gives the same examples. */
    public MiniGlue(long seed) {
        Lexicon all = Lexicon.load();
        for (MiniTask task : MiniTask.values()) {
            boolean cola = task == MiniTask.COLA;
            Map<String, List<Example>> files = new LinkedHashMap<>();
            tasks.put(task, files);
            Set<String> dev = new HashSet<>();
            if (task == MiniTask.MNLI) {
                Lexicon even = Lexicon.half(0);
                files.put("dev_matched.tsv", examples(task, "even", even, seed, 400, dev, Set.of()));
                files.put("dev_mismatched.tsv", examples(task, "odd", Lexicon.half(1), seed + 1, 400, dev, Set.of()));
                files.put(TRAIN, examples(task, "even", even, seed + 2, 2000, new HashSet<>(), dev));
            } else {
                files.put("dev.tsv", examples(task, "", all, seed, cola ? 800 : 400, dev, Set.of()));
                files.put(TRAIN, examples(task, "", all, seed + 2, cola ? 4000 : 2000, new HashSet<>(), dev));
            }
            devSentences.addAll(dev);
        }
    }

    /** Examples whose labels take turns; their sentences are added to {@code used} and not in {@code forbidden}. */
    private static List<Example> examples(
            MiniTask task,
            String genre,
            Lexicon lexicon,
            long seed,
            int size,
            Set<String> used,
            Set<String> forbidden) {
        Grammar grammar = new Grammar(new Dice(seed * 31 + task.name().hashCode()), lexicon);
        Set<Example> examples = new LinkedHashSet<>();
        while (examples.size() < size) {
            String label = task.labels.get(examples.size() % task.labels.size());
            Example example = task.make(grammar, genre, label);
            List<String> keys = example.sentences().stream().map(MiniGlue::key).toList();
            if (keys.stream().noneMatch(forbidden::contains) && examples.add(example)) {
                used.addAll(keys);
            }
        }
        return grammar.dice.shuffled(new ArrayList<>(examples));
    }

    /** What makes two sentences the same one. */
    static String key(String sentence) {
        return sentence.toLowerCase(Locale.ROOT);
    }

    /** Whether a dev file has the sentence. */
    public boolean hasInDev(String sentence) {
        return devSentences.contains(key(sentence));
    }

    /** The examples of a file. */
    List<Example> examples(MiniTask task, String file) {
        return tasks.getOrDefault(task, Map.of()).getOrDefault(file, List.of());
    }

    /** Names of a task's files. */
    Set<String> files(MiniTask task) {
        return tasks.getOrDefault(task, Map.of()).keySet();
    }

    /** Writes {@code directory/CoLA/train.tsv} and so on, replacing what was there. */
    public void write(Path directory) throws IOException {
        for (MiniTask task : MiniTask.values()) {
            Path folder = Files.createDirectories(directory.resolve(task.folder));
            for (String file : files(task)) {
                Files.writeString(folder.resolve(file), tsv(task, examples(task, file)));
            }
        }
    }

    private static String tsv(MiniTask task, List<Example> examples) {
        StringBuilder text = new StringBuilder();
        if (!task.header.isEmpty()) {
            text.append(String.join("\t", task.header)).append('\n');
        }
        for (int i = 0; i < examples.size(); i++) {
            text.append(String.join("\t", task.row(i, examples.get(i)))).append('\n');
        }
        return text.toString();
    }
}
