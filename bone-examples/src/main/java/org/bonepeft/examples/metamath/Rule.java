package org.bonepeft.examples.metamath;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What counts as the right answer. */
enum Rule {
    /** GSM8K as MetaMath's {@code eval_gsm8k.py}: the number after the last "The answer is: ", rounded to an integer. */
    METAMATH {
        @Override
        Optional<String> answer(String text) {
            return after(text, "The answer is: ").flatMap(Rule::rounded);
        }

        @Override
        Optional<String> reference(String solution) {
            return after(solution, "#### ")
                    .map(number -> number.strip().replace(",", ""))
                    .flatMap(Rule::rounded)
                    .or(() -> answer(solution))
                    .or(() -> rounded(solution));
        }
    },
    /** As PEFT's method comparison: what follows the last of several phrases, as a number where it is one. */
    PEFT {
        @Override
        Optional<String> answer(String text) {
            String trimmed = stripEnd(text.strip(), ".!?");
            return PHRASES.stream()
                    .filter(trimmed::contains)
                    .findFirst()
                    .flatMap(phrase -> after(trimmed, phrase))
                    .map(rest -> rest.strip().lines().findFirst().orElse(""))
                    .map(line -> strip(line, " .!?$%"))
                    .map(line -> decimal(line).map(BigDecimal::toPlainString).orElse(line));
        }
    },
    /** lm-eval's strict match for GSM8K: the number after the first "#### ". */
    STRICT {
        @Override
        Optional<String> answer(String text) {
            Matcher match = Pattern.compile("#### (-?[0-9.,]+)").matcher(text);
            return match.find() ? Optional.of(plain(match.group(1))) : Optional.empty();
        }

        @Override
        Optional<String> reference(String solution) {
            return Optional.of(plain(solution));
        }
    },
    /** lm-eval's flexible extract for GSM8K: the last number. */
    FLEXIBLE {
        @Override
        Optional<String> answer(String text) {
            return Pattern.compile("(-?[$0-9.,]{2,})|(-?[0-9]+)")
                    .matcher(text)
                    .results()
                    .map(MatchResult::group)
                    .reduce((first, second) -> second)
                    .map(Rule::plain);
        }

        @Override
        Optional<String> reference(String solution) {
            return Optional.of(plain(solution));
        }
    },
    /**
     * MATH: what follows the last "The answer is: " up to a full stop that ends the line, else what is in the last {@code
     * \boxed{}}; see {@link MathAnswer}.
     */
    MATH {
        @Override
        Optional<String> answer(String text) {
            return after(text, "The answer is: ")
                    .map(rest -> stripOne(rest.split("\\.\n", 2)[0].strip()))
                    .or(() -> Boxed.last(text));
        }

        @Override
        Optional<String> reference(String solution) {
            return Boxed.last(solution)
                    .or(() -> after(solution, "The answer is: "))
                    .or(() -> Optional.of(solution));
        }

        @Override
        boolean same(String answer, String reference) {
            return MathAnswer.equivalent(answer, reference);
        }
    };

    private static final List<String> PHRASES =
            List.of("The answer is: ", "The answer is ", "The final answer is: ", "The final answer is ", "#### ");
    private static final Pattern NUMBER = Pattern.compile("[-+]?\\d*[.,/]?\\d+");

    /** Its name in tables and files. */
    String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns what a text gives as its answer. */
    abstract Optional<String> answer(String text);

    /** Returns the answer that a solution has; empty if it has none. */
    Optional<String> reference(String solution) {
        return answer(solution);
    }

    /** Returns whether two answers are the same. */
    boolean same(String answer, String reference) {
        return answer.equals(reference);
    }

    /** Returns whether a text gives the answer that a solution has. */
    boolean isRight(String text, String solution) {
        Optional<String> reference = reference(solution);
        return answer(text)
                .filter(answer -> reference.isPresent() && same(answer, reference.get()))
                .isPresent();
    }

    private static Optional<String> after(String text, String phrase) {
        int at = text.lastIndexOf(phrase);
        return at < 0 ? Optional.empty() : Optional.of(text.substring(at + phrase.length()));
    }

    /** Python's round: half to even. */
    private static Optional<String> rounded(String text) {
        Matcher match = NUMBER.matcher(text);
        if (!match.find()) {
            return Optional.empty();
        }
        String[] parts = match.group().replace(",", "").split("/", -1);
        if (parts[0].isEmpty() || parts[0].equals("-") || parts[0].equals("+")) {
            return Optional.empty();
        }
        double value = Double.parseDouble(parts[0]);
        if (parts.length > 1 && Double.parseDouble(parts[1]) != 0) {
            value /= Double.parseDouble(parts[1]);
        }
        return Double.isInfinite(value)
                ? Optional.empty()
                : Optional.of(new BigDecimal(Math.rint(value)).toBigInteger() + "");
    }

    private static Optional<BigDecimal> decimal(String text) {
        try {
            String[] parts = text.split("/", -1);
            if (parts.length == 1) {
                return Optional.of(normal(new BigDecimal(text)));
            }
            BigDecimal under = new BigDecimal(parts[1].strip());
            return parts.length == 2 && under.signum() != 0
                    ? Optional.of(normal(new BigDecimal(parts[0].strip()).divide(under, MathContext.DECIMAL64)))
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static BigDecimal normal(BigDecimal value) {
        return new BigDecimal(value.doubleValue()).stripTrailingZeros();
    }

    /** What lm-eval leaves of an answer before it compares. */
    private static String plain(String text) {
        return text.strip()
                .replaceAll("(?s).*#### ", "")
                .replaceAll("[,$]", "")
                .replaceAll("\\.$", "")
                .toLowerCase(Locale.ROOT);
    }

    private static String strip(String text, String characters) {
        int start = 0;
        while (start < text.length() && characters.indexOf(text.charAt(start)) >= 0) {
            start++;
        }
        return stripEnd(text.substring(start), characters);
    }

    private static String stripEnd(String text, String characters) {
        int end = text.length();
        while (end > 0 && characters.indexOf(text.charAt(end - 1)) >= 0) {
            end--;
        }
        return text.substring(0, end);
    }

    private static String stripOne(String text) {
        return (text.endsWith(".") ? text.substring(0, text.length() - 1) : text).strip();
    }
}
