import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Help } from "commander";
import { packageRoot } from "./package-root.ts";

/** The version of the installed package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return version;
}

const usual = new Help();

/** That a switch is off unless it is given need not be said. */
export const optionDescription: Help["optionDescription"] = (option) =>
  option.defaultValue === false ? option.description : usual.optionDescription(option);

/** Ends the help of every command. */
export const exitCodesText = `
Exit codes: 0 good, 1 the answer is no, 2 the question could not be asked.`;

/** Ends the help of what may talk to a cloud. */
export const cloudText = `
The cloud and its credentials are named by ALIBABA_CLOUD_ACCESS_KEY_ID,
ALIBABA_CLOUD_ACCESS_KEY_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN (if any) and
ALIBABA_CLOUD_REGION_ID; without them by an embedded cloud that runs in .local.`;

/** The functions' buckets, for commands that work on the ledger. */
export const bucketsText = `
IMAGE_BUCKET and STATE_BUCKET name the functions' two buckets.`;

/** Shows one way to use a command. */
export const withExample = (command: Command, example: string): Command =>
  command.addHelpText("after", `\nExample:\n  $ oss-image-import ${example}`);
