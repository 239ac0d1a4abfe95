package org.bonepeft.examples.lm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bonepeft.BoneException;
import org.bonepeft.djl.model.CrossEntropyLoss;

/**
 * Turns prompts with responses into tokens and labels.
 *
 * @param tokenizer of the model
 * @param ends the tokens that end a text; the first of them is put behind each response
 * @param maxLength the most tokens of a sequence; what is longer is cut on the right, and counted
 * @param lossOnAll whether the prompt is to be predicted too
 */
public record Encoder(TextTokenizer tokenizer, Set<Long> ends, int maxLength, boolean lossOnAll) {
    /** Tokens and, for each, what is to be predicted there: the token itself, or {@link CrossEntropyLoss#IGNORED}. */
    public static final class Tokens {
        private final long[] ids;
        private final long[] labels;

        Tokens(long[] ids, long[] labels) {
            this.ids = ids;
            this.labels = labels;
        }

        long[] ids() {
            return ids;
        }

        long[] labels() {
            return labels;
        }
    }

    /**
     * Sequences to train on.
     *
     * @param truncated how many lost some of their response, and with it the end
     * @param dropped how many were left out, because their prompt alone is too long
     */
    public record Encoded(List<Tokens> sequences, int truncated, int dropped) {
        /** Returns the number of tokens. */
        public long tokens() {
            return sequences.stream()
                    .mapToLong(sequence -> sequence.ids().length)
                    .sum();
        }
    }

    /** Checks the length. */
    public Encoder {
        if (maxLength < 2) {
            throw new BoneException("sequences of at most " + maxLength + " tokens; expected 2 or more");
        }
        if (ends.isEmpty()) {
            throw new BoneException("config.json has no eos_token_id; it is needed to end the responses");
        }
    }

    /**
     * Encodes all. A response begins with the first token that its presence changes, so that a prompt has the tokens that
     * it will have alone.
     *
     * @throws BoneException if nothing is left to train on
     */
    public Encoded encode(List<Dialogue> dialogues) {
        List<long[]> prompts =
                tokenizer.encode(dialogues.stream().map(Dialogue::prompt).toList());
        List<long[]> wholes = tokenizer.encode(
                dialogues.stream().map(each -> each.prompt() + each.response()).toList());
        List<Tokens> sequences = new ArrayList<>();
        int truncated = 0;
        int dropped = 0;
        for (int i = 0; i < prompts.size(); i++) {
            long[] whole = TextTokenizer.withoutEnd(wholes.get(i), ends);
            int start = common(TextTokenizer.withoutEnd(prompts.get(i), ends), whole);
            long[] ids = Arrays.copyOf(whole, whole.length + 1);
            ids[whole.length] = ends.iterator().next();
            if (start >= maxLength) {
                dropped++;
                continue;
            }
            if (ids.length > maxLength) {
                truncated++;
                ids = Arrays.copyOf(ids, maxLength);
            }
            long[] labels = ids.clone();
            if (!lossOnAll) {
                Arrays.fill(labels, 0, start, CrossEntropyLoss.IGNORED);
            }
            sequences.add(new Tokens(ids, labels));
        }
        if (sequences.isEmpty()) {
            throw new BoneException("none of the " + dialogues.size() + " prompts leaves room for a response within "
                    + maxLength + " tokens; --max-length may be more");
        }
        return new Encoded(sequences, truncated, dropped);
    }

    private static int common(long[] prompt, long[] whole) {
        int mismatch = Arrays.mismatch(prompt, whole);
        return mismatch < 0 ? prompt.length : mismatch;
    }

    /**
     * Puts whole sequences one after the other into as few as fit into {@code budget} tokens each, in their order, so that
     * little is padding; later ones see those before them. Longer sequences stay alone.
     */
    public static List<Tokens> pack(List<Tokens> sequences, int budget) {
        List<Tokens> packed = new ArrayList<>();
        List<Tokens> open = new ArrayList<>();
        int length = 0;
        for (Tokens sequence : sequences) {
            if (length + sequence.ids().length > budget && !open.isEmpty()) {
                packed.add(join(open, length));
                open.clear();
                length = 0;
            }
            open.add(sequence);
            length += sequence.ids().length;
        }
        if (!open.isEmpty()) {
            packed.add(join(open, length));
        }
        return packed;
    }

    /** The first token of a sequence is no continuation of the one before. */
    private static Tokens join(List<Tokens> sequences, int length) {
        long[] ids = new long[length];
        long[] labels = new long[length];
        int at = 0;
        for (Tokens sequence : sequences) {
            System.arraycopy(sequence.ids(), 0, ids, at, sequence.ids().length);
            System.arraycopy(sequence.labels(), 0, labels, at, sequence.ids().length);
            labels[at] = CrossEntropyLoss.IGNORED;
            at += sequence.ids().length;
        }
        return new Tokens(ids, labels);
    }
}
