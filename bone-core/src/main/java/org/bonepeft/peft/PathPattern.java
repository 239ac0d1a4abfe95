package org.bonepeft.peft;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.bonepeft.adapter.AdapterException;

/**
 * A regular expression of Python's, whose named groups are written a little differently, for whole paths of layers. It
 * may come from a file that means harm: what would exhaust the stack is an error like any other.
 */
final class PathPattern {
    private final String text;
    private final Pattern pattern;

    private PathPattern(String text, Pattern pattern) {
        this.text = text;
        this.pattern = pattern;
    }

    /** Compiles a pattern that whole paths must match. */
    static PathPattern whole(String text) {
        return of(text, "", "");
    }

    /** Compiles a pattern that a path, or what follows one of its dots, must match, as PEFT's keys of patterns do. */
    static PathPattern end(String text) {
        return of(text, "(.*\\.)?(", ")$");
    }

    private static PathPattern of(String text, String before, String after) {
        try {
            return new PathPattern(text, Pattern.compile(before + text.replace("(?P<", "(?<") + after));
        } catch (PatternSyntaxException e) {
            throw new AdapterException(named(text) + " is no regular expression: " + e.getDescription());
        } catch (StackOverflowError e) {
            throw tooDeep(text);
        }
    }

    /** Returns whether a path matches. */
    boolean matches(String path) {
        return match(path).isPresent();
    }

    /** Returns what a named group matches, if a path matches. */
    Optional<String> group(String path, String name) {
        return match(path).map(matcher -> matcher.group(name));
    }

    private Optional<Matcher> match(String path) {
        try {
            return Optional.of(pattern.matcher(path)).filter(Matcher::matches);
        } catch (StackOverflowError e) {
            throw tooDeep(text);
        }
    }

    private static AdapterException tooDeep(String text) {
        return new AdapterException(named(text) + " is too deep");
    }

    private static String named(String text) {
        return "the pattern '" + (text.length() > 100 ? text.substring(0, 100) + "..." : text) + "'";
    }
}
