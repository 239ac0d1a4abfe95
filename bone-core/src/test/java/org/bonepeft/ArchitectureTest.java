package org.bonepeft;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Arrows between packages point down only, and the core knows no engine. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.bonepeft");

    @Test
    void noEngine() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..", "org.pytorch..")
                .check(CLASSES);
    }

    @Test
    void noCycles() {
        slices().matching("org.bonepeft.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    /** Of ours, a package uses only itself, those listed, and the root with BoneException. */
    @ParameterizedTest
    @CsvSource({
        "tensor, tensor",
        "io, io",
        "json, json",
        "graph, tensor",
        "adapter, graph tensor",
        "reference, graph tensor",
        "safetensors, io json tensor"
    })
    void arrowsPointDown(String name, String below) {
        String[] allowed = Stream.concat(
                        Stream.of("org.bonepeft", "org.bonepeft." + name + ".."),
                        Stream.of(below.split(" ")).map(other -> "org.bonepeft." + other + ".."))
                .toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage("org.bonepeft." + name + "..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("org.bonepeft..").and(not(resideInAnyPackage(allowed))))
                .check(CLASSES);
    }
}
