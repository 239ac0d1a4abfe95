package org.bonepeft.examples.text;

import java.util.List;

/**
 * MNLI: does the hypothesis follow from the premise (entailment), contradict it, or neither (neutral)? Most pairs come
 * from monotonicity: a clause with more said entails the one with less, and under negation the other way round.
 */
final class Inference {
    static final String ENTAILMENT = "entailment";
    static final String NEUTRAL = "neutral";
    static final String CONTRADICTION = "contradiction";

    private final Grammar g;
    private final Variation variation;

    private Inference(Grammar g) {
        this.g = g;
        variation = new Variation(g);
    }

    static Example make(Grammar g, String genre, String label) {
        return new Example(genre, label, new Inference(g).pair(label));
    }

    private List<String> pair(String label) {
        return switch (g.dice.below(6)) {
            case 0 -> quantified(label);
            case 1 -> property(label);
            case 2 -> implied(label);
            default -> monotone(label);
        };
    }

    private static List<String> sentences(String premise, String hypothesis) {
        return List.of(Text.sentence(premise, "."), Text.sentence(hypothesis, "."));
    }

    private List<String> monotone(String label) {
        Clause rich = variation.material().withNegative(false).withForm(Form.PAST);
        Clause poor = simplified(rich);
        if (poor.equals(rich)) {
            return monotone(label);
        }
        Clause notRich = rich.withNegative(true);
        Clause notPoor = poor.withNegative(true);
        return switch (label) {
            case ENTAILMENT -> g.dice.chance(0.6) ? said(rich, poor) : said(notPoor, notRich);
            case CONTRADICTION ->
                switch (g.dice.below(4)) {
                    case 0 -> said(notPoor, poor);
                    case 1 -> said(notPoor, rich);
                    default -> said(rich, notPoor);
                };
            default ->
                switch (g.dice.below(4)) {
                    case 0 -> said(poor, rich);
                    case 1 -> said(poor, notRich);
                    case 2 -> said(notRich, g.dice.coin() ? notPoor : poor);
                    default ->
                        said(
                                rich,
                                variation
                                        .swapped(poor)
                                        .orElseGet(() -> poor.withSubject(variation.another(poor.subject()))));
                };
        };
    }

    private List<String> said(Clause premise, Clause hypothesis) {
        boolean passive = g.dice.chance(0.25) && hypothesis.hasPassive();
        Clause reworded = g.dice.chance(0.3) ? variation.reworded(hypothesis) : hypothesis;
        return sentences(premise.statement(), passive ? reworded.passive() : reworded.statement());
    }

    /** The clause with its adjunct, an adjective or a kind of thing left out. */
    private Clause simplified(Clause clause) {
        Clause poor = g.dice.chance(0.7) ? clause.withAdjunct("") : clause;
        return poor.object()
                .map(object -> poor.withObject(g.dice.chance(0.6) ? general(object) : object.withAdjectives(List.of())))
                .orElse(poor);
    }

    private NounPhrase general(NounPhrase phrase) {
        String hypernym = phrase.noun().hypernym();
        return hypernym.isEmpty() ? phrase : phrase.withNoun(g.lexicon.noun(hypernym));
    }

    /** Every, most, some, no, not every. */
    private List<String> quantified(String label) {
        Noun noun = g.noun(Kind.PERSON);
        Verb verb = g.verb(g.dice.pick(Frame.INTRANSITIVE, Frame.TRANSITIVE, Frame.PREPOSITIONAL), Kind.PERSON);
        Clause clause = g.clause(NounPhrase.of("every", noun, Count.SINGULAR), verb)
                .withForm(Form.PAST)
                .withNegative(false)
                .withAdverb("");
        String every = clause.statement();
        String some = g.dice.coin() ? with(clause, "some", Count.PLURAL) : with(clause, "at least one", Count.SINGULAR);
        String most = with(clause, "most", Count.PLURAL);
        String no = with(clause, "no", Count.SINGULAR);
        String notEvery = "not " + every;
        List<List<String>> pairs =
                switch (label) {
                    case ENTAILMENT ->
                        List.of(
                                sentences(every, some),
                                sentences(every, most),
                                sentences(most, some),
                                sentences(no, notEvery));
                    case CONTRADICTION ->
                        List.of(
                                sentences(every, no),
                                sentences(no, some),
                                sentences(some, no),
                                sentences(every, notEvery),
                                sentences(notEvery, every),
                                sentences(most, no));
                    default ->
                        List.of(
                                sentences(some, every),
                                sentences(some, most),
                                sentences(most, every),
                                sentences(notEvery, no),
                                sentences(some, notEvery),
                                sentences(notEvery, some));
                };
        return g.dice.pick(pairs);
    }

    private static String with(Clause clause, String determiner, Count count) {
        return clause.withSubject(NounPhrase.of(determiner, clause.subject().noun(), count))
                .statement();
    }

    /** {@code The man is rich}: not poor; and tired or not, who knows. */
    private List<String> property(String label) {
        Kind kind = g.dice.pick(Kind.PERSON, Kind.THING, Kind.FURNITURE, Kind.BUILDING, Kind.IDEA);
        NounPhrase subject = g.phrase(kind, g.count()).withAdjectives(List.of());
        List<Adjective> opposed = g.lexicon.adjectives(kind).stream()
                .filter(a -> !a.antonym().isEmpty())
                .toList();
        Adjective adjective = g.dice.pick(opposed);
        Adjective unrelated = adjective;
        while (unrelated.equals(adjective)
                || unrelated.antonym().equals(adjective.word())
                || unrelated.antonym().equals(adjective.antonym())
                || unrelated.word().equals(g.lexicon.synonym(adjective.word()))) {
            unrelated = g.dice.pick(opposed);
        }
        String be = Text.join(subject.text(), VerbGroup.be(g.dice.coin(), subject.count()));
        String is = Text.join(be, adjective.word());
        String opposite = Text.join(be, adjective.antonym());
        return switch (label) {
            case ENTAILMENT -> sentences(is, Text.join(be, "not", adjective.antonym()));
            case CONTRADICTION ->
                g.dice.coin()
                        ? sentences(is, opposite)
                        : sentences(is, Text.join(be, "not", g.lexicon.synonym(adjective.word())));
            default ->
                g.dice.coin()
                        ? sentences(is, Text.join(be, unrelated.word()))
                        : sentences(is, Text.join(be, "not", unrelated.word()));
        };
    }

    /** What was managed was done, what was refused was not, what was tried or believed may be so. */
    private List<String> implied(String label) {
        NounPhrase subject = g.dice.coin() ? g.name() : g.phrase(Kind.PERSON, g.count());
        Verb verb = g.verb(g.dice.pick(Frame.INTRANSITIVE, Frame.TRANSITIVE), Kind.PERSON);
        Clause done =
                g.clause(subject, verb).withForm(Form.PAST).withNegative(false).withAdverb("");
        if (g.dice.coin()) {
            Clause known = done.withNegative(g.dice.coin());
            Clause told = label.equals(CONTRADICTION) ? known.withNegative(!known.negative()) : known;
            String outer = label.equals(NEUTRAL)
                    ? g.dice.pick("thought", "hoped", "believed", "feared", "claimed")
                    : g.dice.pick("knew", "realized", "noticed", "discovered", "forgot");
            return sentences(Text.join(g.name().text(), outer, "that", known.statement()), told.statement());
        }
        String to = Text.join("to", verb.base(), done.arguments(), done.adjunct());
        String plain = done.statement();
        String not = done.withNegative(true).statement();
        return switch (label) {
            case ENTAILMENT ->
                g.dice.coin()
                        ? sentences(Text.join(subject.text(), "managed", to), plain)
                        : sentences(Text.join(subject.text(), g.dice.pick("refused", "failed"), to), not);
            case CONTRADICTION ->
                g.dice.coin()
                        ? sentences(Text.join(subject.text(), "managed", to), not)
                        : sentences(Text.join(subject.text(), g.dice.pick("refused", "failed"), to), plain);
            default ->
                sentences(
                        Text.join(subject.text(), g.dice.pick("wanted", "hoped", "decided", "planned"), to),
                        g.dice.coin() ? plain : not);
        };
    }
}
