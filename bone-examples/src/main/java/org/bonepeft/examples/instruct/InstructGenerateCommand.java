package org.bonepeft.examples.instruct;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.bonepeft.examples.lm.Dialogue;
import org.bonepeft.examples.lm.JsonRows;
import org.bonepeft.examples.lm.JsonRows.Row;
import org.bonepeft.examples.lm.LanguageModel;
import org.bonepeft.examples.lm.ModelOptions;
import org.bonepeft.examples.lm.Responder;
import org.bonepeft.io.AtomicFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bone instruct generate}: answers HumanEval, MT-Bench or any instructions into a file of JSON lines. */
@Command(
        name = "generate",
        description = {
            "Answers questions into a file of JSON lines. The keys of the questions say what they are:",
            "task_id and prompt: HumanEval, task_id and completion for its own scorer;",
            "question_id and turns: MT-Bench, FastChat's model_answer;",
            "else instructions as train takes them: instruction, reference, generation."
        },
        sortOptions = false)
final class InstructGenerateCommand implements Callable<Integer> {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private final PrintStream out;
    private final PrintStream err;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(names = "--adapter", paramLabel = "DIR", description = "folder of an adapter, as train writes it")
    private @Nullable Path adapter;

    @Option(names = "--test", paramLabel = "FILE", required = true, description = "questions, as JSON or JSON lines")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path test;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "file to write")
    @SuppressWarnings("NullAway.Init")
    private Path output;

    @Option(names = "--test-limit", paramLabel = "N", description = "only the first so many questions")
    private int limit = Integer.MAX_VALUE;

    @Option(
            names = "--instruct-code",
            description = "ask HumanEval's tasks in words, instead of letting the model continue the code")
    private boolean instructCode;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "1",
            description = "of each HumanEval task (default: 1)")
    private int samples;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            defaultValue = "0",
            description = "0 for the most likely answer (default); MT-Bench has its own by category")
    private double temperature;

    @Option(names = "--max-new-tokens", paramLabel = "N", defaultValue = "512", description = "default: 512")
    private int maxNewTokens;

    @Option(
            names = "--eval-batch",
            paramLabel = "N",
            defaultValue = "16",
            description = "prompts at once (default: 16)")
    private int batchSize;

    @Option(
            names = "--model-id",
            paramLabel = "NAME",
            description = "the model's name in MT-Bench's answers (default: the name of its folder)")
    private @Nullable String modelId;

    InstructGenerateCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        if (limit < 1 || samples < 1 || maxNewTokens < 1 || batchSize < 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--test-limit, --samples, --max-new-tokens and --eval-batch must be 1 or more, not " + limit + ", "
                            + samples + ", " + maxNewTokens + ", " + batchSize);
        }
        if (!(temperature >= 0)) {
            throw new ParameterException(spec.commandLine(), "--temperature must be 0 or more, not " + temperature);
        }
        List<Row> rows = JsonRows.read(test, limit);
        Files.createDirectories(output.toAbsolutePath().getParent());
        List<Map<String, Object>> lines;
        try (LanguageModel<?> language = model.load(adapter)) {
            lines = answer(rows, language);
        }
        String text = lines.stream().map(GSON::toJson).collect(Collectors.joining("\n", "", "\n"));
        AtomicFile.write(output, text.getBytes(StandardCharsets.UTF_8));
        out.println(lines.size() + " answers written to " + output);
        return 0;
    }

    private List<Map<String, Object>> answer(List<Row> rows, LanguageModel<?> language) {
        if (rows.get(0).has("task_id")) {
            List<String> stops = instructCode ? List.of("### Instruction") : HumanEval.STOPS;
            return new HumanEval(!instructCode, samples).complete(rows, responder(language, stops), err);
        }
        Responder responder = responder(language, List.of("### Instruction"));
        if (rows.get(0).has("question_id")) {
            String name = modelId == null
                    ? String.valueOf(model.folder().toAbsolutePath().normalize().getFileName())
                    : modelId;
            return new MtBench(name, System.currentTimeMillis() / 1e3).answer(rows, responder, err);
        }
        List<Dialogue> first = rows.stream()
                .map(row -> Conversation.of(row).dialogues().get(0))
                .toList();
        List<Responder.Response> responses = responder.respond(
                "answers", first.stream().map(Dialogue::prompt).toList(), err);
        List<Map<String, Object>> lines = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("instruction", Conversation.of(rows.get(i)).turns().get(0).instruction());
            line.put("reference", first.get(i).response().strip());
            line.put("generation", responses.get(i).text().strip());
            lines.add(line);
        }
        return lines;
    }

    private Responder responder(LanguageModel<?> language, List<String> stops) {
        return new Responder(language, batchSize, maxNewTokens, stops, temperature, model.seed());
    }
}
