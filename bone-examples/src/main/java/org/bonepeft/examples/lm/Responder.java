package org.bonepeft.examples.lm;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.generate.Completion;
import org.bonepeft.djl.generate.GenerationConfig;
import org.bonepeft.djl.generate.Generator;
import org.bonepeft.djl.generate.TokenListener;
import org.bonepeft.examples.report.Progress;

/**
 * Continues prompts, several at once.
 *
 * @param batchSize prompts at once
 * @param stopStrings what ends a response beside the model's own end token
 * @param temperature 0 for the most likely token, always
 */
public record Responder(
        LanguageModel<?> model,
        int batchSize,
        int maxNewTokens,
        List<String> stopStrings,
        double temperature,
        long seed) {
    /**
     * A response.
     *
     * @param text without what ended it
     * @param end why it ended
     * @param cut whether the prompt was too long, and lost tokens on the left
     */
    public record Response(String text, Completion.End end, boolean cut) {}

    /** Returns this with another temperature. */
    public Responder withTemperature(double other) {
        return new Responder(model, batchSize, maxNewTokens, stopStrings, other, seed);
    }

    /** Returns responses to all prompts, in their order. */
    public List<Response> respond(String name, List<String> prompts, PrintStream err) {
        List<long[]> tokens = model.tokenizer().encode(prompts).stream()
                .map(ids -> TextTokenizer.withoutEnd(ids, model.ends()))
                .toList();
        Integer[] order = IntStream.range(0, prompts.size()).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingInt((Integer i) -> tokens.get(i).length));
        Response[] responses = new Response[prompts.size()];
        try (Progress progress = new Progress(name, prompts.size(), err)) {
            for (int from = 0; from < order.length; from += batchSize) {
                List<Integer> batch = List.of(order).subList(from, Math.min(order.length, from + batchSize));
                // Another seed for each batch: samples of one prompt may lie in several.
                List<Response> some =
                        respond(batch.stream().map(tokens::get).toList(), seed + from, (sequence, token) -> true);
                for (int i = 0; i < some.size(); i++) {
                    responses[batch.get(i)] = some.get(i);
                }
                progress.done(some.size());
            }
        }
        return List.of(responses);
    }

    /** Returns the response to a prompt, told token by token to a listener. */
    public Response respond(String prompt, TokenListener listener) {
        long[] tokens = TextTokenizer.withoutEnd(model.tokenizer().encode(prompt), model.ends());
        return respond(List.of(tokens), seed, listener).get(0);
    }

    private List<Response> respond(List<long[]> prompts, long streams, TokenListener listener) {
        int room = model.model().maxPositions()
                - Math.min(maxNewTokens, model.model().maxPositions() / 2);
        List<long[]> fitting = prompts.stream().map(ids -> end(ids, room)).toList();
        GenerationConfig config = GenerationConfig.builder()
                .setMaxNewTokens(maxNewTokens)
                .optStopTokens(model.ends())
                .optStopStrings(stopStrings)
                .optDecoder(model.tokenizer()::decodeNext)
                .optTemperature(temperature)
                .optSeed(streams)
                .build();
        List<Completion> completions = new Generator(model.model(), config).generate(fitting, listener);
        return IntStream.range(0, prompts.size())
                .mapToObj(i -> new Response(
                        completions.get(i).text(),
                        completions.get(i).end(),
                        fitting.get(i).length < prompts.get(i).length))
                .toList();
    }

    private static long[] end(long[] ids, int room) {
        if (room < 1) {
            throw new BoneException("the model has no room for a prompt");
        }
        return ids.length <= room ? ids : Arrays.copyOfRange(ids, ids.length - room, ids.length);
    }
}
