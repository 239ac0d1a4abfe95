package org.bonepeft.examples.instruct;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bonepeft.examples.lm.JsonRows.Row;
import org.bonepeft.examples.lm.Responder;

/**
 * Completions for HumanEval (Chen et al. 2021), to be run by {@code evaluate_functional_correctness} of
 * openai/human-eval: {@code task_id} and {@code completion} for each sample. Nothing is run here.
 *
 * @param raw whether the model continues the code itself, instead of being told to in words
 */
record HumanEval(boolean raw, int samples) {
    /** What ends a function body, as in the paper. */
    static final List<String> STOPS = List.of("\nclass", "\ndef", "\n#", "\nif", "\nprint");

    private static final Pattern FENCE = Pattern.compile("```(?:[pP]ython)?\\s*\n(.*?)(?:```|$)", Pattern.DOTALL);

    /** Returns the lines of the file. */
    List<Map<String, Object>> complete(List<Row> tasks, Responder responder, PrintStream err) {
        List<String> prompts = new ArrayList<>();
        for (Row task : tasks) {
            String code = task.text("prompt");
            String prompt =
                    raw ? code : Conversation.prompt(List.of(), "Create a Python script for this problem:\n" + code);
            for (int sample = 0; sample < samples; sample++) {
                prompts.add(prompt);
            }
        }
        List<Responder.Response> responses = responder.respond("HumanEval", prompts, err);
        List<Map<String, Object>> lines = new ArrayList<>();
        for (int i = 0; i < responses.size(); i++) {
            String text = responses.get(i).text();
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("task_id", tasks.get(i / samples).text("task_id"));
            line.put("completion", raw ? text : code(text));
            lines.add(line);
        }
        return lines;
    }

    /**
     * The code of an answer in words, at the first column: behind the prompt, whose function has no body but its
     * documentation, it defines the function anew.
     */
    static String code(String answer) {
        Matcher fence = FENCE.matcher(answer);
        // A blank parts the answer from the prompt.
        return "\n" + (fence.find() ? fence.group(1) : answer.startsWith(" ") ? answer.substring(1) : answer);
    }
}
