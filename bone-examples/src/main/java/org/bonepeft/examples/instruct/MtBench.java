package org.bonepeft.examples.instruct;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.examples.instruct.Conversation.Turn;
import org.bonepeft.examples.lm.JsonRows.Row;
import org.bonepeft.examples.lm.Responder;

/**
 * Answers to the two turns of MT-Bench (Zheng et al. 2023) in FastChat's {@code model_answer} layout, for its judge.
 *
 * @param modelId the name that the judge will list
 * @param seconds since 1970, for {@code tstamp}
 */
record MtBench(String modelId, double seconds) {
    /** FastChat's {@code temperature_config}; 0.7 for any other category. */
    private static final Map<String, Double> TEMPERATURES = Map.of(
            "writing",
            0.7,
            "roleplay",
            0.7,
            "extraction",
            0.0,
            "math",
            0.0,
            "coding",
            0.0,
            "reasoning",
            0.0,
            "stem",
            0.1,
            "humanities",
            0.1);

    /** Returns the lines of the file, in the order of the questions. */
    List<Map<String, Object>> answer(List<Row> questions, Responder responder, PrintStream err) {
        Map<Double, List<Integer>> groups = new TreeMap<>();
        for (int i = 0; i < questions.size(); i++) {
            double temperature = TEMPERATURES.getOrDefault(questions.get(i).text("category", ""), 0.7);
            groups.computeIfAbsent(temperature, key -> new ArrayList<>()).add(i);
        }
        Map<Integer, List<Turn>> answers = new TreeMap<>();
        groups.forEach((temperature, indices) ->
                answer(questions, indices, responder.withTemperature(temperature), answers, err));
        return IntStream.range(0, questions.size())
                .mapToObj(i -> line(questions.get(i), answers.getOrDefault(i, List.of())))
                .toList();
    }

    private static void answer(
            List<Row> questions,
            List<Integer> indices,
            Responder responder,
            Map<Integer, List<Turn>> answers,
            PrintStream err) {
        indices.forEach(i -> answers.put(i, new ArrayList<>()));
        for (int turn = 0; ; turn++) {
            int number = turn;
            List<Integer> asked = indices.stream()
                    .filter(i -> turns(questions.get(i)).size() > number)
                    .toList();
            if (asked.isEmpty()) {
                return;
            }
            List<String> prompts = asked.stream()
                    .map(i -> Conversation.prompt(
                            answers.getOrDefault(i, List.of()),
                            turns(questions.get(i)).get(number)))
                    .toList();
            List<Responder.Response> responses = responder.respond("turn " + (turn + 1), prompts, err);
            for (int i = 0; i < asked.size(); i++) {
                int question = asked.get(i);
                answers.getOrDefault(question, new ArrayList<>())
                        .add(new Turn(
                                turns(questions.get(question)).get(number),
                                responses.get(i).text().strip()));
            }
        }
    }

    private static List<String> turns(Row question) {
        if (question.values().get("turns") instanceof List<?> turns
                && turns.stream().allMatch(turn -> turn instanceof String)) {
            return turns.stream().map(String::valueOf).toList();
        }
        throw new BoneException(
                question.where() + ": 'turns' is " + question.values().get("turns") + "; expected a list of strings");
    }

    private Map<String, Object> line(Row question, List<Turn> answers) {
        Object id = question.values().get("question_id");
        Map<String, Object> choice = new LinkedHashMap<>();
        choice.put("index", 0);
        choice.put("turns", answers.stream().map(Turn::answer).toList());
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("question_id", id);
        line.put(
                "answer_id",
                UUID.nameUUIDFromBytes((modelId + "/" + id).getBytes(StandardCharsets.UTF_8))
                        .toString());
        line.put("model_id", modelId);
        line.put("choices", List.of(choice));
        line.put("tstamp", seconds);
        return line;
    }
}
