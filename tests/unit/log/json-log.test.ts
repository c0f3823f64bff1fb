import fc from "fast-check";
import { jsonLog } from "../../../shared/log/json-log.ts";
import type { LogFields, LogLevel } from "../../../shared/log/log.ts";

const clock = { now: () => new Date("2026-11-23T10:00:00Z"), sleep: async () => undefined };

const written = (level: LogLevel = "debug", always: LogFields = {}) => {
  const lines: string[] = [];
  return { lines, log: jsonLog({ clock, level, write: (line) => lines.push(line), always }) };
};

/** What JSON.parse must give back: fields that are undefined are left out. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("a line of the log", () => {
  it("is one JSON object with time, level, event and message first", () => {
    const { lines, log } = written("info", { requestId: "r-1" });
    log("warn", "object.ignored", "a.txt is ignored.", { key: "a.txt", reason: "it is text" });
    expect(lines).toEqual([
      '{"time":"2026-11-23T10:00:00.000Z","level":"warn","event":"object.ignored","message":"a.txt is ignored.","requestId":"r-1","key":"a.txt","reason":"it is text"}',
    ]);
  });

  it.each<[LogLevel, readonly LogLevel[]]>([
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
  ])("is written from level %s on: %j", (lowest, expected) => {
    const { lines, log } = written(lowest);
    for (const level of ["debug", "info", "warn", "error"] as const) log(level, "tick.summary", "A tick.");
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(expected);
  });

  it("cannot be forged or broken by any text that it carries", () => {
    const dangerous = fc.constantFrom(
      "\n",
      "\r\n",
      '"',
      "\\",
      "\u2028",
      "\u2029",
      "\u0085",
      "\u001b[2J",
      "\u202e",
      "\u0000",
      '{"event":"x"}',
      "\ud800",
      "镜",
      "\ufeff",
      "\u009b",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(dangerous, { maxLength: 10 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, text, fc.dictionary(text, text), (message, key, more) => {
        const { lines, log } = written("debug", { requestId: "r-1" });
        log("info", "object.ignored", message, { ...more, key });
        expect(lines).toHaveLength(1);
        const [line = ""] = lines;
        // Whatever viewers take for a line end or act on is escaped.
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/);
        const expected = {
          time: clock.now(),
          level: "info",
          event: "object.ignored",
          message,
          requestId: "r-1",
          ...more,
          key,
        };
        expect(JSON.parse(line)).toEqual(asJson(expected));
      }),
      { numRuns: 1000 },
    );
  });

  it("stays JSON, whole and below the 32 KB at which Function Compute cuts lines, whatever it is given", () => {
    const long = fc.tuple(
      fc.constantFrom("x", "镜", "\u2028", '"', "\\", "𝄞", "\u0001"),
      fc.integer({ min: 0, max: 40_000 }),
    );
    const longText = long.map(([unit, length]) => unit.repeat(length));
    const finding = fc.record({ code: fc.constant("a.b"), message: longText });
    const fields = fc.record(
      {
        key: longText,
        reason: longText,
        advice: longText,
        findings: fc.array(finding, { maxLength: 12 }),
        problems: fc.array(longText, { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(longText, fields, (message, more) => {
        const { lines, log } = written("debug", { requestId: "r-1" });
        log("error", "image.rejected", message, more as LogFields);
        const [line = ""] = lines;
        expect(Buffer.byteLength(line)).toBeLessThan(32 * 1024);
        expect(JSON.parse(line)).toMatchObject({ event: "image.rejected", level: "error", requestId: "r-1" });
      }),
      { numRuns: 60 },
    );
  });

  it("says when something was left out of it, and keeps the beginning of what is long", () => {
    const { lines, log } = written();
    const findings = Array.from({ length: 400 }, (_, index) => ({
      code: `finding.${index}`,
      message: "x".repeat(100),
    }));
    log("error", "image.rejected", "It was not imported.", { key: "web.raw", reason: "because", findings });
    const line = JSON.parse(lines[0] ?? "");
    expect(line).toMatchObject({ message: "It was not imported.", key: "web.raw", reason: "because", truncated: true });
    expect(line.findings.slice(0, 3)).toEqual(findings.slice(0, 3));
  });
});
