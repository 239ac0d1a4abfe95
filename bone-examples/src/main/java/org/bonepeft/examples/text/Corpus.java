package org.bonepeft.examples.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Endless text to pre-train on: single sentences, all acceptable, and pairs that follow one another (a question and
 * its answer, a statement and its paraphrase or consequence).
 */
public final class Corpus {
    private final Grammar grammar;
    private final Predicate<String> excluded;

    /** Text of a seed, without the excluded sentences. */
    public Corpus(long seed, Predicate<String> excluded) {
        grammar = new Grammar(new Dice(seed), Lexicon.load());
        this.excluded = excluded;
    }

    /** The next {@code size} lines of one or two sentences. */
    public List<List<String>> lines(int size) {
        List<List<String>> lines = new ArrayList<>(size);
        while (lines.size() < size) {
            List<String> line = line().stream().map(this::styled).toList();
            if (line.stream().noneMatch(excluded)) {
                lines.add(line);
            }
        }
        return lines;
    }

    private List<String> line() {
        Dice dice = grammar.dice;
        return switch (dice.below(20)) {
            case 0, 1 -> Sentiment.make(grammar, dice.pick("0", "1")).sentences();
            case 2, 3 -> Paraphrase.make(grammar, "1").sentences();
            case 4 -> Answering.make(grammar, Answering.YES).sentences();
            case 5 -> Inference.make(grammar, "", Inference.ENTAILMENT).sentences();
            case 6, 7, 8, 9, 10 -> List.of(Text.sentence(clause(), "."));
            default -> Acceptability.make(grammar, "1").sentences();
        };
    }

    private String clause() {
        if (grammar.dice.chance(0.2)) {
            String link = grammar.word("SUBORDINATOR");
            return Text.join(
                    grammar.simple().statement(), link, grammar.simple().statement());
        }
        return grammar.dice.coin() ? grammar.any().statement() : new Variation(grammar).say(grammar.simple());
    }

    private String styled(String sentence) {
        return grammar.dice.chance(0.3) ? Text.contract(sentence) : sentence;
    }
}
