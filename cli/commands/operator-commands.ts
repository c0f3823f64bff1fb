import { type Command, InvalidArgumentError } from "commander";
import { environment } from "../../shared/runtime/process-io.ts";
import { bucketsText, cloudText, withExample } from "../help-text.ts";
import type { ExitCode, Output } from "../outcome.ts";

export interface Registration {
  readonly output: Output;
  readonly run: (command: () => Promise<ExitCode>) => Promise<void>;
  readonly withConnection: (command: Command) => Command;
  /** Resolves at the first Ctrl-C. */
  readonly interruption: () => Promise<void>;
}

const fewAtOnce = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64)
    throw new InvalidArgumentError("It must be a whole number from 1 to 64.");
  return value;
};

/** status, explain, replay, backfill, cancel and doctor: each loads its code only when it is called. */
export function registerOperatorCommands(
  program: Command,
  { output, run, withConnection, interruption }: Registration,
): void {
  const operatorCommand = (name: string, example: string): Command =>
    withExample(withConnection(program.command(name)), `${name} ${example}`)
      .addHelpText("after", `${cloudText}${bucketsText}`)
      .option("--fc-endpoint <url>", "endpoint of Function Compute, if not the region's own")
      .option("--state-bucket <name>", "the bucket of the functions' state, if no variable names it")
      .option("--json", "the answer as JSON", false);

  operatorCommand("status", "oss://example-images/web/")
    .description("show the imports that are under way, with their progress")
    .argument("[target]", "oss://bucket/prefix; the functions' whole bucket if left out")
    .option("--all", "ended imports too", false)
    .option("--watch", "show them again and again, until Ctrl-C", false)
    .action((target: string | undefined, options) =>
      run(async () => {
        const { runStatus } = await import("../ops/run-status.ts");
        return runStatus(target, options, environment(), output, options.watch ? interruption() : Promise.resolve());
      }),
    );

  operatorCommand("explain", "oss://example-images/web/debian.qcow2")
    .description("tell the whole story of one object: what was done with it, why, and what would move it")
    .argument("<target>", "oss://bucket/key")
    .action((target: string, options) =>
      run(async () => {
        const { runExplain } = await import("../ops/run-explain.ts");
        return runExplain(target, options, environment(), output);
      }),
    );

  operatorCommand("replay", "oss://example-images/web/debian.qcow2")
    .description("look at objects again as if they had just been uploaded; tries at once what waits for the account")
    .argument("<target...>", "oss://bucket/key")
    .action((targets: string[], options) =>
      run(async () => {
        const { runReplay } = await import("../ops/run-replay.ts");
        return runReplay(targets, options, environment(), output);
      }),
    );

  const imagePrefix = ["--image-prefix <prefix>", "what keys must begin with for the functions to see them"] as const;

  operatorCommand("backfill", "oss://example-images/old/ --yes")
    .description(
      "import what lies in the bucket without ever having been seen; shows what it would do, and does it with --yes",
    )
    .argument("<target>", "oss://bucket/prefix")
    .option(...imagePrefix)
    .option("--yes", "do it", false)
    .option("--parallel <n>", "how many images are looked at at once", fewAtOnce, 4)
    .action((target: string, options) =>
      run(async () => {
        const { runBackfill } = await import("../ops/run-backfill.ts");
        return runBackfill(target, options, environment(), output);
      }),
    );

  operatorCommand("cancel", "oss://example-images/web/debian.qcow2")
    .description("give up the import of an object; an image that is available stays")
    .argument("<target>", "oss://bucket/key")
    .action((target: string, options) =>
      run(async () => {
        const { runCancel } = await import("../ops/run-cancel.ts");
        return runCancel(target, options, environment(), output);
      }),
    );

  operatorCommand("doctor", "oss://example-images/web/debian.qcow2")
    .description("check everything that imports need of the account, and name the fix of what is amiss")
    .argument("[target]", "oss://bucket, or oss://bucket/key of an image to ask ECS about")
    .action((target: string | undefined, options) =>
      run(async () => {
        const { runDoctor } = await import("../ops/run-doctor.ts");
        return runDoctor(target, options, environment(), output);
      }),
    );
}
