package org.bonepeft.examples.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextTableTest {
    @Test
    void toString_alignsFirstColumnLeftAndOthersRight() {
        TextTable table = new TextTable(List.of("method", "after"));
        table.add(List.of("bone", "0.512"));
        table.add(List.of("head-only", "0.1"));
        assertThat(table).hasToString("""
                method     after
                ---------  -----
                bone       0.512
                head-only    0.1
                """);
    }

    @Test
    void add_wrongNumberOfCells_isRefused() {
        TextTable table = new TextTable(List.of("a", "b"));
        assertThatThrownBy(() -> table.add(List.of("1"))).isInstanceOf(IllegalArgumentException.class);
    }
}
