package org.bonepeft.examples.text;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** The words the generator draws from, read from this package's resources. */
final class Lexicon {
    /** Sections with fewer entries are in both halves whole. */
    private static final int SMALLEST_SPLIT = 3;

    private final Map<Kind, List<Noun>> nouns = new EnumMap<>(Kind.class);
    private final Map<Frame, List<Verb>> verbs = new EnumMap<>(Frame.class);
    private final Map<Kind, List<Adjective>> adjectives = new EnumMap<>(Kind.class);
    private final Map<String, List<String>> words = new TreeMap<>();
    private final Map<String, Noun> bySingular = new HashMap<>();
    private final Map<String, String> synonyms = new HashMap<>();

    /** All words. */
    static Lexicon load() {
        return new Lexicon(Set.of(0, 1));
    }

    /** The even ({@code 0}) or odd ({@code 1}) entries of each section of nouns, verbs and adjectives. */
    static Lexicon half(int parity) {
        return new Lexicon(Set.of(parity));
    }

    private Lexicon(Set<Integer> parities) {
        forEach("nouns.txt", Set.of(0, 1), this::addToIndex);
        forEach("nouns.txt", parities, this::addNoun);
        forEach("verbs.txt", parities, this::addVerb);
        forEach("adjectives.txt", parities, this::addAdjectives);
        for (String file : List.of("adverbs.txt", "names.txt", "closed.txt")) {
            for (WordFile.Section section : WordFile.read(file)) {
                words.put(section.header().get(0), List.copyOf(section.entries()));
            }
        }
        for (String pair : WordFile.read("synonyms.txt").get(0).entries()) {
            int middle = pair.indexOf('~');
            String left = pair.substring(0, middle);
            String right = pair.substring(middle + 1);
            synonyms.put(left, right);
            synonyms.put(right, left);
        }
    }

    private static void forEach(String file, Set<Integer> parities, BiConsumer<WordFile.Section, String> action) {
        for (WordFile.Section section : WordFile.read(file)) {
            List<String> entries = section.entries();
            for (int i = 0; i < entries.size(); i++) {
                if (entries.size() < SMALLEST_SPLIT || parities.contains(i % 2)) {
                    action.accept(section, entries.get(i));
                }
            }
        }
    }

    private void addToIndex(WordFile.Section section, String entry) {
        Noun noun = parseNoun(section, entry);
        bySingular.putIfAbsent(noun.singular(), noun);
    }

    private void addNoun(WordFile.Section section, String entry) {
        Noun noun = parseNoun(section, entry);
        nouns.computeIfAbsent(noun.kind(), k -> new ArrayList<>()).add(noun);
    }

    private static Noun parseNoun(WordFile.Section section, String entry) {
        String[] genders = entry.split(":", -1);
        String[] forms = genders[0].split("/", -1);
        Kind kind = Kind.valueOf(section.header().get(0));
        boolean mass = section.header().contains("mass");
        String hypernym =
                mass || section.header().size() < 2 ? "" : section.header().get(1);
        String plural = forms.length > 1 ? forms[1] : Morphology.s(forms[0]);
        Gender gender = kind == Kind.PERSON ? Gender.OPEN : Gender.NEUTER;
        if (genders.length > 1) {
            gender = genders[1].equals("m") ? Gender.MALE : Gender.FEMALE;
        }
        return new Noun(forms[0], plural, kind, hypernym, gender, mass, false);
    }

    private void addVerb(WordFile.Section section, String entry) {
        String[] parts = entry.split(":", -1);
        String[] forms = parts[0].split("/", -1);
        Frame frame = Frame.valueOf(section.header().get(0));
        String past = forms.length > 1 ? forms[1] : Morphology.past(forms[0]);
        Verb verb = new Verb(
                forms[0],
                Morphology.third(forms[0]),
                past,
                forms.length > 2 ? forms[2] : past,
                forms.length > 3 ? forms[3] : Morphology.gerund(forms[0]),
                frame,
                section.kinds(1),
                section.header().size() > 2 ? section.kinds(2) : Set.of(),
                parts.length > 1 ? parts[1] : "");
        verbs.computeIfAbsent(frame, f -> new ArrayList<>()).add(verb);
    }

    private void addAdjectives(WordFile.Section section, String entry) {
        String[] sides = entry.split("\\|", -1);
        Set<Kind> kinds = section.kinds(1);
        String sign = section.header().get(2);
        int polarity = sign.equals("+") ? 1 : 0;
        String antonym = sides.length > 1 ? sides[1] : "";
        addAdjective(new Adjective(sides[0], antonym, kinds, polarity));
        if (!antonym.isEmpty()) {
            addAdjective(new Adjective(antonym, sides[0], kinds, -polarity));
        }
    }

    private void addAdjective(Adjective adjective) {
        for (Kind kind : adjective.kinds()) {
            List<Adjective> list = adjectives.computeIfAbsent(kind, k -> new ArrayList<>());
            if (list.stream().noneMatch(a -> a.word().equals(adjective.word()))) {
                list.add(adjective);
            }
        }
    }

    List<Noun> nouns(Kind kind) {
        return nouns.getOrDefault(kind, List.of());
    }

    List<Verb> verbs(Frame frame) {
        return verbs.getOrDefault(frame, List.of());
    }

    List<Adjective> adjectives(Kind kind) {
        return adjectives.getOrDefault(kind, List.of());
    }

    /** Adverbs, names and closed classes by their header. */
    List<String> words(String header) {
        List<String> found = words.get(header);
        if (found == null) {
            throw new IllegalArgumentException("No word list [" + header + "]; there are " + words.keySet());
        }
        return found;
    }

    /** The noun of that singular, a hypernym for instance. */
    Noun noun(String singular) {
        Noun noun = bySingular.get(singular);
        if (noun == null) {
            throw new IllegalArgumentException("No noun '" + singular + "' in nouns.txt");
        }
        return noun;
    }

    /** The noun of that singular, or {@code fallback}. */
    Noun noun(String singular, Noun fallback) {
        return bySingular.getOrDefault(singular, fallback);
    }

    /** A verb of the same meaning, frame and arguments, or the verb itself. */
    Verb synonym(Verb verb) {
        String other = synonym(verb.base());
        return verbs(verb.frame()).stream()
                .filter(v -> v.base().equals(other) && v.objects().equals(verb.objects()))
                .findFirst()
                .orElse(verb);
    }

    /** A word of the same meaning, or the word itself. */
    String synonym(String lemma) {
        return synonyms.getOrDefault(lemma, lemma);
    }

    /** All different lemmas and uninflected words. */
    Set<String> lemmas() {
        Set<String> lemmas = new HashSet<>();
        nouns.values().forEach(list -> list.forEach(noun -> lemmas.add(noun.singular())));
        verbs.values().forEach(list -> list.forEach(verb -> lemmas.add(verb.base())));
        adjectives.values().forEach(list -> list.forEach(adjective -> lemmas.add(adjective.word())));
        words.values().forEach(lemmas::addAll);
        return lemmas;
    }
}
