package org.bonepeft.examples.text;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Random phrases and clauses that are acceptable and in which verbs and adjectives get arguments that fit them. */
final class Grammar {
    private static final Set<Kind> NAMED = Set.of(Kind.PERSON);
    private static final List<Frame> SIMPLE = List.of(
            Frame.INTRANSITIVE,
            Frame.INTRANSITIVE,
            Frame.TRANSITIVE,
            Frame.TRANSITIVE,
            Frame.TRANSITIVE,
            Frame.OPTIONAL,
            Frame.CAUSATIVE,
            Frame.DATIVE_TO,
            Frame.DATIVE_FOR,
            Frame.PREP_DATIVE,
            Frame.PREPOSITIONAL,
            Frame.PARTICLE);
    private static final List<Frame> COMPLEX =
            List.of(Frame.CLAUSE, Frame.FACT, Frame.WHETHER, Frame.INFINITIVE, Frame.GERUND, Frame.OBJECT_INFINITIVE);

    final Dice dice;
    final Lexicon lexicon;

    Grammar(Dice dice, Lexicon lexicon) {
        this.dice = dice;
        this.lexicon = lexicon;
    }

    Verb verb(Frame frame) {
        return dice.pick(lexicon.verbs(frame));
    }

    /** A verb of that frame with subjects and objects of those kinds. */
    Verb verb(Frame frame, Kind subject, Kind object) {
        return dice.pick(lexicon.verbs(frame).stream()
                .filter(v -> v.subjects().contains(subject) && v.objects().contains(object))
                .toList());
    }

    /** A verb of that frame for subjects of that kind. */
    Verb verb(Frame frame, Kind subject) {
        return dice.pick(lexicon.verbs(frame).stream()
                .filter(v -> v.subjects().contains(subject))
                .toList());
    }

    Count count() {
        return dice.chance(0.4) ? Count.PLURAL : Count.SINGULAR;
    }

    Kind kind(Set<Kind> kinds) {
        return dice.pick(List.copyOf(new TreeSet<>(kinds)));
    }

    Noun noun(Kind kind) {
        return dice.pick(lexicon.nouns(kind));
    }

    Noun countable(Kind kind) {
        Noun noun = noun(kind);
        while (noun.mass()) {
            noun = noun(kind);
        }
        return noun;
    }

    /** A phrase of one of the kinds, perhaps a name, perhaps described. */
    NounPhrase phrase(Set<Kind> kinds) {
        Kind kind = kind(kinds);
        return NAMED.contains(kind) && dice.chance(0.35) ? name() : phrase(kind, count());
    }

    /** A common noun with determiner, described now and then. */
    NounPhrase phrase(Kind kind, Count count) {
        Noun noun = noun(kind);
        Count actual = noun.mass() ? Count.SINGULAR : count;
        NounPhrase plain = NounPhrase.of(determiner(noun, actual), noun, actual);
        return dice.chance(0.3) ? plain.withAdjectives(described(kind)) : plain;
    }

    String determiner(Noun noun, Count count) {
        if (dice.chance(0.5)) {
            return "the";
        }
        String list = noun.mass() ? "MASS" : count.name();
        return dice.pick(lexicon.words(list));
    }

    private List<Adjective> described(Kind kind) {
        List<Adjective> fitting = lexicon.adjectives(kind);
        return fitting.isEmpty() ? List.of() : List.of(dice.pick(fitting));
    }

    NounPhrase name() {
        Gender gender = dice.pick(Gender.MALE, Gender.FEMALE);
        String name = word(gender.name());
        return NounPhrase.of("", new Noun(name, name, Kind.PERSON, "", gender, false, true), Count.SINGULAR);
    }

    /** A person whose gender shows: a name or a gendered noun, never OPEN. */
    NounPhrase gendered(Gender gender, Count count) {
        if (count == Count.SINGULAR && dice.coin()) {
            String name = word(gender.name());
            return NounPhrase.of("", new Noun(name, name, Kind.PERSON, "", gender, false, true), count);
        }
        List<Noun> nouns = lexicon.nouns(Kind.PERSON).stream()
                .filter(noun -> noun.gender() == gender)
                .toList();
        return NounPhrase.of(dice.pick("the", "the", "my", "our"), dice.pick(nouns), count);
    }

    /** A clause with one verb and its noun phrases. */
    Clause simple() {
        return clause(dice.pick(SIMPLE));
    }

    /** Any clause, now and then with another one inside. */
    Clause any() {
        return dice.chance(0.25) ? clause(dice.pick(COMPLEX)) : simple();
    }

    /** A random clause of a frame. */
    Clause clause(Frame frame) {
        Verb verb = verb(frame);
        NounPhrase subject = phrase(verb.subjects());
        return clause(subject, verb);
    }

    /** A random clause with that subject and verb. */
    Clause clause(NounPhrase subject, Verb verb) {
        Form form = dice.chance(0.5) ? Form.PAST : dice.pick(Form.ALL);
        Frame frame = verb.frame();
        boolean drops = frame == Frame.OPTIONAL && dice.chance(0.3);
        Optional<NounPhrase> object =
                verb.objects().isEmpty() || drops ? Optional.empty() : Optional.of(phrase(verb.objects()));
        Optional<NounPhrase> recipient = frame.dative() ? Optional.of(phrase(Set.of(Kind.PERSON))) : Optional.empty();
        String adverb = dice.chance(0.08) ? word("FREQUENCY") : "";
        String adjunct = dice.chance(0.4) && !COMPLEX.contains(frame) ? adjunct(form) : "";
        boolean negative = adverb.isEmpty() && dice.chance(0.12);
        return new Clause(subject, verb, form, negative, object, recipient, complement(frame), adverb, adjunct);
    }

    private String complement(Frame frame) {
        return switch (frame) {
            case CLAUSE -> "that " + simple().statement();
            case FACT, WHETHER -> (frame == Frame.FACT && dice.coin() ? "that " : "whether ") + simple().statement();
            case INFINITIVE, OBJECT_INFINITIVE -> "to " + activity(false);
            case GERUND -> activity(true);
            case LINKING -> dice.pick(lexicon.adjectives(Kind.PERSON)).word();
            default -> "";
        };
    }

    /** What a person can do, as an infinitive without {@code to} or a gerund. */
    String activity(boolean gerund) {
        Verb verb = verb(dice.pick(Frame.INTRANSITIVE, Frame.TRANSITIVE, Frame.PREPOSITIONAL), Kind.PERSON);
        Clause clause = clause(name(), verb).withAdjunct("");
        return Text.join(gerund ? verb.gerund() : verb.base(), clause.arguments());
    }

    /** Place, time or manner that goes with the form. */
    String adjunct(Form form) {
        return switch (dice.below(3)) {
            case 0 -> place();
            case 1 -> time(form);
            default -> word("MANNER");
        };
    }

    String place() {
        if (dice.chance(0.2)) {
            return "in " + word("CITY");
        }
        Kind kind = dice.pick(Kind.BUILDING, Kind.PLACE);
        return Text.join(word("PLACE_PREPOSITION"), "the", noun(kind).singular());
    }

    String time(Form form) {
        if (dice.chance(0.4) && (form == Form.PAST || form == Form.WILL)) {
            boolean past = form == Form.PAST;
            String period = (past ? "last " : "next ") + word("PERIOD");
            return dice.coin() ? word(past ? "PAST_TIME" : "FUTURE_TIME") : period;
        }
        return switch (dice.below(4)) {
            case 0 -> "on " + word("DAY");
            case 1 -> "in " + word("MONTH");
            case 2 -> "in the " + word("DAYTIME");
            default ->
                Text.join(word("TIME_PREPOSITION"), "the", noun(Kind.EVENT).singular());
        };
    }

    /** A word of a list of the lexicon. */
    String word(String list) {
        return dice.pick(lexicon.words(list));
    }
}
