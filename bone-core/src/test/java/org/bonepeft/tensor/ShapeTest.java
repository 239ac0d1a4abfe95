package org.bonepeft.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void closed() {
        Shape shape = Shape.of(2, 3, 4);
        assertThat(shape.rank()).isEqualTo(3);
        assertThat(shape.dim(1)).isEqualTo(3);
        assertThat(shape.dim(-1)).isEqualTo(4);
        assertThat(shape.size()).isEqualTo(24);
        assertThat(shape.isOpen()).isFalse();
        assertThat(shape).hasToString("[2, 3, 4]").isEqualTo(Shape.of(2, 3, 4)).isNotEqualTo(Shape.of(2, 3));
        assertThat(shape.withTokens(7)).isEqualTo(shape);
        assertThat(Shape.of()).hasToString("[]");
        assertThat(Shape.of().size()).isEqualTo(1);
    }

    @Test
    void open_isAMultipleOfTheTokens() {
        Shape shape = Shape.of(-4, 192);
        assertThat(shape.isOpen()).isTrue();
        assertThat(shape).hasToString("[4T, 192]");
        assertThat(shape.knownSize()).isEqualTo(768);
        assertThat(shape.withTokens(5)).isEqualTo(Shape.of(20, 192));
        assertThat(Shape.of(3, Shape.TOKENS)).hasToString("[3, T]");
        assertThatThrownBy(shape::size)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the token count of [4T, 192] is not known");
    }

    @Test
    void twoOpenDimensions_throw() {
        assertThatThrownBy(() -> Shape.of(-1, 3, -2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[-1, 3, -2]");
    }

    @Test
    void dimensions_areCopied() {
        long[] dims = {2, 3};
        Shape shape = Shape.of(dims);
        dims[0] = 9;
        shape.toArray()[1] = 9;
        assertThat(shape).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
    }
}
