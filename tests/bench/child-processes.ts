/** Programs run as processes of their own, with what each cost: the way a function's new instance starts. */
import { spawn } from "node:child_process";

export interface Cost {
  readonly milliseconds: number;
  /** Of the process alone, whatever else kept the machine busy. */
  readonly cpuMilliseconds: number;
  readonly peakMiB: number;
  readonly output: string;
}

export interface Program {
  readonly name: string;
  /** Arguments of `node`; called anew for each run, so that each may have an input of its own. */
  readonly args: (run: number) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** How programs that are measured tell their own peak of resident memory and their time on a processor. */
const ownCost = /^peak-kib (\d+) cpu-us (\d+)$/m;

/**
 * Runs `node` once, from the start of the process to its end. Rejects when it fails, for a wrong answer has no cost, and when
 * it does not tell its own cost.
 * A certificate bundle in the environment would be read at each start, by bare Node too, and hide what is measured.
 */
export function runNode(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Cost> {
  return new Promise((resolve, reject) => {
    const { PATH = "", HOME = "" } = process.env;
    const started = performance.now();
    const child = spawn(process.execPath, [...args], {
      env: { PATH, HOME, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaints += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      const milliseconds = performance.now() - started;
      const [, peak, cpu] = ownCost.exec(complaints) ?? [];
      if (code !== 0) reject(new Error(`node ${args.join(" ")} ended with ${code}: ${complaints}${output}`));
      else if (peak === undefined) reject(new Error(`node ${args.join(" ")} did not tell its own cost.`));
      else resolve({ milliseconds, cpuMilliseconds: Number(cpu) / 1000, peakMiB: Number(peak) / 1024, output });
    });
  });
}

export interface Measured {
  readonly name: string;
  /** Median over the runs. */
  readonly milliseconds: number;
  /** Median of the paired ratios to the first program. */
  readonly ratio: number;
  /** The same of the time on a processor: waiting for the cloud and for other programs is not in it. */
  readonly cpuRatio: number;
  readonly peakMiB: number;
  readonly runs: readonly Cost[];
}

/**
 * Runs all programs in turn, round after round, and compares each with the first one of the same round: what else the
 * machine does then touches both alike. The first round warms the file cache and is not counted.
 */
export async function comparePrograms(
  programs: readonly [Program, ...Program[]],
  rounds: number,
): Promise<readonly Measured[]> {
  const costs = programs.map((): Cost[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, program] of programs.entries()) {
      const cost = await runNode(program.args(round), program.environment);
      if (round > 0) costs[index]?.push(cost);
    }
  }
  const [base = []] = costs;
  return programs.map(({ name }, index) => {
    const runs = costs[index] ?? [];
    return {
      name,
      runs,
      milliseconds: median(runs.map(({ milliseconds }) => milliseconds)),
      ratio: median(runs.map(({ milliseconds }, round) => milliseconds / (base[round]?.milliseconds ?? Number.NaN))),
      cpuRatio: median(
        runs.map(({ cpuMilliseconds }, round) => cpuMilliseconds / (base[round]?.cpuMilliseconds ?? Number.NaN)),
      ),
      peakMiB: median(runs.map(({ peakMiB }) => peakMiB)),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper = Number.NaN, lower = upper] = [sorted[middle], sorted[middle - 1]];
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2;
}
