import colours from "picocolors";
import { counted } from "../../shared/importing/counted.ts";
import type { Attempt, JobRecord } from "../../shared/ledger/job.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import { bytesText } from "../bytes-text.ts";
import type { Decision } from "../decision.ts";
import { findingLines } from "../inspect/finding-lines.ts";
import { pastedAddress } from "../pasted-address.ts";
import { requestLines } from "../request-lines.ts";
import { beside, wrapped } from "../terminal-text.ts";
import type { JobStory, Story } from "./run-explain.ts";

type Colours = ReturnType<typeof colours.createColors>;

/** The story of one object for a person to read, from the top down. */
export function storyText(
  story: Story,
  { colour, width }: { readonly colour: boolean; readonly width: number },
): string {
  const c = colours.createColors(colour);
  const { bucket, key, object, jobs, forecast, refusal, partOf, onlyWatched } = printableIn(story);
  const lines = [
    c.bold(`oss://${bucket}/${key}`),
    ...wrapped(
      object
        ? `${sizeText(object.size)}, uploaded ${object.uploadedAt}, ETag ${object.etag}`
        : "There is no such object now.",
      width - 2,
    ).map((line) => `  ${line}`),
    ...(partOf ? [`  Part of the import of ${partOf}.`] : []),
    ...jobs.flatMap((job) => ["", ...jobLines(job, width, c)]),
  ];
  if (refusal)
    lines.push(
      "",
      ...wrapped("As its manifests are now, it would not be imported again:", width),
      ...decisionLines(refusal, width, c),
    );
  if (forecast) {
    const { decision, imageName } = forecast;
    const who = onlyWatched === undefined ? "The function" : "A replay";
    const isTold = forecast.problems !== undefined || (decision === "reject" && forecast.findings.length > 0);
    const what = `would ${decision === "wait" ? "let it wait" : `${decision} it`}${imageName ? ` as ${imageName}` : ""}${isTold ? ":" : `: ${forecast.reason}`}`;
    lines.push(
      "",
      ...wrapped(`No import of this version is known. ${who} ${what}`, width),
      ...decisionLines(forecast, width, c),
    );
    if (onlyWatched !== undefined)
      lines.push(
        "",
        ...wrapped(
          `It was never seen: the functions watch only keys that begin with ${onlyWatched} (IMAGE_PREFIX).`,
          width,
        ),
      );
    if (decision !== "ignore")
      lines.push(
        "",
        decision === "reject" ? "Once that is mended:" : "To have that done now:",
        `      oss-image-import replay ${pastedAddress(story)}`,
      );
  }
  return `${lines.join("\n")}\n`;
}

/** As people read it, and to the byte, to be compared with the original's. */
const sizeText = (size: number): string => (size < 1024 ? counted(size, "byte") : `${bytesText(size)} (${size} bytes)`);

/** What is wrong, with its place or its fix. */
const decisionLines = ({ problems = [], findings }: Decision, width: number, c: Colours): readonly string[] => [
  ...problems.flatMap(({ file, line, column, message, hint }) => [
    `  ${c.red(`${file}:${line}:${column}`)}`,
    ...wrapped(hint === undefined ? message : `${message} ${hint}`, width - 6).map((text) => `      ${text}`),
  ]),
  ...findings.flatMap((finding) => findingLines(finding, width, c)),
];

/** The same value with every text in it fit for a terminal: the colours that come later are ours alone. */
function printableIn<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => (typeof part === "string" ? printable(part) : part));
}

function jobLines(job: JobStory, width: number, c: Colours): readonly string[] {
  const latest = job.records.at(-1);
  const etag = latest?.subject.etag;
  const version = job.isPresentVersion
    ? "the present version"
    : etag === ""
      ? "a set without its system disk"
      : `version ${etag}`;
  const step = (at: string, state: string, text: string): readonly string[] =>
    beside(`  ${at}  ${state.padEnd(10)} `, text, width).map((line) => line.trimEnd());
  const findings = latest?.findings ?? [];
  const [words = "", command] = job.moves.split(/ (?=oss-image-import (?:replay|cancel) )/);
  return [
    ...headLines(`Job ${job.jobId}`, version, job.state, width, c),
    ...(latest && etag !== "" ? step(latest.uploadedAt, "uploaded", `${latest.subject.key}, ETag ${etag}`) : []),
    ...job.records.flatMap((record) => step(record.at, record.state, recordText(record))),
    ...attemptsOf(job.records).flatMap((attempt) => ["", ...attemptLines(attempt, width, c)]),
    ...(findings.length > 0 ? ["", ...findings.flatMap((finding) => findingLines(finding, width, c))] : []),
    "",
    ...beside("  Where it stands   ", `${job.stands}${job.task ? ` Now: ${job.task}.` : ""}`, width),
    ...beside("  What moves it     ", words, width),
    // On a line of its own, whole, to be copied.
    ...(command === undefined ? [] : [`      ${command}`]),
  ];
}

/** On two lines where one is too narrow: an ETag is as long as the job's id. */
function headLines(name: string, version: string, state: string, width: number, c: Colours): readonly string[] {
  const isNarrow = `${name}, ${version}: ${state}`.length > width;
  return isNarrow
    ? [`${c.bold(name)},`, `  ${version}: ${c.bold(state)}`]
    : [`${c.bold(name)}, ${version}: ${c.bold(state)}`];
}

function recordText({ state, attempt, code, reason, requestId, result, tries }: JobRecord): string {
  const parts = [
    state === "claimed" && attempt ? `attempt ${attempt.number} as ${attempt.request.ImageName}` : "",
    state === "submitted" && attempt ? `image ${attempt.imageId}, task ${attempt.taskId ?? "unknown"}` : "",
    result ? `${result.imageId} after ${result.seconds} ${result.seconds === 1 ? "second" : "seconds"}` : "",
    code ?? "",
    reason?.replace(/\.$/, "") ?? "",
    tries ? `try ${tries}` : "",
    requestId ? `request ${requestId}` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** Each attempt once, as it was last written. */
export function attemptsOf(records: readonly JobRecord[]): readonly Attempt[] {
  const byToken = new Map<string, Attempt>();
  for (const { attempt } of records) if (attempt) byToken.set(attempt.token, attempt);
  return [...byToken.values()];
}

const attemptLines = (
  { number, request, provenance = {}, token }: Attempt,
  width: number,
  { dim }: Colours,
): readonly string[] => [
  `  Attempt ${number} asked ImportImage for:`,
  ...requestLines({ ...request, ClientToken: token }, provenance, { indent: 4, width, dim }),
];
