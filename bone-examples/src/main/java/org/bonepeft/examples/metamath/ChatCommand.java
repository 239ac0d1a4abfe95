package org.bonepeft.examples.metamath;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.bonepeft.examples.lm.LanguageModel;
import org.bonepeft.examples.lm.ModelOptions;
import org.bonepeft.examples.lm.Responder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bone metamath chat}: answers each line of the standard input as it comes. */
@Command(
        name = "chat",
        description = "Answers each line of the standard input as it comes; an empty line ends it.",
        sortOptions = false)
final class ChatCommand implements Callable<Integer> {
    private final PrintStream out;
    private final InputStream in;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(names = "--adapter", paramLabel = "DIR", description = "folder of an adapter, as train writes it")
    private @Nullable Path adapter;

    @Option(names = "--prompt", paramLabel = "P", defaultValue = "peft", description = "peft or paper (default: peft)")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Prompt prompt;

    @Option(names = "--max-new-tokens", paramLabel = "N", defaultValue = "256", description = "default: 256")
    private int maxNewTokens;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            defaultValue = "0",
            description = "0 for the most likely answer, more for others (default: ${DEFAULT-VALUE})")
    private double temperature;

    ChatCommand(PrintStream out, InputStream in) {
        this.out = out;
        this.in = in;
    }

    @Override
    public Integer call() throws IOException {
        try (LanguageModel<?> language = model.load(adapter)) {
            Responder responder = new Responder(
                    language, 1, maxNewTokens, List.of("Question:", "### Instruction"), temperature, model.seed());
            BufferedReader questions = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            String question = questions.readLine();
            while (question != null && !question.isBlank()) {
                answer(language, responder, question.strip());
                question = questions.readLine();
            }
        }
        return 0;
    }

    private void answer(LanguageModel<?> language, Responder responder, String question) {
        List<Long> tokens = new ArrayList<>();
        StringBuilder told = new StringBuilder();
        responder.respond(prompt.ask(question), (sequence, token) -> {
            tokens.add(token);
            String text = language.tokenizer()
                    .decodeNext(tokens.stream().mapToLong(Long::longValue).toArray())
                    .stripLeading();
            // A character may take several tokens; until then the tokenizer gives a replacement for it.
            if (text.length() > told.length() && !text.endsWith("\uFFFD")) {
                out.print(text.substring(told.length()));
                out.flush();
                told.append(text, told.length(), text.length());
            }
            return true;
        });
        out.println();
    }
}
