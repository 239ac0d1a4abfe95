package org.bonepeft.examples.minimath;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Endless text to pre-train on, one document a call: arithmetic statements, bare and in words, and word problems without
 * answers, their stories told a second time. No document answers a problem: where a problem's text tells its result, a random number
 * stands.
 */
public final class MathCorpus implements Supplier<String> {
    private static final String INSTRUCTION = "Below is an instruction that describes a task. Write a response that"
            + " appropriately completes the request.\n\n### Instruction:\n";

    private final Random random;
    private final List<Schema> schemas = Schema.all();

    /** Creates the text of a seed. */
    public MathCorpus(long seed) {
        random = new Random(seed);
    }

    @Override
    public String get() {
        return switch (random.nextInt(20)) {
            case 0, 1, 2, 3 -> Arithmetic.statements(3 + random.nextInt(6), random);
            case 4, 5 -> Spoken.sentences(3 + random.nextInt(4), random);
            case 6, 7 -> Spoken.aboutNames(random);
            case 8 -> check();
            case 9, 10, 11 -> twice();
            case 12 -> framed();
            default -> beside();
        };
    }

    /** Whether a statement is right. */
    private String check() {
        String statement = Arithmetic.statements(1, random);
        boolean right = random.nextBoolean();
        int equals = statement.indexOf('=');
        int result = Integer.parseInt(statement.substring(equals + 1, statement.length() - 1));
        String told = right ? statement : statement.substring(0, equals + 1) + (result + 1 + random.nextInt(9)) + ".";
        return told + "\nThe answer is: " + (right ? "yes" : "no");
    }

    /** A problem in the frame of a prompt, its story in place of an answer. */
    private String framed() {
        String[] told = told(draw());
        return frame(told[0], told[1]);
    }

    private String frame(String query, String response) {
        return random.nextInt(4) > 0
                ? "Question: " + query + " Think step by step.\nAnswer: " + response
                : INSTRUCTION + query + "\n\n### Response: Let's think step by step. " + response;
    }

    /** A problem, and reckonings with its numbers which do not answer it. */
    private String beside() {
        Problem problem = draw();
        return frame(told(problem)[0], Spoken.beside(problem, random));
    }

    private String twice() {
        return String.join(" Again: ", told(draw()));
    }

    /** A problem, and its story. */
    private String[] told(Problem problem) {
        String story = problem.schema().story();
        List<String> askable = problem.schema().askable();
        String unknown = askable.get(random.nextInt(askable.size()));
        return switch (random.nextInt(5)) {
            case 0 -> new String[] {problem.rephrased(), problem.fill(story)};
            case 1 -> new String[] {problem.selfVerification(unknown), problem.hide(story, unknown)};
            case 2 -> new String[] {problem.fobar(unknown), problem.hide(story, unknown)};
            case 3 -> new String[] {problem.fill(story + " " + problem.schema().end()), problem.fill(story)};
            default -> new String[] {problem.question(), problem.fill(story)};
        };
    }

    /** A problem whose results, unlike its variables, are random. */
    private Problem draw() {
        Problem problem = Problem.draw(schemas.get(random.nextInt(schemas.size())), random);
        Map<String, Integer> values = new LinkedHashMap<>(problem.values());
        problem.schema().steps().forEach(step -> values.put(step.result(), 2 + random.nextInt(98)));
        return new Problem(problem.schema(), problem.words(), values);
    }
}
