package org.bonepeft.examples.text;

import java.util.Locale;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/** From words to written sentences. Words are strings with single blanks; the empty string is no word. */
final class Text {
    private static final Pattern ARTICLE = Pattern.compile("\\b(a|A) (?=(\\w+))");
    private static final Pattern CONTRACTED = Pattern.compile("\\b(is|are|was|were|do|does|did|has|have|had) not\\b");

    private Text() {}

    /** The parts with one blank between, empty ones left out. */
    static String join(Object... parts) {
        StringJoiner joined = new StringJoiner(" ");
        for (Object part : parts) {
            String text = part.toString();
            if (!text.isEmpty()) {
                joined.add(text);
            }
        }
        return joined.toString();
    }

    /** Capital, a or an, commas closed up, end mark. */
    static String sentence(String words, String mark) {
        String text = ARTICLE.matcher(words)
                .replaceAll(m -> m.group(1).equals("a") ? Morphology.article(m.group(2)) + " " : m.group());
        text = text.replace(" ,", ",");
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1) + mark;
    }

    static String statement(Object... parts) {
        return sentence(join(parts), ".");
    }

    static String question(Object... parts) {
        return sentence(join(parts), "?");
    }

    /** {@code did not} as {@code didn't}, and so on. */
    static String contract(String sentence) {
        return CONTRACTED
                .matcher(sentence)
                .replaceAll("$1n't")
                .replace("will not", "won't")
                .replace("can not", "can't");
    }
}
