import colours from "picocolors";
import { wireParameters } from "../../shared/importing/import-request.ts";
import type { Finding } from "../../shared/inspection/report.ts";
import type { Attempt, JobRecord } from "../../shared/ledger/job.ts";
import { printable } from "../../shared/manifest/source-tree.ts";
import { displayWidth, padded } from "../terminal-text.ts";
import type { JobStory, Story } from "./run-explain.ts";

type Colours = ReturnType<typeof colours.createColors>;

/** The story of one object for a person to read, from the top down. */
export function storyText(story: Story, colour: boolean): string {
  const c = colours.createColors(colour);
  const { bucket, key, object, jobs, forecast, partOf, onlyWatched } = printableIn(story);
  const lines = [
    c.bold(`oss://${bucket}/${key}`),
    object
      ? `  ${object.size} bytes, uploaded ${object.uploadedAt}, ETag ${object.etag}`
      : "  There is no such object now.",
    ...(partOf ? [`  Part of the import of ${partOf}.`] : []),
    ...jobs.flatMap((job) => ["", ...jobLines(job, c)]),
  ];
  if (forecast) {
    const { decision, reason, imageName, findings } = forecast;
    lines.push(
      "",
      `No import of this version is known. ${onlyWatched === undefined ? "The function" : "A replay"} would ${c.bold(decision)} it${imageName ? ` as ${imageName}` : ""}: ${reason}`,
      ...findingLines(findings),
    );
    if (onlyWatched !== undefined)
      lines.push("", `It was never seen: the functions watch only keys that begin with ${onlyWatched} (IMAGE_PREFIX).`);
    if (decision !== "ignore") lines.push("", `To have that done now: oss-image-import replay oss://${bucket}/${key}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The same value with every text in it fit for a terminal: the colours that come later are ours alone. */
function printableIn<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => (typeof part === "string" ? printable(part) : part));
}

function jobLines(job: JobStory, c: Colours): readonly string[] {
  const latest = job.records.at(-1);
  const version = job.isPresentVersion ? "the present version" : `version ${latest?.subject.etag}`;
  return [
    `${c.bold(`Job ${job.jobId}`)}, ${version}: ${c.bold(job.state)}`,
    ...(latest
      ? [`  ${latest.uploadedAt}  ${"uploaded".padEnd(10)} ${latest.subject.key}, ETag ${latest.subject.etag}`]
      : []),
    ...job.records.map((record) => `  ${record.at}  ${record.state.padEnd(10)} ${recordText(record)}`.trimEnd()),
    ...attemptsOf(job.records).flatMap((attempt) => ["", ...attemptLines(attempt, c)]),
    ...findingLines(latest?.findings ?? []),
    "",
    `  Where it stands   ${job.stands}${job.task ? ` Now: ${job.task}.` : ""}`,
    `  What moves it     ${job.moves}`,
  ];
}

function recordText({ state, attempt, code, reason, requestId, result, tries }: JobRecord): string {
  const parts = [
    state === "claimed" && attempt ? `attempt ${attempt.number} as ${attempt.request.ImageName}` : "",
    state === "submitted" && attempt ? `image ${attempt.imageId}, task ${attempt.taskId ?? "unknown"}` : "",
    result ? `${result.imageId} after ${result.seconds} seconds` : "",
    code ?? "",
    reason ?? "",
    tries ? `try ${tries}` : "",
    requestId ? `request ${requestId}` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** Wider ones do not move the column beside them. */
const longestValue = 48;

/** Each attempt once, as it was last written. */
export function attemptsOf(records: readonly JobRecord[]): readonly Attempt[] {
  const byToken = new Map<string, Attempt>();
  for (const { attempt } of records) if (attempt) byToken.set(attempt.token, attempt);
  return [...byToken.values()];
}

function attemptLines({ number, request, provenance, token }: Attempt, c: Colours): readonly string[] {
  const parameters = Object.entries(wireParameters(request));
  const nameWidth = Math.max(...parameters.map(([name]) => name.length));
  const valueWidth = Math.max(
    ...parameters.map(([, value]) => displayWidth(value)).filter((width) => width <= longestValue),
  );
  return [
    `  Attempt ${number} asked ImportImage for (ClientToken ${token}):`,
    ...parameters.map(([name, value]) => {
      const place = provenance?.[name];
      const said = place ? `${padded(value, valueWidth)}${c.dim(`  ← ${place}`)}` : value;
      return `    ${name.padEnd(nameWidth)}  ${said}`;
    }),
  ];
}

const findingLines = (findings: readonly Finding[]): readonly string[] =>
  findings.length === 0
    ? []
    : [
        "",
        "  Findings",
        ...findings.map(({ severity, code, message, fix }) => `    ${severity} ${code}: ${message} → ${fix}`),
      ];
