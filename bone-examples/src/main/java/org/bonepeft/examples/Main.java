package org.bonepeft.examples;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import org.bonepeft.BoneException;
import org.bonepeft.examples.bench.BenchCommand;
import org.bonepeft.examples.doctor.DoctorCommand;
import org.bonepeft.examples.glue.GlueCommand;
import org.bonepeft.examples.instruct.InstructCommand;
import org.bonepeft.examples.metamath.MetaMathCommand;
import org.bonepeft.examples.plan.PlanCommand;
import org.bonepeft.examples.pretrain.PretrainCommand;
import org.bonepeft.examples.report.ReportCommand;
import org.bonepeft.examples.tools.ConvertCommand;
import org.bonepeft.examples.tools.DiffCommand;
import org.bonepeft.examples.tools.InspectCommand;
import org.bonepeft.examples.tools.MergeCommand;
import org.bonepeft.examples.tools.UnmergeCommand;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/**
 * The program {@code bone}. Exit codes: 0 done, 1 a file or model that does not fit, 2 wrong usage. A failure is told
 * in one or two lines on standard error; {@code --stacktrace} adds where it happened.
 */
@Command(
        name = "bone",
        description = "Parameter-efficient fine-tuning with Bone, LoRA and relatives.",
        mixinStandardHelpOptions = true,
        version = "bone 0.1.0-SNAPSHOT",
        synopsisSubcommandLabel = "COMMAND",
        scope = ScopeType.INHERIT)
public final class Main {
    @Option(
            names = "--stacktrace",
            scope = ScopeType.INHERIT,
            description = "on failure, print the stack trace as well")
    private boolean stacktrace;

    private Main() {}

    /** Runs the program and ends the process with its exit code, unless that is 0. */
    public static void main(String[] args) {
        int code = run(args, System.out, System.err);
        if (code != 0) {
            System.exit(code);
        }
    }

    /** Runs the program with these streams and returns its exit code; nothing is thrown. */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        defaultProperty("OPT_OUT_TRACKING", "true"); // DJL's usage ping
        defaultProperty("DJL_OFFLINE", "true"); // natives come from Maven Central, models from the disk
        defaultProperty("java.awt.headless", "true");
        Main root = new Main();
        CommandLine program = new CommandLine(root);
        program.addSubcommand(new GlueCommand(out, err));
        program.addSubcommand(MetaMathCommand.program(out, err));
        program.addSubcommand(InstructCommand.program(out, err));
        program.addSubcommand(new PretrainCommand(out, err));
        program.addSubcommand(BenchCommand.program(out, err));
        program.addSubcommand(new PlanCommand(out));
        program.addSubcommand(new ReportCommand(out));
        program.addSubcommand(new MergeCommand(out, err));
        program.addSubcommand(new UnmergeCommand(out, err));
        program.addSubcommand(new InspectCommand(out, err));
        program.addSubcommand(new ConvertCommand(out, err));
        program.addSubcommand(new DiffCommand(out));
        program.addSubcommand(new DoctorCommand(out));
        program.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
        program.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
        program.setCaseInsensitiveEnumValuesAllowed(true);
        program.setParameterExceptionHandler(usageError());
        program.setExecutionExceptionHandler(root.failure());
        return program.execute(args.length == 0 ? new String[] {"--help"} : args);
    }

    private static void defaultProperty(String name, String value) {
        if (System.getenv(name) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }

    private static IParameterExceptionHandler usageError() {
        return (ParameterException e, String[] args) -> {
            CommandLine command = e.getCommandLine();
            command.getErr().println(firstLine(e.getMessage()));
            command.getErr().println(command.getCommandSpec().qualifiedName() + " --help lists the options");
            return CommandLine.ExitCode.USAGE;
        };
    }

    private IExecutionExceptionHandler failure() {
        return (e, command, parseResult) -> {
            command.getErr().println(message(e));
            if (stacktrace) {
                e.printStackTrace(command.getErr());
            }
            return CommandLine.ExitCode.SOFTWARE;
        };
    }

    private static String message(Exception e) {
        if (e instanceof BoneException) {
            return String.valueOf(e.getMessage());
        }
        if (e instanceof NoSuchFileException missing) {
            return "no such file: " + missing.getFile();
        }
        if (e instanceof AccessDeniedException denied) {
            return "no permission: " + denied.getFile();
        }
        if (e instanceof FileSystemException file) {
            return file.getFile() + ": " + Optional.ofNullable(file.getReason()).orElse("cannot be used");
        }
        return e.getClass().getSimpleName() + ": " + firstLine(e.getMessage()) + " (--stacktrace shows where)";
    }

    private static String firstLine(@Nullable String message) {
        return message == null ? "no message" : message.lines().findFirst().orElse("no message");
    }
}
