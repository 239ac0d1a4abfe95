package org.bonepeft.djl.generate;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CausalLm;

/**
 * Continues token sequences: {@code t_(n+1) ~ p(t | t_1 .. t_n)}, each token computed from what the model remembers of
 * those before it.
 *
 * <pre>{@code
 * Generator generator = new Generator(model, GenerationConfig.builder().setMaxNewTokens(100).build());
 * Completion completion = generator.generate(List.of(prompt)).get(0);
 * }</pre>
 *
 * <p>Of an adapted model those adapters act that are active, or merged, when tokens are computed; activate others between
 * two calls, not during one.
 */
public final class Generator {
    private final CausalLm model;
    private final GenerationConfig config;
    private final Sampler sampler;

    /** Creates a generator. */
    public Generator(CausalLm model, GenerationConfig config) {
        this.model = model;
        this.config = config;
        this.sampler = new Sampler(config);
    }

    /** Continues all prompts together. */
    public List<Completion> generate(List<long[]> prompts) {
        return generate(prompts, (sequence, token) -> true);
    }

    /**
     * Continues all prompts together. A sequence gets the tokens that it would get alone (but for the rounding of sums),
     * those that are drawn depend on its index too.
     *
     * @param prompts tokens, at least one each
     * @param listener is told of each token, from this thread
     * @return a completion for each prompt
     * @throws BoneException if a prompt is empty or leaves no position for another token
     */
    public List<Completion> generate(List<long[]> prompts, TokenListener listener) {
        SplittableRandom random = new SplittableRandom(config.seed());
        List<Sequence> sequences = IntStream.range(0, prompts.size())
                .mapToObj(i -> new Sequence(i, prompts.get(i), random.split(), listener))
                .toList();
        if (!sequences.isEmpty()) {
            int longest =
                    prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
            int steps =
                    sequences.stream().mapToInt(sequence -> sequence.room).max().orElseThrow();
            try (CausalLm.Session session = model.start(Math.addExact(longest, steps))) {
                run(session, prompts, sequences);
            }
        }
        return sequences.stream().map(Sequence::completion).toList();
    }

    private void run(CausalLm.Session session, List<long[]> prompts, List<Sequence> sequences) {
        List<Sequence> going = sequences;
        float[][] logits = session.append(prompts);
        while (true) {
            int[] kept = advance(going, logits);
            if (kept.length == 0) {
                return;
            }
            if (kept.length < going.size()) {
                going = IntStream.of(kept).mapToObj(going::get).toList();
                session.keep(kept);
            }
            logits = session.append(going.stream().map(Sequence::last).toList());
        }
    }

    /** Gives each sequence its next token; returns the indices of those that go on. */
    private static int[] advance(List<Sequence> going, float[][] logits) {
        return IntStream.range(0, going.size())
                .filter(i -> going.get(i).advance(logits[i]))
                .toArray();
    }

    /** One prompt and what was added to it. */
    private final class Sequence {
        private final int index;
        private final TokenListener listener;
        private final RandomGenerator random;
        private final BitSet occurred = new BitSet();
        private final List<Long> tokens = new ArrayList<>();
        private final int room;
        private Completion.End end = Completion.End.LENGTH;
        private String text = "";

        Sequence(int index, long[] prompt, RandomGenerator random, TokenListener listener) {
            this.index = index;
            this.random = random;
            this.listener = listener;
            int positions = model.maxPositions() - prompt.length;
            if (prompt.length == 0 || positions < 1) {
                throw new BoneException("prompt " + index + " has " + prompt.length
                        + " tokens; expected 1 or more, and less than the model's " + model.maxPositions());
            }
            for (long token : prompt) {
                if (token < 0 || token >= model.vocabSize()) {
                    throw new BoneException("prompt " + index + " has the token " + token
                            + ", outside the model's vocabulary of " + model.vocabSize()
                            + "; the tokenizer belongs to another model");
                }
                occurred.set((int) token);
            }
            room = Math.min(config.maxNewTokens(), positions);
        }

        /** Adds a token; returns whether more follow. */
        boolean advance(float[] logits) {
            int token = sampler.next(logits, occurred, random);
            if (config.stopTokens().contains((long) token)) {
                end = Completion.End.STOP_TOKEN;
                return false;
            }
            occurred.set(token);
            tokens.add((long) token);
            boolean more = listener.token(index, token);
            if (findStopString()) {
                end = Completion.End.STOP_STRING;
                return false;
            }
            if (!more) {
                end = Completion.End.LISTENER;
                return false;
            }
            if (tokens.size() == room) {
                end = room < config.maxNewTokens() ? Completion.End.CONTEXT : Completion.End.LENGTH;
                return false;
            }
            return true;
        }

        private boolean findStopString() {
            if (config.stopStrings().isEmpty()) {
                return false;
            }
            text = decoded();
            Optional<Integer> at = config.stopStrings().stream()
                    .map(text::indexOf)
                    .filter(found -> found >= 0)
                    .min(Integer::compare);
            at.ifPresent(found -> text = text.substring(0, found));
            return at.isPresent();
        }

        private String decoded() {
            long[] all = tokens.stream().mapToLong(Long::longValue).toArray();
            return config.decoder().map(decoder -> decoder.apply(all)).orElse("");
        }

        long[] last() {
            return new long[] {tokens.get(tokens.size() - 1)};
        }

        Completion completion() {
            return new Completion(tokens, end == Completion.End.STOP_STRING ? text : decoded(), end);
        }
    }
}
