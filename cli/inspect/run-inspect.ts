import { objectReader } from "../../shared/importing/object-reader.ts";
import { shellQuoted } from "../../shared/importing/shell-quoted.ts";
import { type InspectionStage, inspectImage } from "../../shared/inspection/inspect-image.ts";
import type { InspectionReport } from "../../shared/inspection/report.ts";
import { openFile } from "../../shared/inspection/source/file-reader.ts";
import { addressWithoutSecrets, openUrl } from "../../shared/inspection/source/http-reader.ts";
import type { RangeReader } from "../../shared/inspection/source/range-reader.ts";
import { printableJson } from "../../shared/log/printable-json.ts";
import { type ConnectionOptions, connectionFrom, openCloud, parseOssUrl } from "../connection.ts";
import { troubleOf } from "../ops/operator.ts";
import { type ExitCode, exitCodes, type Output, Unasked } from "../outcome.ts";
import { inspectionPage } from "./inspection-page.ts";

export interface InspectCommand extends ConnectionOptions {
  readonly depth: "header" | "full";
  readonly json: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Opens a file, a URL or an object for range reads. Throws Unasked when it cannot be read at all. */
export async function openTarget(
  target: string,
  options: ConnectionOptions,
  environment: Environment,
): Promise<RangeReader> {
  try {
    const object = parseOssUrl(target);
    if (object) {
      const { objects } = await openCloud(connectionFrom(options, environment));
      const facts = await objects.stat(object);
      if (!facts) throw new Unasked(`There is no object ${target}.`);
      return objectReader(objects, object, facts);
    }
    if (isHttp(target)) return await openUrl(target);
    if (!isLocal(target)) throw new Unasked(`${target} is neither a file, nor http(s)://…, nor oss://bucket/key.`);
    return await openFile(target);
  } catch (error) {
    throw asUnasked(target, error);
  }
}

function asUnasked(target: string, error: unknown): Unasked {
  if (error instanceof Unasked) return error;
  const trouble = troubleOf(error);
  const shown = isHttp(target) ? addressWithoutSecrets(target) : target;
  return new Unasked(
    trouble.startsWith(shown) ? `${trouble.replace(/\.$/, "")}.` : `${shown} cannot be read: ${trouble}`,
  );
}

const stages: Readonly<Record<InspectionStage, string>> = {
  container: "reading the header",
  completeness: "checking that it is complete",
  guest: "looking inside",
};

/** Inspects with a line of progress on slow sources, shown on a terminal only. */
export async function inspectTarget(
  target: string,
  options: InspectCommand,
  environment: Environment,
  output: Output,
): Promise<InspectionReport> {
  const reader = await openTarget(target, options, environment);
  let stage: InspectionStage = "container";
  const started = performance.now();
  const shown = output.isTerminal && !options.json;
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - started) / 1000);
    if (shown && seconds >= 1) process.stderr.write(`\r\u001b[2K${stages[stage]} … ${seconds} s`);
  }, 250);
  try {
    return await inspectImage(reader, {
      depth: options.depth,
      onProgress: (now) => {
        stage = now;
      },
    });
  } catch (error) {
    throw asUnasked(target, error);
  } finally {
    clearInterval(timer);
    if (shown) process.stderr.write("\r\u001b[2K");
    await reader.close?.();
  }
}

export async function runInspect(
  target: string,
  options: InspectCommand,
  environment: Environment,
  output: Output,
): Promise<ExitCode> {
  const report = await inspectTarget(target, options, environment, output);
  output.out(
    options.json
      ? `${printableJson(report, 2)}\n`
      : inspectionPage(isLocal(target) ? withFileName(report, target) : report, {
          colour: output.takesColours,
          columns: output.columns,
          lookedInside: options.depth === "full",
        }),
  );
  return report.importable ? exitCodes.good : exitCodes.no;
}

const isHttp = (target: string): boolean => /^https?:\/\//i.test(target);

const isLocal = (target: string): boolean => !/^[a-z]+:\/\//i.test(target);

/** Commands in fixes name FILE; on the machine where the file lies they can be pasted. Not within an option of qemu's. */
const withFileName = (report: InspectionReport, file: string): InspectionReport => ({
  ...report,
  findings: report.findings.map((finding) => ({
    ...finding,
    fix: finding.fix.replaceAll(/(?<!=)\bFILE\b/g, () => shellQuoted(file)),
  })),
});
