package org.bonepeft.examples.minimath;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The mini MetaMath: word problems in MetaMathQA's layout and types. No numbers of a test problem are in a training
 * problem of the same schema; {@code test-unseen.json} has schemas that training has not.
 */
public final class MiniMetaMath {
    /** The files, and how many rows of each type each schema has in them. */
    private static final int TRAIN_ROWS = 18;

    private static final int UNSEEN_ROWS = 2;
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private final List<Row> train = new ArrayList<>();
    private final List<Row> test = new ArrayList<>();
    private final List<Row> testUnseen = new ArrayList<>();

    /**
     * One problem, its components called as MetaMathQA's keys.
     *
     * @param type GSM_AnsAug, GSM_Rephrased, GSM_SV or GSM_FOBAR
     */
    record Row(String query, String response, String original_question, String type) {}

    /** Generates all rows; the same seed gives the same ones. */
    public MiniMetaMath(long seed) {
        Random random = new Random(seed);
        for (Schema schema : Schema.all()) {
            Set<String> tested = new HashSet<>();
            if (schema.unseen()) {
                rows(schema, UNSEEN_ROWS, random, problem -> tested.add(problem.key()), testUnseen);
            } else {
                rows(schema, 1, random, problem -> tested.add(problem.key()), test);
                Set<String> used = new HashSet<>();
                rows(
                        schema,
                        TRAIN_ROWS,
                        random,
                        problem -> !tested.contains(problem.key()) && used.add(problem.key() + problem.words()),
                        train);
            }
        }
        Collections.shuffle(train, random);
        Collections.shuffle(test, random);
        Collections.shuffle(testUnseen, random);
    }

    private static void rows(Schema schema, int each, Random random, Predicate<Problem> wanted, List<Row> rows) {
        for (int i = 0; i < 4 * each; i++) {
            Problem problem = Problem.draw(schema, random);
            while (!wanted.test(problem)) {
                problem = Problem.draw(schema, random);
            }
            rows.add(row(problem, i % 4, random));
        }
    }

    private static Row row(Problem problem, int type, Random random) {
        String question = problem.question();
        List<String> askable = problem.schema().askable();
        String unknown = askable.get(random.nextInt(askable.size()));
        return switch (type) {
            case 0 -> {
                String response = random.nextBoolean() ? problem.solution() : problem.briefSolution();
                yield new Row(question, response, question, "GSM_AnsAug");
            }
            case 1 -> new Row(problem.rephrased(), problem.solution(), question, "GSM_Rephrased");
            case 2 -> new Row(problem.selfVerification(unknown), problem.inverseSolution(unknown), question, "GSM_SV");
            default -> new Row(problem.fobar(unknown), problem.inverseSolution(unknown), question, "GSM_FOBAR");
        };
    }

    /** The rows to train on. */
    List<Row> train() {
        return train;
    }

    /** The rows of known schemas with other numbers. */
    List<Row> test() {
        return test;
    }

    /** The rows of other schemas. */
    List<Row> testUnseen() {
        return testUnseen;
    }

    /** Writes {@code train.json}, {@code test.json} and {@code test-unseen.json}. */
    public void write(Path directory) throws IOException {
        Files.createDirectories(directory);
        write(directory.resolve("train.json"), train);
        write(directory.resolve("test.json"), test);
        write(directory.resolve("test-unseen.json"), testUnseen);
    }

    private static void write(Path file, List<Row> rows) throws IOException {
        List<String> lines = rows.stream().map(GSON::toJson).toList();
        Files.writeString(file, "[\n" + String.join(",\n", lines) + "\n]\n", StandardCharsets.UTF_8);
    }
}
