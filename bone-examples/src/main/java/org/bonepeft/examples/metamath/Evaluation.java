package org.bonepeft.examples.metamath;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bonepeft.examples.lm.Responder.Response;

/** Responses to problems, and which of them are right. */
record Evaluation(List<Judged> problems) {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** A problem, its response, and whether that is right by each rule. */
    record Judged(MathRow row, Response response, Map<Rule, Boolean> right) {}

    /** Judges each response by the rules for its data set. */
    static Evaluation of(List<MathRow> rows, List<Response> responses) {
        List<Judged> judged = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            MathRow row = rows.get(i);
            Response response = responses.get(i);
            Map<Rule, Boolean> right = new LinkedHashMap<>();
            rules(row).forEach(rule -> right.put(rule, rule.isRight(response.text(), row.response())));
            judged.add(new Judged(row, response, right));
        }
        return new Evaluation(judged);
    }

    /** MATH has its own; lm-eval's need a reference that ends in {@code #### N}. */
    private static List<Rule> rules(MathRow row) {
        if (row.type().startsWith("MATH")) {
            return List.of(Rule.MATH);
        }
        return row.response().contains("#### ")
                ? List.of(Rule.METAMATH, Rule.PEFT, Rule.STRICT, Rule.FLEXIBLE)
                : List.of(Rule.METAMATH, Rule.PEFT);
    }

    /** The rules that judged some problem. */
    List<Rule> rules() {
        return problems.stream()
                .flatMap(problem -> problem.right().keySet().stream())
                .distinct()
                .sorted()
                .toList();
    }

    /** The share of right answers by a rule among the problems that it judges. */
    double accuracy(Rule rule) {
        return share(problems, rule);
    }

    /** The share of right answers by the first rule. */
    double accuracy() {
        return accuracy(rules().get(0));
    }

    /** The problems of each type, in the order of their names. */
    Map<String, Evaluation> byType() {
        Map<String, List<Judged>> types = new TreeMap<>();
        problems.forEach(problem -> types.computeIfAbsent(problem.row().type(), type -> new ArrayList<>())
                .add(problem));
        Map<String, Evaluation> parts = new LinkedHashMap<>();
        types.forEach((type, some) -> parts.put(type, new Evaluation(some)));
        return parts;
    }

    private static double share(List<Judged> problems, Rule rule) {
        return problems.stream()
                .filter(problem -> problem.right().containsKey(rule))
                .mapToDouble(problem -> Boolean.TRUE.equals(problem.right().get(rule)) ? 1 : 0)
                .average()
                .orElse(Double.NaN);
    }

    /** Responses that ended for want of room, not by an end token. */
    long unended() {
        return problems.stream()
                .filter(problem -> switch (problem.response().end()) {
                    case LENGTH, CONTEXT -> true;
                    case STOP_TOKEN, STOP_STRING, LISTENER -> false;
                })
                .count();
    }

    /** Prompts that were too long. */
    long cut() {
        return problems.stream().filter(problem -> problem.response().cut()).count();
    }

    /** Writes a JSON object a line for each problem. */
    void write(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Judged problem : problems) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("index", lines.size());
            line.put("type", problem.row().type());
            line.put("query", problem.row().query());
            line.put("reference", problem.row().response());
            line.put("generation", problem.response().text());
            line.put("end", problem.response().end().name());
            Map<String, Object> rules = new LinkedHashMap<>();
            problem.right().forEach((rule, right) -> {
                Map<String, Object> verdict = new LinkedHashMap<>();
                verdict.put("answer", rule.answer(problem.response().text()).orElse(null));
                verdict.put(
                        "reference", rule.reference(problem.row().response()).orElse(null));
                verdict.put("right", right);
                rules.put(rule.title(), verdict);
            });
            line.put("scores", rules);
            lines.add(GSON.toJson(line));
        }
        Files.write(file, lines, StandardCharsets.UTF_8);
    }
}
