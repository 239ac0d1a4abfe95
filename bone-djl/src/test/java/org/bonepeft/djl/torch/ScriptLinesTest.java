package org.bonepeft.djl.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScriptLinesTest {
    private final ScriptLines lines = new ScriptLines();

    @Test
    void addOnce_equalCalls_areOneLine() {
        String first = lines.addOnce("torch.mul", "x", 2.0);
        assertThat(lines.addOnce("torch.mul", "x", 2.0)).isEqualTo(first);
        assertThat(lines.addOnce("torch.mul", "x", 3.0)).isNotEqualTo(first);
        assertThat(lines.addOnce("torch.div", "x", 2.0)).isNotEqualTo(first);
        assertThat(lines.addOnce("torch.add", first, first)).isEqualTo(lines.addOnce("torch.add", first, first));
    }

    @Test
    void add_equalCalls_areLinesOfTheirOwn() {
        String shared = lines.addOnce("torch.mul", "x", "y");
        String own = lines.add("torch.mul", "x", "y");
        assertThat(own).isNotEqualTo(shared);
        assertThat(lines.add("torch.mul", "x", "y")).isNotIn(shared, own);
        assertThat(lines.addOnce("torch.mul", "x", "y"))
                .as("what is written to is nobody else's")
                .isEqualTo(shared);
    }

    @Test
    void element_isALineOfItsOwn() {
        assertThat(lines.element("p", 3)).isNotEqualTo(lines.element("p", 3));
        assertThat(lines.returning("v1")).isEqualTo("  v1 = p[3]\n  return v1\n");
    }

    @Test
    void returning_leavesOutWhatNoResultNeeds() {
        String kept = lines.addOnce("torch.neg", "x");
        String unused = lines.addOnce("torch.exp", "x");
        lines.addOnce("torch.add", kept, unused);
        String result = lines.addOnce("torch.mul", kept, "y");
        assertThat(lines.returning(result)).isEqualTo("""
                  v0 = torch.neg(x)
                  v3 = torch.mul(v0, y)
                  return v3
                """);
    }

    @Test
    void returning_severalResults_isATupleInTheOrderGiven() {
        String first = lines.add("torch.neg", "x");
        String second = lines.add("torch.exp", "x");
        assertThat(lines.returning(second, first)).isEqualTo("""
                  v0 = torch.neg(x)
                  v1 = torch.exp(x)
                  return (v1, v0)
                """);
    }

    @Test
    void returning_variablesThatBeginAlike_areNotTakenForEachOther() {
        for (int i = 0; i < 12; i++) {
            lines.add("torch.mul", "x", i);
        }
        String result = lines.add("torch.add", "v11", "weight_v2");
        assertThat(lines.returning(result)).isEqualTo("""
                  v11 = torch.mul(x, 11)
                  v12 = torch.add(v11, weight_v2)
                  return v12
                """);
    }

    @Test
    void returning_whatIsWrittenInPlace_staysWithWhatItIsWrittenTo() {
        String product = lines.add("torch.mm", "x", "y");
        String sum = lines.add("torch.add_", product, "z");
        String empty = lines.add("torch.empty_like", sum);
        String mask = lines.add("torch.bernoulli_", empty, 0.5);
        String result = lines.addOnce("torch.mul", sum, mask);
        assertThat(lines.returning(result)).isEqualTo("""
                  v0 = torch.mm(x, y)
                  v1 = torch.add_(v0, z)
                  v2 = torch.empty_like(v1)
                  v3 = torch.bernoulli_(v2, 0.5)
                  v4 = torch.mul(v1, v3)
                  return v4
                """);
    }

    @Test
    void returning_twice_givesEachItsOwnLines() {
        String first = lines.add("torch.neg", "x");
        assertThat(lines.returning(first)).isEqualTo("  v0 = torch.neg(x)\n  return v0\n");
        String second = lines.add("torch.exp", "x");
        assertThat(lines.returning(second)).isEqualTo("  v1 = torch.exp(x)\n  return v1\n");
        assertThat(lines.returning("x")).isEqualTo("  return x\n");
    }
}
