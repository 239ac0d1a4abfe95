package org.bonepeft.djl.generate;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.bonepeft.BoneException;

/**
 * How to choose tokens, and when to stop.
 *
 * <p>In this order, as in Hugging Face transformers: the repetition penalty divides the positive and multiplies the
 * negative logits of tokens that occurred (Keskar et al. 2019); the temperature divides all; of what is left the
 * {@code topK} most likely tokens stay (with what equals the last of them), and of these the fewest that have the
 * probability {@code topP} together (Holtzman et al. 2020); one of them is drawn.
 *
 * @param maxNewTokens how many tokens to add at most
 * @param temperature 0 takes the most likely token, without drawing
 * @param topK 0 for all
 * @param topP 1 for all
 * @param repetitionPenalty 1 for none
 * @param stopTokens each ends its sequence, and is no part of it
 * @param stopStrings each ends its sequence where it begins in the decoded text
 * @param decoder text of tokens; needed for stop strings
 * @param seed of what is drawn; each sequence of a batch has its own stream
 */
public record GenerationConfig(
        int maxNewTokens,
        double temperature,
        int topK,
        double topP,
        double repetitionPenalty,
        Set<Long> stopTokens,
        List<String> stopStrings,
        Optional<Function<long[], String>> decoder,
        long seed) {

    /** Checks the numbers. */
    public GenerationConfig {
        stopTokens = Set.copyOf(stopTokens);
        stopStrings = List.copyOf(stopStrings);
        check(maxNewTokens > 0, "maxNewTokens", maxNewTokens, "1 or more");
        check(temperature >= 0 && Double.isFinite(temperature), "temperature", temperature, "0 or more");
        check(topK >= 0, "topK", topK, "0 or more");
        check(topP > 0 && topP <= 1, "topP", topP, "more than 0, at most 1");
        check(
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "repetitionPenalty",
                repetitionPenalty,
                "more than 0");
        check(
                stopStrings.stream().noneMatch(String::isEmpty) && (stopStrings.isEmpty() || decoder.isPresent()),
                "stopStrings",
                stopStrings,
                "no empty string, and a decoder that gives the text to look in");
    }

    private static void check(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new BoneException(name + " is " + value + ", expected " + expected);
        }
    }

    /** Returns a builder; what is not set is greedy and stops at the length alone. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a {@link GenerationConfig}. */
    public static final class Builder {
        private int maxNewTokens;
        private double temperature;
        private int topK;
        private double topP = 1;
        private double repetitionPenalty = 1;
        private Set<Long> stopTokens = Set.of();
        private List<String> stopStrings = List.of();
        private Optional<Function<long[], String>> decoder = Optional.empty();
        private long seed;

        private Builder() {}

        /** Sets how many tokens to add at most. */
        public Builder setMaxNewTokens(int number) {
            maxNewTokens = number;
            return this;
        }

        /** Draws tokens; 0 takes the most likely one. */
        public Builder optTemperature(double value) {
            temperature = value;
            return this;
        }

        /** Draws from so many of the most likely tokens. */
        public Builder optTopK(int number) {
            topK = number;
            return this;
        }

        /** Draws from the fewest tokens that have this probability together. */
        public Builder optTopP(double share) {
            topP = share;
            return this;
        }

        /** Makes tokens that occurred less likely. */
        public Builder optRepetitionPenalty(double factor) {
            repetitionPenalty = factor;
            return this;
        }

        /** Sets the tokens that end a sequence. */
        public Builder optStopTokens(Set<Long> tokens) {
            stopTokens = tokens;
            return this;
        }

        /** Sets what gives the text of tokens; completions then have a text. */
        public Builder optDecoder(Function<long[], String> textOf) {
            decoder = Optional.of(textOf);
            return this;
        }

        /** Sets the strings that end a sequence. */
        public Builder optStopStrings(List<String> strings) {
            stopStrings = strings;
            return this;
        }

        /** Sets the seed; 0 if not called. */
        public Builder optSeed(long value) {
            seed = value;
            return this;
        }

        /**
         * Returns the configuration.
         *
         * @throws BoneException naming the value that does not fit
         */
        public GenerationConfig build() {
            return new GenerationConfig(
                    maxNewTokens, temperature, topK, topP, repetitionPenalty, stopTokens, stopStrings, decoder, seed);
        }
    }
}
