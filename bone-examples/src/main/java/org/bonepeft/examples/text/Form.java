package org.bonepeft.examples.text;

import java.util.List;
import java.util.Locale;

/** Tense, aspect or modal of a clause. */
enum Form {
    PRESENT,
    PAST,
    PROGRESSIVE,
    PAST_PROGRESSIVE,
    PERFECT,
    PLUPERFECT,
    WILL,
    CAN,
    MUST,
    SHOULD,
    MAY,
    MIGHT,
    COULD,
    WOULD;

    /** The forms whose first verb shows the subject's number. */
    static final List<Form> AGREEING = List.of(PRESENT, PROGRESSIVE, PAST_PROGRESSIVE, PERFECT);

    /** The forms that look the same after singular and plural. */
    static final List<Form> INVARIANT = List.of(PAST, PLUPERFECT, WILL, CAN, MUST, SHOULD, MAY, MIGHT, COULD, WOULD);

    static final List<Form> ALL = List.of(values());

    /** The word of a modal. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
