package org.bonepeft.examples.metamath;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether two answers in LaTeX say the same: as Hendrycks et al.'s {@code is_equiv} for MATH, which compares strings after
 * a normalisation, and beyond it numbers by their value, and solutions that are listed without order as sets. No algebra:
 * {@code 2x+2} is not {@code 2(x+1)}.
 */
final class MathAnswer {
    private static final String UNITS =
            "degrees?|cm|mm|km|m|meters?|centimeters?|kilometers?|inch(es)?|in|feet|foot|ft|"
                    + "yards?|miles?|mph|dollars?|cents?|hours?|hrs?|minutes?|mins?|seconds?|secs?|days?|weeks?|months?|years?|"
                    + "units?|square\\s*[a-z]+|cubic\\s*[a-z]+|sq|percent|pounds?|lbs?|ounces?|oz|grams?|kg|liters?|gallons?|points?|"
                    + "people|students?|ways?|apples?|books?|pages?";
    private static final Pattern UNIT = Pattern.compile(
            "(?<=[0-9}\\]) ])\\s*(" + UNITS + ")(\\s*(\\^\\{?[23]}?|per\\s+[a-z]+|/\\s*[a-z]+))?\\s*\\.?$");
    private static final Pattern TEXT = Pattern.compile(
            "\\\\(text|mbox|textbf|textit|mathrm|mathbf|textrm|operatorname)\\s*\\{([^{}]*)}(\\s*\\^\\{?[23]}?(?=\\.?$))?");
    private static final Pattern FRACTION = Pattern.compile("(-?)\\\\frac\\{(-?\\d+)}\\{(-?\\d+)}");
    private static final Pattern MIXED = Pattern.compile("(-?)(\\d+)\\\\frac\\{(\\d+)}\\{(\\d+)}");
    private static final Pattern SLASH = Pattern.compile("(-?\\d+)/(-?\\d+)");
    private static final Pattern DECIMAL = Pattern.compile("[-+]?\\d*\\.?\\d+");

    private MathAnswer() {}

    /** Returns whether two answers are the same. */
    static boolean equivalent(String first, String second) {
        String one = normal(first);
        String two = normal(second);
        return one.equals(two) || elements(one).equals(elements(two));
    }

    /** The elements of a set or of a list without brackets, sorted; else the answer alone. */
    private static List<String> elements(String answer) {
        String inner =
                answer.startsWith("\\{") && answer.endsWith("\\}") ? answer.substring(2, answer.length() - 2) : answer;
        return split(inner).stream().map(MathAnswer::value).sorted().toList();
    }

    /** The parts between commas that stand in no brackets. */
    private static List<String> split(String answer) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < answer.length(); i++) {
            char c = answer.charAt(i);
            depth += "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
            if (c == ',' && depth == 0) {
                parts.add(answer.substring(start, i));
                start = i + 1;
            }
        }
        parts.add(answer.substring(start));
        return parts;
    }

    /** A number as a fraction in lowest terms, the parts of a tuple or an interval so, anything else as it is. */
    private static String value(String answer) {
        Optional<String> number = number(answer);
        if (number.isPresent()) {
            return number.get();
        }
        int last = answer.length() - 1;
        if (last > 0 && "([".indexOf(answer.charAt(0)) >= 0 && ")]".indexOf(answer.charAt(last)) >= 0) {
            List<String> parts = split(answer.substring(1, last));
            return answer.charAt(0)
                    + String.join(",", parts.stream().map(MathAnswer::value).toList())
                    + answer.charAt(last);
        }
        return answer;
    }

    private static Optional<String> number(String text) {
        Matcher mixed = MIXED.matcher(text);
        if (mixed.matches()) {
            BigInteger under = new BigInteger(mixed.group(4));
            BigInteger over = new BigInteger(mixed.group(2)).multiply(under).add(new BigInteger(mixed.group(3)));
            return lowest(mixed.group(1).isEmpty() ? over : over.negate(), under);
        }
        Matcher fraction = FRACTION.matcher(text);
        if (fraction.matches()) {
            BigInteger over = new BigInteger(fraction.group(2));
            return lowest(fraction.group(1).isEmpty() ? over : over.negate(), new BigInteger(fraction.group(3)));
        }
        if (DECIMAL.matcher(text).matches()) {
            BigDecimal value = new BigDecimal(text);
            return value.scale() > 100
                    ? Optional.empty()
                    : lowest(value.unscaledValue(), BigInteger.TEN.pow(Math.max(0, value.scale())));
        }
        return Optional.empty();
    }

    private static Optional<String> lowest(BigInteger over, BigInteger under) {
        if (under.signum() == 0) {
            return Optional.empty();
        }
        BigInteger common = over.gcd(under).multiply(BigInteger.valueOf(under.signum()));
        return Optional.of(over.divide(common) + "/" + under.divide(common));
    }

    /** The answer in one spelling. */
    static String normal(String answer) {
        String text = answer.strip().replace("\n", "").replace("\\$", "").replace("$", "");
        text = text.replace("\\%", "").replace("%", "").replace("\\!", "");
        text = text.replaceAll("\\\\(left|right|bigl?|bigr|Bigl?|Bigr|displaystyle|limits)(?![a-zA-Z])", "");
        // A double backslash parts the rows of a matrix; the blank after it is no spacing.
        text = text.replaceAll("(?<!\\\\)\\\\[,;:> ]|\\\\q?quad(?![a-zA-Z])|~", " ");
        text = text.replace("{,}", ",").replaceAll("\\^\\s*\\{?\\s*\\\\circ\\s*}?|°", "");
        text = text.replaceAll("\\\\[tdc]frac", "\\\\frac");
        text = withoutText(text);
        text = text.replaceAll("\\\\(le|leq|leqslant)(?![a-zA-Z])", "<=")
                .replaceAll("\\\\(ge|geq|geqslant)(?![a-zA-Z])", ">=");
        text = text.replaceAll("\\\\(ne|neq)(?![a-zA-Z])", "!=").replaceAll("\\\\(cdot|times)(?![a-zA-Z])", "*");
        text = text.replace("\\lbrace", "\\{").replace("\\rbrace", "\\}").replace("\\dots", "...");
        text = text.strip();
        text = UNIT.matcher(text).replaceFirst("").strip();
        text = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        text = text.replaceAll("(?<=\\d)[,\\s](?=\\d{3}(\\D|$))(?!\\d{3}\\.\\d*,)", thousands(text) ? "" : ",");
        text = text.replaceAll("^\\\\?[a-zA-Z]{1,2}(\\([a-z]\\))?\\s*(=|\\\\in(?![a-z]))\\s*", "");
        text = text.replaceAll("\\\\(sqrt|frac)\\s+", "\\\\$1").replaceAll("(?<=\\d)\\s+(?=\\d)", "_");
        text = text.replaceAll("\\s+", "");
        text = text.replaceAll("(?<![\\d.])\\.(?=\\d)", "0.");
        text = text.replaceAll("\\\\sqrt([0-9a-zA-Z])", "\\\\sqrt{$1}");
        text = text.replaceAll("\\\\frac(\\d)(\\d)", "\\\\frac{$1}{$2}")
                .replaceAll("\\\\frac(\\d)\\{", "\\\\frac{$1}{")
                .replaceAll("\\\\frac(\\{(?:[^{}]|\\{[^{}]*})*})(\\w)(?!})", "\\\\frac$1{$2}");
        text = text.replaceAll("\\^\\{(\\w)}", "^$1").replaceAll("_\\{(\\w)}", "_$1");
        Matcher slash = SLASH.matcher(text);
        text = slash.matches() ? "\\frac{" + slash.group(1) + "}{" + slash.group(2) + "}" : text;
        text = text.replaceAll("\\\\frac\\{-((?:[^{}]|\\{[^{}]*})+)}", "-\\\\frac{$1}")
                .replace("--", "");
        text = text.matches("\\([A-Za-z]\\)") ? text.substring(1, 2) : text;
        return text.startsWith("+") ? text.substring(1) : text;
    }

    /** Whether commas part groups of three digits: in one number that is no tuple, interval or list. */
    private static boolean thousands(String text) {
        return text.matches("[^\\[({]*?(?<![\\d,])\\d{1,3}([,\\s]\\d{3})+(\\.\\d+)?(?![\\d,]).*")
                && !text.matches(".*,\\s+.*");
    }

    /** Takes words in upright letters as they are; where they follow a number they are a unit, and go. */
    private static String withoutText(String text) {
        Matcher matcher = TEXT.matcher(text);
        StringBuilder plain = new StringBuilder();
        while (matcher.find()) {
            String before = text.substring(0, matcher.start()).stripTrailing();
            boolean unit = !before.isEmpty() && "0123456789})]".indexOf(before.charAt(before.length() - 1)) >= 0;
            String word = matcher.group(2);
            boolean joins = word.strip().matches("and|or|,");
            String power = matcher.group(3) == null ? "" : matcher.group(3);
            matcher.appendReplacement(plain, Matcher.quoteReplacement(joins ? "," : unit ? "" : word + power));
        }
        matcher.appendTail(plain);
        return plain.toString();
    }
}
