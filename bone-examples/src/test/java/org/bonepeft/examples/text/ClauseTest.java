package org.bonepeft.examples.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClauseTest {
    private static final Verb GIVE = new Verb(
            "give", "gives", "gave", "given", "giving", Frame.DATIVE_TO, Set.of(Kind.PERSON), Set.of(Kind.THING), "");
    private static final NounPhrase BOYS = phrase("the", "boy", Count.PLURAL);
    private static final Clause CLAUSE = new Clause(
            BOYS,
            GIVE,
            Form.PAST,
            false,
            Optional.of(phrase("a", "apple", Count.SINGULAR)),
            Optional.of(phrase("the", "girl", Count.SINGULAR)),
            "",
            "",
            "in May");

    private static NounPhrase phrase(String determiner, String noun, Count count) {
        Noun word = new Noun(noun, noun + "s", Kind.PERSON, "", Gender.OPEN, false, false);
        return new NounPhrase(determiner, List.of(), word, count, "");
    }

    @Test
    void aClause_isSaidInManyWays() {
        assertThat(CLAUSE.statement()).isEqualTo("the boys gave a apple to the girl in May");
        assertThat(CLAUSE.doubleObject()).isEqualTo("the boys gave the girl a apple in May");
        assertThat(CLAUSE.passive()).isEqualTo("a apple was given to the girl by the boys in May");
        assertThat(CLAUSE.subjectCleft()).isEqualTo("it was the boys that gave a apple to the girl in May");
        assertThat(CLAUSE.objectCleft()).isEqualTo("it was a apple that the boys gave to the girl in May");
        assertThat(CLAUSE.fronted()).isEqualTo("in May , the boys gave a apple to the girl");
        assertThat(CLAUSE.yesNo()).isEqualTo("did the boys give a apple to the girl in May");
        assertThat(CLAUSE.objectQuestion("what")).isEqualTo("what did the boys give to the girl in May");
        assertThat(CLAUSE.subjectQuestion("who")).isEqualTo("who gave a apple to the girl in May");
    }

    @Test
    void verb_agreesAndIsNegated() {
        Clause present = CLAUSE.withForm(Form.PRESENT).withAdjunct("");
        assertThat(present.statement()).isEqualTo("the boys give a apple to the girl");
        assertThat(present.withNegative(true).statement()).isEqualTo("the boys do not give a apple to the girl");
        assertThat(present.withForm(Form.PERFECT)
                        .withSubject(BOYS.withCount(Count.SINGULAR))
                        .passive())
                .isEqualTo("a apple has been given to the girl by the boy");
    }

    @Test
    void sentence_isWritten() {
        assertThat(Text.sentence(CLAUSE.fronted(), ".")).isEqualTo("In May, the boys gave an apple to the girl.");
        assertThat(Text.contract("He did not leave.")).isEqualTo("He didn't leave.");
    }
}
