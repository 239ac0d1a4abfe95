package org.bonepeft.examples.text;

import java.util.List;

/** SST-2: does the sentence praise or blame? Negation and contrast turn single words around. */
final class Sentiment {
    private static final List<String> LIKING = List.of("loved", "enjoyed", "admired", "adored", "praised");
    private static final List<String> DISLIKING = List.of("hated", "disliked", "regretted", "resented", "endured");

    private final Grammar g;

    private Sentiment(Grammar g) {
        this.g = g;
    }

    /** A sentence of praise (label 1) or blame (label 0). */
    static Example make(Grammar g, String label) {
        String words = new Sentiment(g).review(label.equals("1") ? 1 : -1);
        return new Example("review", label, List.of(Text.sentence(words, ".")));
    }

    private String review(int sign) {
        String work = work();
        return switch (g.dice.below(10)) {
            case 0 -> Text.join("the", part(), opinion(sign));
            case 1 -> Text.join(the(), work, opinion(sign), "and its", part(), opinion(sign));
            case 2 -> Text.join("although the", part(), opinion(-sign), ",", the(), work, opinion(sign));
            case 3 -> Text.join("the", part(), opinion(-sign), ", but", the(), work, opinion(sign));
            case 4 -> Text.join("despite its", adjective(-sign), part(), ",", the(), work, opinion(sign));
            case 5 -> Text.join(g.dice.pick("I", "we", "the critics", g.name().text()), attitude(sign), the(), work);
            case 6 -> Text.join("a", adjective(sign), work, "with a", adjective(sign), part());
            case 7 ->
                Text.join(
                        the(),
                        work,
                        g.dice.coin()
                                ? Text.join("manages to be", adjective(sign))
                                : Text.join("fails to be", adjective(-sign)));
            case 8 ->
                g.dice.coin()
                        ? Text.join("everybody found", the(), work, adjective(sign))
                        : Text.join("nobody found", the(), work, adjective(-sign));
            default -> Text.join("I expected a", adjective(-sign), work, ", but it was", adjective(sign));
        };
    }

    private String attitude(int sign) {
        if (g.dice.chance(0.35)) {
            String verb =
                    g.dice.pick(sign > 0 ? List.of("hate", "dislike", "regret") : List.of("enjoy", "admire", "love"));
            return "did not " + verb;
        }
        return g.dice.pick(sign > 0 ? LIKING : DISLIKING);
    }

    private String opinion(int sign) {
        String be = g.dice.pick("is", "was");
        if (g.dice.chance(0.35)) {
            return Text.join(be, g.dice.pick("not", "never", "hardly", "far from"), adjective(-sign));
        }
        return Text.join(be, g.dice.coin() ? g.word("INTENSIFIER") : "", adjective(sign));
    }

    private String adjective(int sign) {
        return g.dice.pick(g.lexicon.adjectives(Kind.REVIEW).stream()
                        .filter(a -> a.polarity() == sign)
                        .toList())
                .word();
    }

    private String work() {
        return g.countable(g.dice.chance(0.75) ? Kind.SHOW : Kind.DOCUMENT).singular();
    }

    private String part() {
        return g.noun(Kind.REVIEW).singular();
    }

    private String the() {
        return g.dice.pick("the", "the", "this", "that");
    }
}
