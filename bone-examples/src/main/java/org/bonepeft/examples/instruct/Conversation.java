package org.bonepeft.examples.instruct;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bonepeft.BoneException;
import org.bonepeft.examples.lm.Dialogue;
import org.bonepeft.examples.lm.JsonRows;
import org.bonepeft.examples.lm.JsonRows.Row;

/** Instructions and their answers, one after the other. */
record Conversation(List<Turn> turns) {
    private static final String INTRODUCTION = "Below is an instruction that describes a task. Write a response that"
            + " appropriately completes the request.\n\n";

    /** An instruction and its answer. */
    record Turn(String instruction, String answer) {
        /** Alpaca's frame, in the words that the paper uses. */
        private String frame() {
            return "### Instruction:\n" + instruction + "\n\n### Response:";
        }
    }

    /**
     * Reads {@code instruction}, perhaps {@code input}, and {@code output} (Evol-Instruct, Alpaca); {@code query} and {@code
     * answer} or {@code response} (CodeFeedback); {@code conversations} of {@code from} and {@code value}, or {@code
     * messages} of {@code role} and {@code content} (WizardLM, ShareGPT). A JSON array or JSON lines.
     *
     * @throws BoneException naming the line that is broken or has other keys
     * @throws IOException if the file cannot be read
     */
    static List<Conversation> read(Path file, int limit) throws IOException {
        return JsonRows.read(file, limit).stream().map(Conversation::of).toList();
    }

    /** Returns the conversation of a row; see {@link #read}. */
    static Conversation of(Row row) {
        if (row.has("conversations") || row.has("messages")) {
            return said(row);
        }
        if (row.has("instruction")) {
            String input = row.text("input", "");
            String instruction = row.text("instruction") + (input.isBlank() ? "" : "\n\n### Input:\n" + input);
            return new Conversation(List.of(new Turn(instruction, row.text("output"))));
        }
        if (row.has("query")) {
            String answer = row.has("answer") ? row.text("answer") : row.text("response");
            return new Conversation(List.of(new Turn(row.text("query"), answer)));
        }
        throw new BoneException(
                row.where() + ": expected instruction and output, query and answer, or conversations; the"
                        + " keys are " + row.values().keySet());
    }

    private static Conversation said(Row row) {
        Object list = row.has("conversations")
                ? row.values().get("conversations")
                : row.values().get("messages");
        List<Turn> turns = new ArrayList<>();
        StringBuilder asked = new StringBuilder();
        for (Object item : list instanceof List<?> items ? items : List.of()) {
            Map<?, ?> message = item instanceof Map<?, ?> map ? map : Map.of();
            Object role = message.containsKey("from") ? message.get("from") : message.get("role");
            Object text = message.containsKey("value") ? message.get("value") : message.get("content");
            if (!(role instanceof String who) || !(text instanceof String words)) {
                throw new BoneException(row.where() + ": a message is " + item
                        + "; expected from and value, or role and content, both strings");
            }
            if (List.of("gpt", "assistant", "bot").contains(who)) {
                turns.add(new Turn(asked.toString(), words));
                asked.setLength(0);
            } else {
                asked.append(asked.isEmpty() ? "" : "\n\n").append(words);
            }
        }
        if (turns.isEmpty()) {
            throw new BoneException(row.where() + ": nobody answers; expected a message from gpt or assistant");
        }
        return new Conversation(turns);
    }

    /** Returns each answer with all that was said before it. */
    List<Dialogue> dialogues() {
        List<Dialogue> dialogues = new ArrayList<>();
        StringBuilder before = new StringBuilder(INTRODUCTION);
        for (Turn turn : turns) {
            before.append(turn.frame());
            dialogues.add(new Dialogue(before.toString(), " " + turn.answer()));
            before.append(' ').append(turn.answer()).append("\n\n");
        }
        return dialogues;
    }

    /** Returns the prompt for a next instruction. */
    static String prompt(List<Turn> before, String instruction) {
        List<Turn> all = new ArrayList<>(before);
        all.add(new Turn(instruction, ""));
        List<Dialogue> dialogues = new Conversation(all).dialogues();
        return dialogues.get(dialogues.size() - 1).prompt();
    }
}
