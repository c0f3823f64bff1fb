// docs/errors.md: the catalogue of ECS's errors, as the functions judge them.
import { loadTypeScript } from "./load-typescript.mjs";

const chapters = [
  {
    class: "permanent",
    title: "The manifest or the object must change",
    text: "The import has failed (`import.failed`). It is not tried again by itself: correct the manifest or upload the image again.",
  },
  {
    class: "account",
    title: "The account must change",
    text: "The import is parked (`import.parked`) and tried again after 1, 2, 4 … 60 minutes for 14 days. Once the account is mended it goes on by itself; `oss-image-import replay` makes it go on at once.",
  },
  {
    class: "transient",
    title: "It passes",
    text: "The call is repeated within the same invocation, and after that by the next delivery or tick. Nothing is to be done.",
  },
  {
    class: "success",
    title: "No fault at all",
    text: "ImportImage answers a dry run of a good request with an error, under one of two names.",
  },
];

const introduction = `# Errors of ImportImage

What ECS answers when it does not begin an import, why, and what to do about it. \`errorCode\`, \`reason\` and \`advice\` of
a log line and of a status file come from these tables; \`reason\` ends with ECS's own words.

An unknown code is judged by its kind: no readable answer and a status of 500 or more pass, and so does anything that is
called throttling; every other refusal is treated like one that needs the account to change.

What an import fails with after it has begun is not published by ECS; see \`reason\` and \`advice\` of \`import.failed\`.
What the inspection finds in an image is described in [inspection.md](inspection.md).`;

export async function errorsPage() {
  const { errorCatalogue } = await loadTypeScript("shared/importing/error-catalogue.ts");
  const parts = [introduction];
  for (const { class: kind, title, text } of chapters) {
    const rows = errorCatalogue
      .filter((entry) => entry.class === kind)
      .sort((a, b) => (a.code < b.code ? -1 : 1))
      .map(({ code, status, reason, advice }) => `| \`${code}\` | ${status} | ${cell(reason)} | ${cell(advice)} |`);
    parts.push(
      `## ${title}`,
      text,
      ["| Code | Status | Why | What to do |", "| --- | --- | --- | --- |", ...rows].join("\n"),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

const cell = (text) => text.replaceAll("|", "\\|");
