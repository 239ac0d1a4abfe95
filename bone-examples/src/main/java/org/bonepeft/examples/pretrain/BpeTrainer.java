package org.bonepeft.examples.pretrain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Byte-pair encoding (Sennrich et al. 2016) over bytes: the most frequent pair of neighbours in a word becomes one
 * symbol, again and again. Equally frequent pairs come in the order of their characters, so the same text gives the
 * same merges.
 */
final class BpeTrainer {
    /** Two neighbours. */
    record Pair(String left, String right) implements Comparable<Pair> {
        String merged() {
            return left + right;
        }

        @Override
        public int compareTo(Pair other) {
            int first = left.compareTo(other.left);
            return first != 0 ? first : right.compareTo(other.right);
        }
    }

    /** How GPT-2 cuts text into words, a leading blank kept with its word. */
    private static final Pattern WORD =
            Pattern.compile("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

    private final Map<String, Integer> words = new TreeMap<>();

    /** Counts the words of a text. */
    void add(String text) {
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            words.merge(ByteAlphabet.encode(matcher.group()), 1, Integer::sum);
        }
    }

    /** The first {@code size} merges, fewer if all words are whole before. */
    List<Pair> merges(int size) {
        List<List<String>> symbols = new ArrayList<>();
        List<Integer> counts = List.copyOf(words.values());
        Map<Pair, Integer> pairs = new HashMap<>();
        for (String word : words.keySet()) {
            List<String> split =
                    new ArrayList<>(word.chars().mapToObj(Character::toString).toList());
            count(pairs, split, counts.get(symbols.size()));
            symbols.add(split);
        }
        List<Pair> merges = new ArrayList<>();
        for (Optional<Pair> best = best(pairs); best.isPresent() && merges.size() < size; best = best(pairs)) {
            Pair pair = best.get();
            merges.add(pair);
            for (int i = 0; i < symbols.size(); i++) {
                List<String> word = symbols.get(i);
                if (contains(word, pair)) {
                    count(pairs, word, -counts.get(i));
                    merge(word, pair);
                    count(pairs, word, counts.get(i));
                }
            }
        }
        return merges;
    }

    private static void count(Map<Pair, Integer> pairs, List<String> word, int times) {
        for (int i = 1; i < word.size(); i++) {
            pairs.merge(new Pair(word.get(i - 1), word.get(i)), times, Integer::sum);
        }
    }

    private static Optional<Pair> best(Map<Pair, Integer> pairs) {
        return pairs.entrySet().stream()
                .filter(entry -> entry.getValue() > 0)
                .min(Map.Entry.<Pair, Integer>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey);
    }

    private static boolean contains(List<String> word, Pair pair) {
        for (int i = 1; i < word.size(); i++) {
            if (word.get(i - 1).equals(pair.left()) && word.get(i).equals(pair.right())) {
                return true;
            }
        }
        return false;
    }

    private static void merge(List<String> word, Pair pair) {
        for (int i = 1; i < word.size(); i++) {
            if (word.get(i - 1).equals(pair.left()) && word.get(i).equals(pair.right())) {
                word.set(i - 1, pair.merged());
                word.remove(i);
            }
        }
    }
}
