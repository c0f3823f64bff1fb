import { Command, CommanderError, InvalidArgumentError } from "commander";
import colours from "picocolors";
import { printable } from "../shared/manifest/source-tree.ts";
import { environment } from "../shared/runtime/process-io.ts";
import { registerOperatorCommands } from "./commands/operator-commands.ts";
import { cloudText, exitCodesText, optionDescription, packageVersion, withExample } from "./help-text.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "./outcome.ts";
import { lineWidth, wrapped } from "./terminal-text.ts";

const program = new Command("oss-image-import")
  .description("Drop a disk image into an Alibaba Cloud OSS bucket and get a custom ECS image.")
  .version(packageVersion(), "-V, --version", "tell the version")
  .showHelpAfterError("(--help tells more)")
  .configureHelp({ optionDescription })
  .addHelpText("after", `\nExample:\n  $ oss-image-import inspect vm.qcow2\n${cloudText}`)
  .addHelpText("afterAll", exitCodesText)
  .exitOverride();

const isTerminal = process.stdout.isTTY === true && process.stderr.isTTY === true && environment()["TERM"] !== "dumb";

const output: Output = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(`${text}\n`),
  isTerminal,
  // Only a terminal is coloured, whatever CI and FORCE_COLOR say; NO_COLOR (no-color.org) leaves that out too.
  takesColours: isTerminal && colours.isColorSupported,
  // Asked anew each time: a window may change its size.
  get columns() {
    return process.stdout.columns ?? 80;
  },
  get rows() {
    return process.stdout.rows ?? 24;
  },
};

// Whoever read the answer has seen enough: `status --watch | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

const whole =
  (minimum: number, maximum: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum)
      throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
    return value;
  };

const positive = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0 || value > 86_400)
    throw new InvalidArgumentError("It must be a number above 0.");
  return value;
};

const oneOf =
  (...allowed: readonly string[]) =>
  (text: string): string => {
    if (!allowed.includes(text)) throw new InvalidArgumentError(`It must be ${allowed.join(" or ")}.`);
    return text;
  };

/** Resolves at the first Ctrl-C; the second one ends the process at once. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        process.once("SIGINT", () => process.exit(130));
        resolve();
      });
    }
  });
}

async function run(command: () => Promise<ExitCode>): Promise<void> {
  process.exitCode = await command();
}

withExample(program.command("local"), "local --once vm.qcow2 vm.qcow2.import.yaml")
  .description("run OSS, ECS and Function Compute on this machine, and import what is dropped into a folder")
  .argument("[file...]", "disk images and manifests to upload once everything is ready")
  .option("--once", "stop when every upload has reached its end; exit 1 if any failed", false)
  .option("--data <dir>", "where buckets are kept (default: .local; a temporary folder with --once)")
  .option("--oss-port <n>", "port of OSS, 0 for any", whole(0, 65_535), 0)
  .option("--ecs-port <n>", "port of ECS, 0 for any", whole(0, 65_535), 0)
  .option("--fc-port <n>", "port of Function Compute, 0 for any", whole(0, 65_535), 0)
  .option("--import-seconds <s>", "how long an import takes", positive, 10)
  .option("--tick-seconds <s>", "how often imports are reported on", positive, 2)
  .option("--json", "one JSON object a line on stdout", false)
  .action((files: string[], options) =>
    run(async () => {
      const { runLocal } = await import("./local/run-local.ts");
      return runLocal({ ...options, files }, output, interruption());
    }),
  );

const withObjects = (command: Command): Command =>
  command
    .option("--region <id>", "region of the bucket")
    .option("--oss-endpoint <url>", "endpoint of OSS, if not the region's own")
    .option("--local <dir>", "use the embedded cloud that runs with this data folder");

const withConnection = (command: Command): Command =>
  withObjects(command).option("--ecs-endpoint <url>", "endpoint of ECS, if not the region's own");

withExample(withObjects(program.command("inspect")), "inspect --json oss://example-images/web.qcow2")
  .addHelpText("after", cloudText)
  .description("tell what a disk image is, and what would keep it from being imported or from booting")
  .argument("<target>", "a file, http(s)://… or oss://bucket/key")
  .option("--depth <depth>", "header: the container only; full: the system inside too", oneOf("header", "full"), "full")
  .option("--json", "the whole report as JSON", false)
  .action((target: string, options) =>
    run(async () => {
      const { runInspect } = await import("./inspect/run-inspect.ts");
      return runInspect(target, options, environment(), output);
    }),
  );

withExample(program.command("validate"), "validate vm.qcow2.import.yaml image-import.yaml")
  .description("name every problem of manifests, with its place and the way out")
  .argument("<manifest...>", "sidecars (NAME.import.yaml) and bucket manifests (image-import.yaml)")
  .option("--json", "the problems as JSON", false)
  .action((files: string[], options) =>
    run(async () => {
      const { runValidate } = await import("./manifests/run-validate.ts");
      return runValidate(files, options, output);
    }),
  );

withExample(withConnection(program.command("plan")), "plan vm.qcow2 --sidecar vm.yaml")
  .addHelpText("after", cloudText)
  .description("show the ImportImage request that would be sent for an image, and where each value comes from")
  .argument("<target>", "a file or oss://bucket/key")
  .option("--bucket-manifest <file>", "take this file for the bucket manifest")
  .option("--sidecar <file>", "take this file for the image's sidecar")
  .option("--dry-run", "also ask ECS whether it would take the request", false)
  .option("--json", "the plan as JSON", false)
  .action((target: string, options) =>
    run(async () => {
      const { runPlan } = await import("./plan/run-plan.ts");
      return runPlan(target, options, environment(), output);
    }),
  );

registerOperatorCommands(program, { output, run, withConnection, interruption });

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.good : exitCodes.unasked;
    return;
  }
  process.exitCode = exitCodes.unasked;
  output.err(
    error instanceof Unasked
      ? wrapped(printable(error.message), lineWidth(output)).join("\n")
      : `Something went wrong that should not: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
  );
});
