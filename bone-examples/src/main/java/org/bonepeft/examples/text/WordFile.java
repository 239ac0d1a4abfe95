package org.bonepeft.examples.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A word list of this package's resources: {@code #} comments, {@code [header]} lines, entries between blanks. */
final class WordFile {
    /** Words under one header. */
    record Section(List<String> header, List<String> entries) {
        /** The classes of a header field such as {@code PERSON|ANIMAL}. */
        Set<Kind> kinds(int field) {
            Set<Kind> kinds = new LinkedHashSet<>();
            for (String name : header.get(field).split("\\|", -1)) {
                kinds.add(Kind.valueOf(name));
            }
            return kinds;
        }
    }

    private WordFile() {}

    static List<Section> read(String name) {
        List<Section> sections = new ArrayList<>();
        try (InputStream in = WordFile.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("The word list " + name + " is missing from the program's resources");
            }
            BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            for (String line : reader.lines().toList()) {
                if (line.startsWith("[")) {
                    sections.add(new Section(words(line.replaceAll("[\\[\\]>]|is=", " ")), new ArrayList<>()));
                } else if (!line.isBlank() && !line.startsWith("#")) {
                    sections.get(sections.size() - 1).entries().addAll(words(line));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return sections;
    }

    private static List<String> words(String line) {
        return Arrays.asList(line.trim().split("\\s+", -1));
    }
}
